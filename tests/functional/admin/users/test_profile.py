"""USR-03, ACC-11: the tabs of a user's profile."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from cpoms_core.access.models import ClassAccess, ClassRestriction, ResetLink, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.keys.queries import HeldKey, held_keys
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.students.models import StudentGroup
from cpoms_core.testing.schools import PASSWORD, SchoolForTests

TABS = ["Personal details", "Permissions", "Alerts", "Security keys", "Audits", "Security log"]


def class_id(school: SchoolForTests, name: str) -> Any:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(StudentGroup.id).where(StudentGroup.name == name)).one()


def restrict(school: SchoolForTests, *kinds: str) -> None:
    with school.app.transaction(school.id) as db:
        db.add_all(ClassRestriction(school_id=school.id, kind=kind) for kind in kinds)


def listed(school: SchoolForTests, holder: Any) -> set[Any]:
    with school.app.session(school.id, writes=False) as db:
        query = select(ClassAccess.student_group_id).where(ClassAccess.holder_id == holder)
        return set(db.scalars(query))


def test_every_page_has_the_tabs(school: SchoolForTests, web: Any, address: Any) -> None:
    """USR-03: six of them, the open one marked; who it is stands above."""
    lead = web(school, "lead")
    for at, label in (("", TABS[0]), ("/permissions", TABS[1]), ("/alerts", TABS[2]), ("/keys", TABS[3])):
        page = lead.get(address(school, "head", at))
        links = page.html.select(".user-tabs a")
        assert [link.get_text(strip=True) for link in links] == TABS
        assert [link.get_text(strip=True) for link in links if link.get("aria-current")] == [label]
        assert page.html.h1.get_text(strip=True) == "Hugo Head"
        assert "Has a key" in page.text and "Heads of year" in page.text
        assert f"Hugo Head: {label}" in page.html.title.get_text()


def test_the_name_of_a_user_who_is_not_from_the_mis(
    school: SchoolForTests, web: Any, people: Any, pages: Any, audited: Any, address: Any
) -> None:
    """USR-03: can be changed, and is found by the new one; what they wrote has it, too."""
    lead, at = web(school, "lead"), address(school, "teacher")
    form = pages.form(lead.get(at))
    form["forename"], form["surname"] = " Tara ", "Núñez  Vega"
    assert "Saved." in form.submit(status=303).follow().text
    user, account = people.user(school, school.users["teacher"])
    assert user.name == "Tara Núñez Vega" and account.email == school.emails["teacher"]
    assert people.mails(school, user.id) == []
    assert "Tara Núñez Vega" in lead.submit("/admin/users", {"q": "nunez"}).text
    (entry,) = audited(school, "user.changed")
    assert entry.details == {"fields": ["name"]} and entry.subjects == [str(user.id)]
    form = pages.form(lead.get(at))
    form["surname"] = ""
    assert "Give the last name." in pages.errors(form.submit(status=422))
    assert pages.form(lead.get(at)).submit(status=303) and len(audited(school, "user.changed")) == 1


def test_the_name_of_the_mis_stays(school: SchoolForTests, web: Any, people: Any, pages: Any) -> None:
    """USR-03: it is shown and cannot be typed, by nobody."""
    staff_id = people.staff(school, "Abel", email="abel@x.example")
    lead = web(school, "lead")
    group = str(school.groups["Teachers"])
    at = lead.submit("/admin/users/new", {"staff": str(staff_id), "group": group}, status=303).location
    form = pages.form(lead.get(at))
    assert "surname" not in form.fields
    seen = form["seen"].value
    lead.submit(at, {"surname": "Else", "email": "abel@x.example", "seen": seen}, status=303)
    assert people.named(school, "Abel")


def test_another_address_is_mailed_to_both(
    school: SchoolForTests, web: Any, people: Any, pages: Any, audited: Any, address: Any
) -> None:
    """USR-03: the old address and the new one are told; sessions go on; a link that was mailed to the old one
    stops working; the person logs in with the new one. The outbox holds no address in clear."""
    teacher, lead, at = web(school, "teacher"), web(school, "lead"), address(school, "teacher")
    lead.submit(f"{at}/link", status=303)
    form = pages.form(lead.get(at))
    form["email"] = f"Tariq.New@{school.slug}.example"
    form.submit(status=303)
    assert teacher.get("/").status_int == 200
    user, account = people.user(school, school.users["teacher"])
    assert account.email == f"Tariq.New@{school.slug}.example"
    assert account.email_key == account.email.lower()
    assert people.mails(school, user.id) == ["reset-link", "email-changed", "email-new"]
    with school.app.session(school.id, writes=False) as db:
        assert db.query(ResetLink).filter_by(account_id=account.id, used_at=None).count() == 0
        payloads = str([item.payload for item in db.scalars(select(OutboxItem))])
    assert school.emails["teacher"] not in payloads and "Tariq.New" not in payloads
    (entry,) = audited(school, "user.changed")
    assert entry.details == {"fields": ["email"]}


def test_an_account_of_several_schools_keeps_its_address(
    school: SchoolForTests, web: Any, people: Any, pages: Any, address: Any
) -> None:
    """USR-03, ACC-03: it is shown; nothing here can change it, nor mail a link."""
    people.make_sso(school, "teacher")
    lead, at = web(school, "lead"), address(school, "teacher")
    page = lead.get(at)
    assert "email" not in pages.form(page).fields and "used at several schools" in pages.text(page)
    assert "Send password reset link" not in page.text
    fields = {
        "seen": pages.form(page)["seen"].value, "email": "x@x.example", "forename": "T", "surname": "T",
    }  # fmt: skip
    lead.submit(at, fields, status=303)
    assert people.user(school, school.users["teacher"])[1].email == school.emails["teacher"]
    assert "used at several schools" in lead.submit(f"{at}/link", status=422).text
    assert people.mails(school, school.users["teacher"]) == []


def test_a_link_to_set_a_password(
    school: SchoolForTests, web: Any, people: Any, audited: Any, address: Any
) -> None:
    """USR-03, ACC-01: mailed, written down with who did it, five an hour; not to a deactivated user."""
    lead, at = web(school, "lead"), address(school, "teacher", "/link")
    for _ in range(5):
        assert "a link" in lead.submit(at, status=303).follow().text.lower()
    assert "5 links were mailed" in lead.submit(at, status=422).text
    assert people.mails(school, school.users["teacher"]) == ["reset-link"] * 5
    entries = audited(school, "user.link-sent")
    assert len(entries) == 5 and entries[0].user_id == school.users["lead"]
    lead.submit(address(school, "colleague", "/deactivate"), status=303)
    page = lead.submit(address(school, "colleague", "/link"), status=422)
    assert "no link was sent" in page.text


def test_a_colleagues_change_is_not_overwritten(
    school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """USR-03: who saves a page that was changed meanwhile is told, and sees what is stored now."""
    lead, admin = web(school, "lead"), web(school, "admin")
    for rest, change, value in (("", "surname", "Other"), ("/permissions", "sees_ungrouped", True)):
        at = address(school, "teacher", rest)
        mine, theirs = pages.form(lead.get(at)), pages.form(admin.get(at))
        theirs[change] = value
        theirs.submit(status=303)
        refused = mine.submit(status=422)
        assert "Somebody else changed this user" in pages.errors(refused)
        assert pages.form(refused).submit(status=303)
        shown = pages.form(lead.get(at))[change]
        assert shown.checked if value is True else shown.value == value, rest


def test_the_user_group_counts_with_the_next_request(
    school: SchoolForTests, web: Any, people: Any, pages: Any, audited: Any, address: Any
) -> None:
    """USR-03: chosen from the list; what it permits is felt at once."""
    head, lead = web(school, "head"), web(school, "lead")
    head.get("/admin/groups", status=404)
    form = pages.form(lead.get(address(school, "head", "/permissions")))
    assert form["group"].value == str(school.groups["Heads of year"])
    form["group"] = str(school.groups["Administrators"])
    form.submit(status=303)
    assert head.get("/admin/groups").status_int == 200
    (entry,) = audited(school, "user.permissions-changed")
    assert entry.details == {
        "group": [str(school.groups["Heads of year"]), str(school.groups["Administrators"])]
    }
    assert set(entry.subjects) == {
        str(school.users["head"]), *entry.details["group"]
    }  # fmt: skip


def test_the_last_administrator_keeps_the_group(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """USR-02, USR-03: the same guard as for deactivating; who takes the administration from themselves while
    others have it lands on the dashboard."""
    lead = web(school, "lead")
    form = pages.form(lead.get(address(school, "lead", "/permissions")))
    form["group"] = str(school.groups["Teachers"])
    web(school, "admin").submit(address(school, "head", "/deactivate"), status=303)
    done = form.submit(status=303)
    assert done.location == f"http://{school.host}/?said=saved"
    lead.get("/admin", status=404)
    admin = web(school, "admin")
    form = pages.form(admin.get(address(school, "admin", "/permissions")))
    form["group"] = str(school.groups["Teachers"])
    assert "Ada Admin is the only user with a key" in pages.errors(form.submit(status=422))
    form["group"].force_value(str(other_school.groups["Teachers"]))
    assert form.submit(status=422).html.select_one("#group-error")
    assert admin.get("/admin").status_int == 200


def test_students_without_a_group(
    school: SchoolForTests, web: Any, people: Any, pages: Any, address: Any
) -> None:
    """USR-03: the tick lets a key holder see them."""
    lead, at = web(school, "lead"), address(school, "head", "/permissions")
    form = pages.form(lead.get(at))
    assert not form["sees_ungrouped"].checked
    form["sees_ungrouped"] = True
    form.submit(status=303)
    assert people.user(school, school.users["head"])[0].sees_ungrouped
    form = pages.form(lead.get(at))
    form["sees_ungrouped"] = False
    form.submit(status=303)
    assert not people.user(school, school.users["head"])[0].sees_ungrouped


def test_classes_of_the_kinds_that_are_restricted(
    school: SchoolForTests, web: Any, pages: Any, audited: Any, address: Any
) -> None:
    """USR-03, USR-09: the groups that list this user, for each kind with restrictions on; those that list
    the whole user group are named; rows of other kinds are left alone; felt by the next request."""
    lead, at = web(school, "lead"), address(school, "head", "/permissions")
    assert "everyone with a key sees every class" in pages.text(lead.get(at))
    a7, b8, year7 = class_id(school, "7A"), class_id(school, "8B"), class_id(school, "7")
    head = school.users["head"]
    restrict(school, "tutor")
    with school.app.transaction(school.id) as db:
        db.add_all(
            ClassAccess(school_id=school.id, student_group_id=one, holder_id=holder)
            for one, holder in ((year7, head), (b8, school.groups["Heads of year"]))
        )
    browser = web(school, "head")
    aoife = f"/students/{school.students['aoife']}/incidents"
    browser.get(aoife, status=404)
    page = lead.get(at)
    assert "Listed as a member of Heads of year: 8B." in pages.text(page)
    assert "Tutor groups they may see" in pages.text(page) and "Year groups they" not in pages.text(page)
    boxes = [box["value"] for box in page.html.select('input[name="classes"]')]
    assert boxes == [str(a7), str(b8)] and pages.ticked(page, "classes") == set()
    fields = {"seen": pages.form(page)["seen"].value, "group": str(school.groups["Heads of year"])}
    lead.submit(at, {**fields, "classes": [str(a7)]}, status=303)
    assert listed(school, head) == {a7, year7}
    assert browser.get(aoife).status_int == 200
    (entry,) = audited(school, "user.permissions-changed")
    assert entry.details == {"classes_given": [str(a7)]}
    page = lead.get(at)
    assert pages.ticked(page, "classes") == {str(a7)}
    fields["seen"] = pages.form(page)["seen"].value
    lead.submit(at, fields, status=303)
    assert listed(school, head) == {year7}
    browser.get(aoife, status=404)


@pytest.mark.parametrize("what", ["unknown", "theirs", "unrestricted"])
def test_only_classes_that_are_offered(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, pages: Any, address: Any, what: str
) -> None:
    """USR-09: neither another school's nor those of a kind without restrictions."""
    restrict(school, "tutor")
    bad = {
        "unknown": school.users["head"],
        "theirs": class_id(other_school, "7A"),
        "unrestricted": class_id(school, "7"),
    }[what]
    lead, at = web(school, "lead"), address(school, "head", "/permissions")
    fields = {"seen": pages.form(lead.get(at))["seen"].value, "group": str(school.groups["Heads of year"])}
    page = lead.submit(at, {**fields, "classes": [str(bad)]}, status=422)
    assert "a class that the school does not have" in pages.errors(page)
    assert listed(school, school.users["head"]) == set()


