"""USR-01, USR-11: new users."""

from __future__ import annotations

from typing import Any

import pytest

from cpoms_core.access.models import User
from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browsing import csrf_of
from cpoms_core.testing.schools import SchoolForTests

NEW, OTHER = "/admin/users/new", "/admin/users/new/other"


def offered(page: Any) -> list[str]:
    return [option.get_text() for option in page.html.select("#staff option")][1:]


def fields(school: SchoolForTests, **more: Any) -> dict[str, Any]:
    return {"group": str(school.groups["Teachers"]), **more}


def test_full_time_staff_who_have_started_are_offered(school: SchoolForTests, web: Any, people: Any) -> None:
    """USR-01: staff of the MIS without an account, with a current start date and full time; filters show the
    others and say what is unusual about each. Who the MIS says nothing about is offered."""
    people.staff(school, "Abel", email="abel@mis.example")
    people.staff(school, "Baker", start=None, full_time=None)
    people.staff(school, "Carter", full_time=False)
    people.staff(school, "Draper", start=30)
    people.staff(school, "Fletcher", end=-3)
    people.staff(school, "Gardner", left=True, full_time=False)
    lead = web(school, "lead")
    assert offered(lead.get(NEW)) == ["Sam Abel (abel@mis.example)", "Sam Baker"]
    filters = " ".join(lead.get(NEW).html.select_one(".user-filters").get_text(" ").split())
    assert "who work part time (2)" in filters and "who start later (1)" in filters
    assert "who have left (2)" in filters
    assert "Sam Carter (part time)" in offered(lead.get(f"{NEW}?also=part-time"))
    later = offered(lead.get(f"{NEW}?also=later&also=nonsense"))
    assert len(later) == 3 and later[2].startswith("Sam Draper (starts ")
    everyone = offered(lead.get(f"{NEW}?also=later&also=left&also=part-time"))
    assert "Sam Gardner (has left, part time)" in everyone and len(everyone) == 6


def test_a_member_of_staff_becomes_a_user(
    school: SchoolForTests, web: Any, people: Any, pages: Any, audited: Any
) -> None:
    """USR-01: with the name of the MIS, its address unless another is typed, a user group, and a mail with a
    link; then they are offered no more."""
    staff_id = people.staff(school, "O'Brien", forename="Síle", email="sile@mis.example")
    lead = web(school, "lead")
    done = lead.submit(NEW, fields(school, staff=str(staff_id), email="", send_link="y"), status=303)
    page = done.follow()
    assert "a link to set a password is mailed" in pages.text(page)
    user, account = people.user(school, people.named(school, "O'Brien").id)
    assert (user.name, account.email, user.staff_mis_source) == (
        "Síle O'Brien", "sile@mis.example", "mis_sims"
    )  # fmt: skip
    assert user.group_id == school.groups["Teachers"] and account.password_hash is None
    assert people.mails(school, user.id) == ["reset-link"]
    (entry,) = audited(school, "user.added")
    assert entry.subjects[0] == str(user.id) and entry.details == {"from_mis": True, "link": True}
    assert offered(lead.get(NEW)) == []
    again = lead.submit(NEW, fields(school, staff=str(staff_id), email="else@x.example"), status=422)
    assert "Síle O'Brien has an account already." in pages.errors(again)


def test_the_same_id_of_another_mis_is_another_person(school: SchoolForTests, web: Any, people: Any) -> None:
    """USR-01: a school that changed its MIS has two people with one number."""
    first = people.staff(school, "First", mis_id="17", email="a@x.example")
    people.staff(school, "Second", mis_id="17", source="mis_arbor")
    lead = web(school, "lead")
    lead.submit(NEW, fields(school, staff=str(first)), status=303)
    assert offered(lead.get(NEW)) == ["Sam Second"]


def test_without_the_tick_nothing_is_mailed(
    school: SchoolForTests, web: Any, people: Any, pages: Any
) -> None:
    """USR-01: the tick is set at first; taken out, no mail goes."""
    lead = web(school, "lead")
    form = pages.form(lead.get(OTHER))
    assert form["send_link"].checked
    form["forename"], form["surname"], form["email"] = "Gwen", "Governor", "gwen@gov.example"
    form["group"], form["send_link"] = str(school.groups["Teachers"]), False
    assert "No mail was sent" in form.submit(status=303).follow().text
    user = people.named(school, "Governor")
    assert people.mails(school, user.id) == [] and user.staff_mis_id is None


