"""Parts in incidents, the whole school's chronology and the matching of students who were typed in."""

from __future__ import annotations

import datetime as dt
from typing import Any

from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import (
    Linked,
    NewAction,
    NewIncident,
    record_action,
    record_incident,
)
from cpoms_core.incidents.services.student_parts import plant_part
from cpoms_core.students.models import Student
from cpoms_core.students.typed_in import TypedStudent, add_typed_in
from cpoms_core.tenancy.starting import PARTS
from cpoms_core.testing.schools import SchoolForTests, add_student


def record(school: SchoolForTests, text: str, **changes: Any) -> Incident:
    values: dict[str, Any] = {
        "student_id": None,
        "text": text,
        "category_ids": [school.categories["Behaviour"], school.categories["Bullying"]],
        "occurred_at": utc_now(),
        **changes,
    }
    with school.app.transaction(school.id) as db:
        return record_incident(db, school.viewer("lead"), NewIncident(new_id(), **values))


def test_the_whole_schools_incidents_from_the_dashboard(school: SchoolForTests, desk: Any) -> None:
    """INC-02, INC-13: a link leads there; parents and actions are shown at a press, by mouse and keyboard."""
    incident = record(school, "A stranger at the gate.", linked=[Linked(school.students["chloe"])])
    with school.app.transaction(school.id) as db:
        new = NewAction(new_id(), incident.id, "Rang the police.", utc_now())
        record_action(db, school.viewer("lead"), new)
    lead = desk("lead")
    page = lead.open("/")
    lead.look("dashboard-with-whole-school")
    page.get_by_role("link", name="Incidents of the whole school").click()
    expect(page.get_by_role("heading", name="Whole school", level=1)).to_be_visible()
    lead.look("whole-school")
    parents = page.get_by_role("button", name="Toggle parent categories")
    expect(parents).to_have_attribute("aria-pressed", "false")
    margin = page.locator(".incident-margin")
    expect(margin.get_by_text("Behaviour")).to_be_hidden()
    parents.click()
    expect(parents).to_have_attribute("aria-pressed", "true")
    expect(margin.get_by_text("Behaviour")).to_be_visible()
    action = page.get_by_text("Rang the police.")
    expect(action).to_be_hidden()
    page.get_by_role("button", name="Show all actions").press("Enter")
    expect(action).to_be_visible()
    page.get_by_role("button", name="Hide all actions").press("Space")
    expect(action).to_be_hidden()
    page.get_by_text("1 action", exact=False).first.click()
    expect(action).to_be_visible()
    page.get_by_role("link", name="Filter").click()
    page.get_by_label("Words").fill("nothing like it")
    lead.look("whole-school-filter")
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_text("No incident matches.")).to_be_visible()
    lead.look("whole-school-nothing")


def test_parts_are_listed_given_and_shown(school: SchoolForTests, desk: Any) -> None:
    """INC-15: the school's own list, each student's own part on the form, and both on the record."""
    with school.app.transaction(school.id) as db:
        for name in PARTS:
            plant_part(db, name)
    admin = desk("admin")
    page = admin.open("/admin/incident-parts")
    page.get_by_label("New part").fill("Bystander")
    page.get_by_role("button", name="Add this part").press("Enter")
    expect(page.get_by_text("The part is at the end of the list.")).to_be_visible()
    expect(page.get_by_role("button", name="Up Harmed")).to_be_disabled()
    expect(page.get_by_role("button", name="Down Bystander")).to_be_disabled()
    page.get_by_role("button", name="Up Bystander").press("Enter")
    page.get_by_role("button", name="Disable Sibling").click()
    expect(page.get_by_text("Disabled: not offered on forms any more.")).to_be_visible()
    admin.look("incident-parts")
    page.get_by_label("New part").fill("bystander")
    page.get_by_role("button", name="Add this part").click()
    expect(page.get_by_role("link", name="There is already a part of this name.")).to_be_visible()
    admin.look("incident-parts-refused")

    lead = desk("lead")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    page.get_by_label("Their part in it").select_option("Harmed")
    page.get_by_role("textbox", name="Incident").fill("Pushed on the stairs.")
    page.get_by_label("Behaviour", exact=True).check()
    page.get_by_role("combobox", name="Linked students").press_sequentially("chl", delay=30)
    page.get_by_role("option", name="Chloë Martin-Smith").click()
    part = page.get_by_label("Part of Chloë Martin-Smith")
    expect(part).to_have_value("")
    expect(part.locator("option")).to_have_text(
        ["Not said", "Harmed", "Alleged to have harmed", "Witness", "Bystander"]
    )
    part.select_option("Bystander")
    lead.look("add-incident-with-parts")
    page.get_by_role("button", name="Add incident").last.click()
    facts = page.locator(".incident-facts")
    expect(facts).to_contain_text("Harmed")
    expect(facts).to_contain_text("Chloë Martin-Smith (Bystander)")
    page.get_by_role("link", name="Filter").click()
    expect(page.get_by_label("Their part in it")).to_be_visible()
    lead.look("chronology-with-parts")


def test_a_typed_in_student_is_matched(school: SchoolForTests, desk: Any) -> None:
    """INC-02: the likely children with the reason; the two records become one only after a tick."""
    born = dt.date(2015, 3, 4)
    with school.app.transaction(school.id) as db:
        viewer = school.viewer("teacher")
        typed = add_typed_in(db, viewer, TypedStudent("Oonagh", "Byrne", born)).id
        add_typed_in(db, viewer, TypedStudent("محمد", "علي"))
        child = add_student(db, "Oonágh", "Byrne", tutor="7A")
        db.get_one(Student, (school.id, child)).date_of_birth = born
        add_student(db, "Oonah", "Byrn", tutor="8B")
    record(school, "New here, and cries a lot.", student_id=typed)
    lead = desk("lead")
    page = lead.open("/admin/imports")
    page.get_by_role("link", name="2 students").click()
    lead.look("typed-in")
    mine = page.get_by_role("region", name="Oonagh Byrne")
    mine.get_by_label("Oonágh Byrne").check()
    mine.get_by_role("button", name="Same child as Oonagh Byrne").click()
    expect(mine.get_by_text("Tick that you have checked it")).to_be_visible()
    expect(mine.get_by_label("Oonágh Byrne")).to_be_checked()
    lead.look("typed-in-refused")
    mine.get_by_label("I have checked that it is the same child").check()
    mine.get_by_role("button", name="Same child as Oonagh Byrne").click()
    expect(page.get_by_text("Matched. Everything that was recorded")).to_be_visible()
    page.get_by_role("button", name="Not in the register (محمد علي)").click()
    expect(page.get_by_text("Nobody waits to be matched.")).to_be_visible()
    lead.look("typed-in-nobody")
    page = lead.open(f"/students/{child}/incidents")
    expect(page.get_by_text("New here, and cries a lot.")).to_be_visible()