def test_all_keys_of_a_user_are_removed_after_a_tick(
    school: SchoolForTests, web: Any, people: Any, pages: Any, audited: Any, address: Any
) -> None:
    """ACC-11: the list of keys; without the tick nothing; then their elevated session is a restricted one
    with its next request, and they are told."""
    lead, head, at = web(school, "lead"), web(school, "head"), address(school, "head", "/keys")
    assert head.get(f"/students/{school.students['aoife']}/incidents").status_int == 200
    page = lead.get(at)
    assert "Phone" in pages.text(page) and "Authenticator" in pages.text(page)
    assert "I confirm that I have read and understand this notice" in pages.text(page)
    refused = pages.form(page).submit(status=422)
    assert refused.html.select_one("#understood-error")
    form = pages.form(lead.get(at))
    form["understood"] = True
    assert "All keys are removed." in form.submit(status=303).follow().text
    assert head.get("/").status_int == 200
    head.get(f"/students/{school.students['aoife']}/incidents", status=404)
    assert "There is no key yet." in lead.get(at).text
    assert people.mails(school, school.users["head"]) == ["keys-removed"]
    (entry,) = audited(school, "key.all-removed")
    assert entry.user_id == school.users["lead"]


def test_the_last_administrator_keeps_their_keys(
    school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """ACC-11: without them nobody could administer the school; the operator's command can."""
    lead = web(school, "lead")
    lead.submit(address(school, "admin", "/keys"), {"understood": "y"}, status=303)
    page = lead.submit(address(school, "lead", "/keys"), {"understood": "y"}, status=422)
    assert "Lena Lead is the only user with a key" in pages.errors(page)
    assert lead.get("/admin").status_int == 200


def test_keys_of_an_account_of_several_schools_stay(
    school: SchoolForTests, web: Any, people: Any, pages: Any, address: Any
) -> None:
    """ACC-03, ACC-11: no one school can take away what the others rely on."""
    people.make_sso(school, "head")
    lead, at = web(school, "lead"), address(school, "head", "/keys")
    page = lead.get(at)
    assert "Remove all keys" not in page.text and "several schools share" in pages.text(page)
    assert lead.submit(at, {"understood": "y"}, status=422)
    assert "Phone" in lead.get(at).text


def test_the_pages_cost_the_same_for_many_rows(
    school: SchoolForTests, web: Any, statements: Any, address: Any
) -> None:
    """USR-03: fixed numbers of statements, whatever the number of classes and users."""
    restrict(school, "tutor", "year")
    lead = web(school, "lead")
    paths = [address(school, "head", rest) for rest in ("", "/permissions", "/alerts", "/keys")]
    for path in paths:
        lead.get(path)
    few = [statements(lambda path=path: lead.get(path)) for path in paths]
    with school.app.transaction(school.id) as db:
        for number in range(40):
            group = StudentGroup(school_id=school.id, kind="tutor", name=f"9{number}")
            db.add(group)
            db.flush()
            db.add(
                ClassAccess(school_id=school.id, student_group_id=group.id, holder_id=school.users["head"])
            )
        assert db.get(User, (school.id, school.users["head"]))
    assert [statements(lambda path=path: lead.get(path)) for path in paths] == few
    assert max(few) <= 24, few


def test_removing_keys_asks_for_the_password_again(
    school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """ASVS V7.5.3: after a while, a screen that an administrator left is not enough to take keys away."""
    lead, at = web(school, "lead"), address(school, "head", "/keys")
    with time_machine.travel(utc_now(), tick=True) as clock:
        for _ in range(3):  # in use all the time, so that it does not lock by itself
            clock.shift(dt.timedelta(minutes=8))
            lead.get("/")
        form = pages.form(lead.get(at))
        form["understood"] = True
        locked = form.submit(status=302).follow()
        assert "give your password again" in pages.text(locked)
        assert len(held(school, "head")) == 1
        form = pages.form(locked)
        form["password"] = PASSWORD
        form = pages.form(form.submit(status=302).follow())
        form["understood"] = True
        assert "All keys are removed." in form.submit(status=303).follow().text
    assert held(school, "head") == []


def held(school: SchoolForTests, who: str) -> list[HeldKey]:
    with school.app.session(school.id, writes=False) as db:
        return held_keys(db, db.get_one(User, (school.id, school.users[who])).account_id)
