"""USR-02: deactivating users and taking them back."""

from __future__ import annotations

from typing import Any

import pytest

from cpoms_core.access.models import Account, LoginSession, Membership, ResetLink, User
from cpoms_core.access.sessions import hashed
from cpoms_core.admin.services.users import deactivate_user
from cpoms_core.alerts.models import Alert
from cpoms_core.application import Application
from cpoms_core.errors import Refused
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def tell(school: SchoolForTests, who: str) -> Any:
    """Records an incident by the teacher that alerts one user."""
    return add_incident(school, who="teacher", alert_ids=[school.users[who]]).id


def test_what_will_happen_is_said_first(school: SchoolForTests, web: Any, pages: Any, address: Any) -> None:
    """USR-02: sessions, open alerts, alert groups, what they wrote; looking at it changes nothing."""
    tell(school, "head")
    lead = web(school, "lead")
    text = pages.text(lead.get(address(school, "head", "/deactivate")))
    assert "in every tab" in text and "1 alert is open. It stays" in text
    assert "the alert group DSLs" in text and "under their name" in text
    assert web(school, "head").get("/").status_int == 200


def test_a_deactivated_users_sessions_end_at_once(
    school: SchoolForTests, web: Any, people: Any, audited: Any, address: Any
) -> None:
    """USR-02, ACC-12: the next request fails in every tab and on every device, restricted or elevated; what
    was typed cannot be sent; the password is no use any more."""
    first, second = web(school, "head"), web(school, "head", elevated=False)
    token = first.csrf()
    assert first.get("/").status_int == second.get("/").status_int == 200
    lead = web(school, "lead")
    page = lead.submit(address(school, "head", "/deactivate"), status=303).follow()
    assert "The account is deactivated" in page.text
    for tab in (first, second):
        assert tab.get("/").location.endswith("/login")
        assert tab.fetch("GET", "/session/token", expect_errors=True).status_int == 401
    posted = first.post("/incidents/add", {"csrf_token": token}, expect_errors=True)
    assert posted.status_int in (302, 403)
    with school.app.session(None, writes=False) as db:
        for tab in (first, second):
            assert db.get_one(LoginSession, hashed(tab.session)).ended_at is not None
    (entry,) = audited(school, "user.deactivated")
    assert entry.user_id == school.users["lead"] and entry.subjects == [str(school.users["head"])]
    assert lead.get("/").status_int == 200


def test_a_link_mailed_before_is_no_use(school: SchoolForTests, web: Any, people: Any, address: Any) -> None:
    """USR-02, ACC-01: not while they are deactivated, and not when they are back on the same day."""
    lead = web(school, "lead")
    lead.submit(address(school, "teacher", "/link"), status=303)
    account = people.user(school, school.users["teacher"])[1]

    def open_links() -> int:
        with school.app.session(None, writes=False) as db:
            return db.query(ResetLink).filter_by(account_id=account.id, used_at=None).count()

    assert open_links() == 1
    lead.submit(address(school, "teacher", "/deactivate"), status=303)
    assert open_links() == 0


def test_what_they_wrote_keeps_their_name(school: SchoolForTests, web: Any, address: Any) -> None:
    """USR-02: their incidents, their open alerts, and their places in alert groups stay; nobody can alert
    them any more."""
    about_head = tell(school, "head")
    incident_id = tell(school, "lead")
    lead = web(school, "lead")
    for who in ("teacher", "head"):
        lead.submit(address(school, who, "/deactivate"), status=303)
    assert "Tariq Teacher" in lead.get(f"/incidents/{incident_id}").follow().text
    with school.app.session(school.id, writes=False) as db:
        (alert,) = db.query(Alert).filter_by(incident_id=about_head).all()
        assert alert.read_at is None
    assert "Lena Lead" in lead.get("/admin/alert-groups").text
    assert "Hugo Head" not in lead.get("/admin/alert-groups").text
    assert "Hugo Head" not in lead.get("/incidents/add").text
    lead.submit(address(school, "head", "/reactivate"), back(school, "head", "Heads of year"), status=303)
    assert "Hugo Head, Lena Lead" in lead.get("/admin/alert-groups").text
    assert web(school, "head").get("/").status_int == 200


def back(school: SchoolForTests, who: str, group: str) -> dict[str, Any]:
    return {"email": school.emails[who], "group": str(school.groups[group])}


def test_nobody_deactivates_themselves(school: SchoolForTests, web: Any, pages: Any, address: Any) -> None:
    """USR-02: another administrator can."""
    lead = web(school, "lead")
    page = lead.submit(address(school, "lead", "/deactivate"), status=422)
    assert "You cannot deactivate your own account." in pages.text(page)
    assert lead.get("/admin").status_int == 200
    web(school, "admin").submit(address(school, "lead", "/deactivate"), status=303)
    assert lead.get("/admin").location.endswith("/login?next=%2Fadmin")