def test_a_deactivated_member_of_staff_leads_to_reactivation(
    school: SchoolForTests, web: Any, people: Any, pages: Any
) -> None:
    """USR-01, USR-02: says so, with the way to it; no second account is made."""
    staff_id = people.staff(school, "Back", email="back@mis.example")
    lead = web(school, "lead")
    lead.submit(NEW, fields(school, staff=str(staff_id)), status=303)
    user = people.named(school, "Back")
    lead.submit(f"/admin/users/{user.id}/deactivate", status=303)
    assert offered(lead.get(NEW)) == ["Sam Back (back@mis.example, account deactivated)"]
    refused = lead.submit(NEW, fields(school, staff=str(staff_id)), status=422)
    assert "which was deactivated" in pages.errors(refused)
    assert refused.html.select_one(f'main a[href="/admin/users/{user.id}/reactivate"]')


def test_what_is_missing_is_said_beside_its_field(
    school: SchoolForTests, web: Any, people: Any, pages: Any
) -> None:
    """USR-01: all of it at once, and what was typed is kept."""
    people.staff(school, "Abel")
    lead = web(school, "lead")
    empty = lead.submit(NEW, {"email": "kept@x.example"}, status=422)
    assert empty.html.select_one("#staff-error") and 'value="kept@x.example"' in empty.text
    assert lead.submit(NEW, {"staff": "me"}, status=422).html.select_one("#staff-error")
    page = lead.submit(OTHER, {"forename": "G"}, status=422)
    said = pages.errors(page)
    assert all(words in said for words in ("the last name", "the e-mail address", "a user group"))
    page = lead.submit(OTHER, fields(school, forename="G", email="a@x.example"), status=422)
    assert "Give the last name." in page.html.select_one("#surname-error").get_text()
    page = lead.submit(OTHER, fields(school, surname="G", email=""), status=422)
    assert page.html.select_one("#email-error")


def test_the_address_of_another_user_is_refused(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, people: Any, pages: Any
) -> None:
    """USR-01: plainly, whoever has it: a user, one with an account of several schools, one who is
    deactivated. Another school's addresses are free."""
    people.make_sso(school, "head")
    lead = web(school, "lead")

    def refused(email: str) -> str:
        return pages.errors(lead.submit(OTHER, fields(school, surname="New", email=email), status=422))

    assert "Tariq Teacher has this e-mail address already." in refused(school.emails["teacher"].upper())
    assert "Hugo Head has this e-mail address already." in refused(school.emails["head"])
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["teacher"])).deactivated_at = utc_now()
    assert "Reactivate that account" in refused(school.emails["teacher"])
    lead.submit(OTHER, fields(school, surname="New", email=other_school.emails["teacher"]), status=303)


def test_listed_domains_only(school: SchoolForTests, web: Any, pages: Any, people: Any) -> None:
    """USR-11: counts for new and changed addresses; a domain does not stand for those below it, nor for
    those that only end like it; the setting is tidied, and what is no domain is refused."""
    lead = web(school, "lead")
    with school.app.transaction(school.id) as db:
        change_setting(db, "email_domains", "@School.Example;\n bücher.example, school.example")
    assert school.viewer("lead").school.setting("email_domains") == "school.example, xn--bcher-kva.example"
    for bad in ("a@evil-school.example", "a@mail.school.example", "a@school.example.org", "a@x.example"):
        page = lead.submit(OTHER, fields(school, surname="New", email=bad), status=422)
        assert "@school.example or @xn--bcher-kva.example" in pages.errors(page)
    for number, good in enumerate(("a@SCHOOL.example", "b@bücher.example", "c@xn--bcher-kva.example")):
        lead.submit(OTHER, fields(school, surname=f"New{number}", email=good), status=303)
    own = lead.get(f"/admin/users/{school.users['teacher']}")
    assert pages.form(own).submit(status=303), "an address that stays is not asked about"
    form = pages.form(own)
    form["email"] = "tariq@x.example"
    assert "allow only" in pages.errors(form.submit(status=422))
    for bad in ("not a domain!", "a@b@c", "-x.example", "x..example", "a@school.example"):
        page = pages.form(lead.get("/admin/settings"))
        page["email_domains"] = bad
        assert "is not a domain" in page.submit(status=422).text, bad


