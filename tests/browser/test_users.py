"""USR-01, USR-02, USR-03, USR-07, USR-08, ACC-11: the users of a school, in a real browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from cpoms_core.access.models import AlertGroupMember, ClassRestriction
from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.students.models import StaffMember
from cpoms_core.testing.schools import SchoolForTests


def fill(school: SchoolForTests) -> None:
    """Two members of staff without accounts, an open alert for the teacher, restricted tutor groups."""
    with school.app.transaction(school.id) as db:
        for surname, full_time in (("Abbott", True), ("Baker", False)):
            db.add(
                StaffMember(
                    school_id=school.id, mis_source="mis_sims", mis_id=surname, mis_hash="", title="Ms",
                    forename="Bea", surname=surname, email=f"{surname.lower()}@{school.slug}.example",
                    start_date=utc_now().date(), full_time=full_time,
                )
            )  # fmt: skip
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        assert db.query(AlertGroupMember).count()
    new = NewIncident(
        new_id(), school.students["aoife"], "A note.", [school.categories["Behaviour"]], utc_now(),
        alert_ids=[school.users["teacher"]],
    )  # fmt: skip
    with school.app.transaction(school.id) as db:
        record_incident(db, school.viewer("lead"), new)


def test_the_life_of_an_account(school: SchoolForTests, desk: Any) -> None:
    """USR-01, USR-02, USR-03: from the staff of the MIS to a user, found while one types, put into another
    group, deactivated while they work in another window, and taken back; each page looked at."""
    fill(school)
    lead = desk("lead")
    page = lead.open("/admin/users")
    lead.look("users")
    page.get_by_role("link", name="New user").click()
    lead.look("user-new")
    page.get_by_label("who work part time (1)").check()
    page.get_by_role("button", name="Change the list").click()
    box = page.get_by_role("combobox", name="Member of staff")
    box.fill("bak")
    page.get_by_role("option", name="Bea Baker").click()
    page.get_by_label("User group").select_option("Heads of year")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_text("The account is made, and a link")).to_be_visible()
    expect(page.get_by_role("heading", name="Bea Baker")).to_be_visible()
    lead.look("user-details")

    page = lead.open("/admin/users")
    page.get_by_label("Find a user").fill("tariq")
    expect(page.get_by_role("link", name="Lena Lead")).not_to_be_visible()
    page.get_by_role("link", name="Tariq Teacher", exact=True).click()
    page.get_by_role("link", name="Permissions").click()
    page.get_by_label("7A").check()
    page.get_by_label("Can view students who have no group").check()
    page.get_by_label("User group").select_option("Heads of year")
    lead.look("user-permissions")
    page.get_by_role("button", name="Save permissions").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("7A")).to_be_checked()

    teacher = desk("teacher")
    expect(teacher.open("/").get_by_role("link", name="Add incident").first).to_be_visible()
    page.get_by_role("link", name="Personal details").click()
    page.get_by_role("link", name="Deactivate this user").click()
    lead.look("user-deactivate")
    page.get_by_role("button", name="Deactivate Tariq Teacher").click()
    expect(page.get_by_text("The account is deactivated")).to_be_visible()
    expect(teacher.open("/").get_by_role("button", name="Log in")).to_be_visible()

    page.get_by_role("link", name="Deactivated users (1)").click()
    lead.look("users-deactivated")
    page.get_by_role("link", name="Reactivate Tariq Teacher").click()
    lead.look("user-reactivate")
    page.get_by_role("button", name="Reactivate Tariq Teacher").click()
    expect(page.get_by_text("The account is in use again.")).to_be_visible()


def test_the_alerts_and_keys_of_a_user(school: SchoolForTests, desk: Any) -> None:
    """USR-07, USR-08, ACC-11: chosen while one types, saved, taken off the dashboard after a warning; all
    keys removed after a tick."""
    fill(school)
    with school.app.transaction(school.id) as db:
        db.query(ClassRestriction).delete(synchronize_session=False)
    lead = desk("lead")
    page = lead.open(f"/admin/users/{school.users['teacher']}/alerts")
    page.get_by_label("Behaviour", exact=False).first.check()
    page.get_by_role("combobox", name="Students", exact=True).fill("aoif")
    page.get_by_role("option", name="Aoife O'Connor").click()
    page.get_by_role("combobox", name="Student groups").fill("8B")
    page.get_by_role("option", name="8B (tutor group)").click()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Automatic alerts").click()
    lead.look("user-alerts")
    page.get_by_role("button", name="Save alert preferences").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("button", name="Remove Aoife O'Connor (Year 7, 7A)")).to_be_visible()
    page.get_by_role("link", name="Remove dashboard alerts").click()
    lead.look("user-alerts-remove")
    page.get_by_role("button", name="Remove 1 alert").click()
    expect(page.get_by_text("The alerts are off the dashboard.")).to_be_visible()

    page = lead.open(f"/admin/users/{school.users['head']}/keys")
    lead.look("user-keys")
    page.get_by_role("button", name="Remove all keys").click()
    expect(page.get_by_role("alert").get_by_text("Tick that you have read")).to_be_visible()
    page.get_by_label("I confirm that I have read and understand this notice").check()
    page.get_by_role("button", name="Remove all keys").click()
    expect(page.get_by_text("All keys are removed.")).to_be_visible()


def test_the_other_pages_of_users(school: SchoolForTests, desk: Any) -> None:
    """USR-01, USR-05: by name with errors shown, and deleting a user group."""
    lead = desk("lead")
    page = lead.open("/admin/users/new/other")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_role("alert")).to_be_visible()
    lead.look("user-new-other")
    page = lead.open(f"/admin/groups/{school.groups['Teachers']}/delete")
    lead.look("group-delete")