def test_the_last_administrator_with_a_key_stays(app: Application, school: SchoolForTests) -> None:
    """USR-02: nobody else could administer the school; one without a key does not count, nor does whoever
    acts, if their group has just lost the permission."""
    viewer = school.viewer("admin")
    with app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["admin"])).group_id = school.groups["Teachers"]
        db.get_one(User, (school.id, school.users["teacher"])).group_id = school.groups["Administrators"]
    with app.session(school.id, writes=True) as db, pytest.raises(Refused) as refused:
        deactivate_user(db, viewer, school.users["lead"])
    assert "Lena Lead is the only user with a key" in refused.value.message
    with app.session(school.id, writes=True) as db:
        deactivate_user(db, viewer, school.users["teacher"])  # they have no key: the school loses nobody


def test_reactivating_asks_for_address_and_group(
    school: SchoolForTests, web: Any, people: Any, audited: Any, pages: Any, address: Any
) -> None:
    """USR-02: with what they had filled in; the password and the keys are as they were; a link only where it
    is ticked."""
    lead = web(school, "lead")
    lead.submit(address(school, "head", "/deactivate"), status=303)
    assert lead.get(address(school, "head", "/deactivate"), status=303)
    form = pages.form(lead.get(address(school, "head", "/reactivate")))
    assert form["email"].value == school.emails["head"] and form["send_link"].checked
    assert form["group"].value == str(school.groups["Heads of year"])
    form["group"], form["email"], form["send_link"] = (
        str(school.groups["Teachers"]), f"new@{school.slug}.example", False
    )  # fmt: skip
    assert "in use again" in form.submit(status=303).follow().text
    user, account = people.user(school, school.users["head"])
    assert user.deactivated_at is None and user.group_id == school.groups["Teachers"]
    assert account.email == f"new@{school.slug}.example" and account.password_hash
    assert people.mails(school, user.id) == ["email-changed", "email-new"]
    (entry,) = audited(school, "user.reactivated")
    assert entry.details == {"link": False}
    assert web(school, "head").get("/").status_int == 200
    assert lead.get(address(school, "head", "/reactivate"), status=303).location.endswith(str(user.id))
    page = lead.submit(address(school, "head", "/reactivate"), back(school, "head", "Teachers"), status=422)
    assert "in use already" in pages.errors(page)


def test_a_refused_reactivation_changes_nothing(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, people: Any, pages: Any, address: Any
) -> None:
    """USR-02: an address that is somebody's, a group that is not there; what was typed is kept."""
    lead = web(school, "lead")
    lead.submit(address(school, "head", "/deactivate"), status=303)
    at = address(school, "head", "/reactivate")
    wrong = {**back(school, "head", "Teachers"), "email": school.emails["teacher"]}
    page = lead.submit(at, wrong, status=422)
    assert "Tariq Teacher has this" in pages.errors(page) and "Reactivate Hugo Head" in page.text
    bad_group = {"email": school.emails["head"], "group": str(other_school.groups["Teachers"])}
    assert lead.submit(at, bad_group, status=422).html.select_one("#group-error")
    user, account = people.user(school, school.users["head"])
    assert user.deactivated_at is not None and account.email == school.emails["head"]
    assert people.mails(school, user.id) == []


def test_an_account_of_several_schools_goes_on_elsewhere(
    school: SchoolForTests, web: Any, people: Any, pages: Any, address: Any
) -> None:
    """USR-02, ACC-03: it serves this school no more, and does again; its address is not the school's to
    change."""
    people.make_sso(school, "head")
    lead = web(school, "lead")
    assert "at their other schools" in pages.text(lead.get(address(school, "head", "/deactivate")))
    lead.submit(address(school, "head", "/deactivate"), status=303)
    account = people.user(school, school.users["head"])[1]

    def ended() -> Any:
        with school.app.session(None, writes=False) as db:
            return db.get_one(Membership, (account.id, school.id)).ended_at

    assert ended() is not None and account.disabled_at is None
    page = lead.get(address(school, "head", "/reactivate"))
    assert "email" not in pages.form(page).fields and "send_link" not in pages.form(page).fields
    posted = {**back(school, "head", "Heads of year"), "email": "else@x.example", "send_link": "y"}
    lead.submit(address(school, "head", "/reactivate"), posted, status=303)
    assert ended() is None
    assert people.user(school, school.users["head"])[1].email == school.emails["head"]
    assert people.mails(school, school.users["head"]) == []


def test_another_schools_sessions_of_that_account_go_on(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, people: Any, address: Any
) -> None:
    """USR-02, ACC-03: one account, a user at both; deactivated at one, logged in at the other."""
    people.make_sso(school, "head")
    account = people.user(school, school.users["head"])[1]
    with other_school.app.transaction(other_school.id) as db:
        user = db.get_one(User, (other_school.id, other_school.users["teacher"]))
        user.account_id = account.id
        db.add(Membership(account_id=account.id, school_id=other_school.id, user_id=user.id))
    here, there = web(school, "head"), web(other_school, "teacher")
    web(school, "lead").submit(address(school, "head", "/deactivate"), status=303)
    assert here.get("/").location.endswith("/login")
    assert there.get("/").status_int == 200
    with school.app.session(None, writes=False) as db:
        assert db.get_one(Membership, (account.id, other_school.id)).ended_at is None
        assert db.get_one(Account, account.id).disabled_at is None