@pytest.mark.parametrize(
    "email",
    [
        "nobody", "@x.example", "a@", "a b@x.example", "a@b@x.example", "a@x..example", "a,b@x.example",
        "a@x.example\r\nBcc: b@x.example", "a@x.example, b@x.example", "<a@x.example>", "a..b@x.example",
        "a@-x.example", f"{'a' * 65}@x.example", f"a@{'b' * 64}.example", f"a@{'b.' * 150}example",
        "a@x.example\u2028b", "a@x.exam\u202eple", "zoë@x.example", "מנהל@x.example", "a＠x.example",
        "a@straße.example", "x" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(
    school: SchoolForTests, web: Any, pages: Any, people: Any, email: str
) -> None:
    """USR-01: header injection, letters that no mail server takes, and domains that could be two: each is
    refused in words beside the field, and nothing is made."""
    lead = web(school, "lead")
    page = lead.submit(OTHER, fields(school, surname="New", email=email), status=422)
    assert page.html.select_one("#email-error").get_text(strip=True)
    assert len(lead.get("/admin/users").html.select("#users-list > li")) == 5


def test_letters_of_a_domain_may_be_written_out(school: SchoolForTests, web: Any, people: Any) -> None:
    """USR-01: kept as mail servers know it, found as people write it, also to log in."""
    lead = web(school, "lead")
    lead.submit(OTHER, fields(school, surname="New", email="a@Bücher.example"), status=303)
    assert people.user(school, people.named(school, "New").id)[1].email == "a@xn--bcher-kva.example"
    page = lead.submit(OTHER, fields(school, surname="Second", email="A@BÜCHER.EXAMPLE"), status=422)
    assert page.html.select_one("#email-error")
    nobody = web(school)
    nobody.submit("/forgotten", {"email": "a@bücher.example"}, status=302)
    assert people.mails(school, people.named(school, "New").id) == ["reset-link"]


def test_hostile_names(school: SchoolForTests, web: Any, people: Any, pages: Any) -> None:
    """USR-01: line breaks become spaces, what cannot be seen is refused, length is bounded, NUL is no input;
    names of any script are kept, joiners and all."""
    lead = web(school, "lead")

    def add(surname: str, status: int) -> Any:
        email = f"a{new_id().hex}@x.example"
        return lead.submit(OTHER, fields(school, surname=surname, email=email), status=status)

    add("Eve\r\nBcc: all@x.example", 303)
    assert people.named(school, "Eve Bcc: all@x.example")
    for bad in ("Ann\u202eeve", "Ann\u200f", "\ufeffAnn", "Ann\u0007"):
        assert "nobody can see" in pages.errors(add(bad, 422)), repr(bad)
    assert "at most 100" in pages.errors(add("x" * 1_000, 422))
    add("Ann\0", 400)
    for good in (
        "Ng",
        "محمد",
        "می\u200cخواهم",
        "李",
        "d'Ångström-Łuk",
        "<script>alert(1)</script>",
        "x" * 100,
    ):
        add(good, 303)
        assert people.named(school, good)
    page = lead.get("/admin/users")
    assert "<script>alert" not in page.text and "&lt;script&gt;alert" in page.text


def test_hidden_characters_of_the_mis_are_left_out(school: SchoolForTests, web: Any, people: Any) -> None:
    """USR-01: nobody at the school could put them right on this form."""
    staff_id = people.staff(school, "Ann\u202eeve", email="ann@mis.example")
    web(school, "lead").submit(NEW, fields(school, staff=str(staff_id)), status=303)
    assert people.named(school, "Anneve")


def test_what_another_school_has_cannot_be_used(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, people: Any
) -> None:
    """USR-01: neither its staff nor its user groups."""
    theirs = people.staff(other_school, "Theirs", email="t@x.example")
    people.staff(school, "Ours")
    lead = web(school, "lead")
    assert "Theirs" not in lead.get(NEW).text
    lead.submit(NEW, fields(school, staff=str(theirs)), status=422)
    wrong = {"group": str(other_school.groups["Teachers"]), "surname": "New", "email": "n@x.example"}
    assert lead.submit(OTHER, wrong, status=422).html.select_one("#group-error")


def test_the_form_keeps_its_token(school: SchoolForTests, web: Any) -> None:
    """USR-01: no account is made for a page of somebody else's."""
    lead = web(school, "lead")
    assert csrf_of(lead.get(OTHER))
    lead.post(OTHER, fields(school, surname="New", email="n@x.example"), status=403)
