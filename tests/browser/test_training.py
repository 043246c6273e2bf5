"""Training mode as a lead runs it (TRN-01): switched on, practised, a real concern rescued, ended."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import NewAction, NewIncident, record_action, record_incident
from cpoms_core.testing.schools import SchoolForTests

REAL = "She has a bruise on her left arm and would not say how it came about."


def practise(school: SchoolForTests) -> None:
    """Two exercises, one of them with an action, and a real concern between them."""
    with school.app.transaction(school.id) as db:
        for who, text in (("teacher", "Pretend: a quarrel in the yard. " * 9), ("colleague", REAL)):
            new = NewIncident(
                new_id(),
                school.students["aoife"],
                text,
                [school.categories["Behaviour"], school.categories["Medical"]],
                utc_now(),
                alert_ids=[school.users["lead"]],
            )
            incident = record_incident(db, school.viewer(who), new)
        practice = NewAction(new_id(), incident.id, "Pretend: rang home.", utc_now())
        record_action(db, school.viewer("lead"), practice)


def test_a_training_afternoon(school: SchoolForTests, desk: Any) -> None:
    """TRN-01: the banner, the marks, the list by mouse and keyboard, a wrong name, the end."""
    lead = desk("lead")
    page = lead.open("/admin/settings")
    page.get_by_role("button", name="Enable training mode").click()
    expect(page.get_by_role("complementary", name="Training mode")).to_be_visible()
    expect(page.get_by_text("Nothing is marked.")).to_be_visible()
    lead.look("training-begun")
    practise(school)

    lead.open("/")
    expect(page.locator(".training-mark")).to_have_count(3)  # two alerts and the own action
    lead.look("training-dashboard")
    lead.open(f"/students/{school.students['aoife']}/incidents")
    page.locator(".incident-actions > summary").click()
    expect(page.locator(".training-mark:visible")).to_have_count(3)
    lead.look("training-chronology")

    teacher = desk("teacher")
    teacher.open("/").get_by_role("link", name=re.compile("What this means")).click()
    expect(teacher.page.get_by_role("heading", name="Training mode")).to_be_visible()

    page.get_by_role("link", name=re.compile("What this means")).click()
    ticks = page.get_by_role("checkbox", name=re.compile("^Remove"))
    expect(ticks).to_have_count(3)
    for tick in ticks.all():
        expect(tick).to_be_checked()
    lead.look("training-list")
    real = page.locator(".training-rows > li", has_text=REAL).get_by_role("checkbox")
    real.focus()
    page.keyboard.press("Space")
    page.get_by_label("Full name of the school").fill("Some school")
    page.get_by_role("button", name="Disable training mode").click()
    expect(page.get_by_role("alert")).to_contain_text("Type the full name of the school")
    expect(real).not_to_be_checked()
    lead.look("training-wrong-name")
    page.get_by_label("Full name of the school").fill(school.viewer("lead").school.name)
    page.get_by_role("button", name="Disable training mode").click()
    expect(page.get_by_text("Training mode is off. What was ticked is removed")).to_be_visible()
    expect(page.get_by_role("complementary", name="Training mode")).to_have_count(0)
    lead.look("training-off")

    lead.open(f"/students/{school.students['aoife']}/incidents")
    expect(page.get_by_text(REAL)).to_be_visible()
    expect(page.locator(".training-mark")).to_have_count(0)
    expect(page.get_by_text("Removed as training")).to_have_count(2)
    lead.look("training-over")
    page.get_by_role("button", name=re.compile("Restore the deleted incident")).click()
    expect(page.get_by_text("The incident is back")).to_be_visible()
    expect(page.locator(".training-mark")).to_have_count(0)
