"""The lead's walk through what was recorded: edit, two at once, history, delete and restore, add, merge,
split."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import Linked, NewAction, record_action
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def act(school: SchoolForTests, incident: Incident, text: str) -> Action:
    with school.app.transaction(school.id) as db:
        return record_action(db, school.viewer("lead"), NewAction(new_id(), incident.id, text, utc_now()))


def test_edit_with_a_conflict_in_two_tabs_and_the_history(school: SchoolForTests, desk: Any) -> None:
    """EDT-01, EDT-09: nothing is overwritten, and the history says what changed, word by word."""
    incident = add_incident(school, "She sat alone at lunch. She would not eat.")
    lead, head = desk("lead"), desk("head")
    page, other = lead.open(f"/students/{school.students['aoife']}/incidents"), head.page
    page.get_by_text("Options for incident 1").click()
    lead.look("options")
    page.get_by_role("link", name="Edit", exact=True).click()
    lead.look("edit")
    other.goto(head.address(f"/incidents/{incident.id}/edit"))
    other.get_by_role("textbox", name="Incident").fill("She sat alone at breakfast. She would not eat.")
    other.get_by_role("button", name="Save as a new version").click()
    expect(other.get_by_text("Changed, as a new version.")).to_be_visible()
    page.get_by_role("textbox", name="Incident").fill("She sat with Chloe at lunch. She would not eat.")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_role("heading", name="Hugo Head changed this while you were writing")).to_be_visible()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value(re.compile("with Chloe"))
    lead.look("edit-conflict")
    page.get_by_role("button", name="Save over the newest version").click()
    expect(page.get_by_text("Changed, as a new version.")).to_be_visible()
    page = lead.open(f"/incidents/{incident.id}/history")
    expect(page.get_by_role("heading", name="Version 3: Edited")).to_be_visible()
    expect(page.locator(".differing ins").first).to_be_visible()
    lead.look("history")
    page = lead.open(f"/incidents/{incident.id}/audit")
    expect(page.get_by_text("Edited an incident").first).to_be_visible()
    lead.look("incident-audit")


def test_delete_and_restore(school: SchoolForTests, desk: Any) -> None:
    """EDT-02."""
    incident = add_incident(school, "Recorded by mistake.")
    act(school, incident, "Rang home.")
    lead = desk("lead")
    page = lead.open(f"/incidents/{incident.id}/delete")
    lead.look("delete")
    page.get_by_role("button", name="Delete incident 1").click()
    expect(page.get_by_text("Say why it is deleted")).to_be_visible()
    page.get_by_label("Reason").fill("It was recorded twice.")
    page.get_by_role("button", name="Delete incident 1").click()
    marker = page.get_by_role("region", name="Deleted incident 1")
    expect(marker).to_contain_text("It was recorded twice.")
    lead.look("deleted-marker")
    marker.get_by_role("link", name="View history").click()
    expect(page.get_by_role("button", name="Restore it")).to_be_visible()
    lead.look("history-of-deleted")
    page.get_by_role("button", name="Restore it").click()
    expect(page.get_by_text("The incident is back")).to_be_visible()
    expect(page.get_by_text("Recorded by mistake.")).to_be_visible()


def test_what_happened_while_somebody_wrote_and_read(school: SchoolForTests, desk: Any) -> None:
    """EDT-01, EDT-02, INC-10: what changed is shown before it is deleted; who was editing what was deleted
    has their words back."""
    incident = add_incident(school, "She sat alone at lunch. She would not eat.")
    lead, head = desk("lead"), desk("head")
    page, other = lead.open(f"/incidents/{incident.id}/delete"), head.open(f"/incidents/{incident.id}/edit")
    other.get_by_role("textbox", name="Incident").fill("She sat alone at breakfast. He had hit her.")
    other.get_by_role("button", name="Save as a new version").click()
    expect(other.get_by_text("Changed, as a new version.")).to_be_visible()
    head.open(f"/incidents/{incident.id}/edit")
    typed = "He had hit her again.\nShe told me herself." * 3
    other.get_by_role("textbox", name="Incident").fill(typed)
    page.get_by_label("Reason").fill("Nothing in it.")
    page.get_by_role("button", name="Delete incident 1").click()
    expect(page.get_by_role("heading", name="Hugo Head changed this while you were reading")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("Nothing in it.")
    lead.look("delete-changed")
    page.get_by_role("button", name="Delete incident 1").click()
    expect(page.get_by_role("region", name="Deleted incident 1")).to_be_visible()
    other.get_by_role("button", name="Save as a new version").click()
    expect(other.get_by_text("was deleted by Lena Lead")).to_be_visible()
    expect(other.get_by_label("What you typed")).to_have_value(typed)
    head.look("no-longer")
    other.get_by_role("link", name="Its history, where it can be restored").click()
    expect(other.get_by_role("button", name="Restore it")).to_be_visible()


def test_alerts_and_students_are_added(school: SchoolForTests, desk: Any) -> None:
    """EDT-03: with the live sentence of who is told, and who could not normally see it in red."""
    incident = add_incident(school, "There were two of them.")
    lead = desk("lead")
    page = lead.open(f"/incidents/{incident.id}/add-to")
    page.get_by_role("combobox", name="Linked students").press_sequentially("chl", delay=30)
    page.get_by_role("option", name="Chloë Martin-Smith").click()
    page.get_by_label("Monitor Chloë Martin-Smith under the same categories").check()
    page.get_by_role("combobox", name="Alert staff").press_sequentially("Tariq", delay=30)
    page.get_by_role("listbox", name="Alert staff").get_by_role("option", name="Tariq Teacher").click()
    expect(page.get_by_text("Tariq Teacher cannot normally see this incident, because")).to_be_visible()
    lead.look("add-to")
    page.get_by_role("button", name="Add to the incident and alert 1 person").click()
    expect(page.get_by_text("Added.")).to_be_visible()


def test_merge_with_preview_and_split(school: SchoolForTests, desk: Any) -> None:
    """EDT-04, EDT-05, ACT-02."""
    incident = add_incident(school, "He told me the same.", student_id=school.students["björn"])
    into = add_incident(
        school,
        "The main report.",
        alert_ids=[school.users["teacher"]],
        linked=[Linked(school.students["chloe"])],
    )
    act(school, into, "Rang her mother.")
    lead = desk("lead")
    page = lead.open(f"/incidents/{incident.id}/merge")
    lead.look("merge-number")
    page.get_by_label("Number of the other incident").fill("2")
    page.get_by_role("button", name="Search and preview").click()
    expect(page.get_by_text("The students differ.")).to_be_visible()
    expect(page.get_by_text("Will newly read what incident 1 says:")).to_be_visible()
    lead.look("merge-preview")
    page.get_by_role("button", name="Merge 1 into 2").click()
    expect(page.get_by_text("Merged. It is an action of this incident now")).to_be_visible()
    action = page.locator("li.action", has_text="He told me the same.")
    expect(action).to_contain_text("It was incident 1 until it was merged")
    action.locator("summary", has_text="Options").click()
    lead.look("merged")
    page = lead.open(f"/students/{school.students['aoife']}/incidents?actions=open")
    row = page.locator("li.action", has_text="Rang her mother.")
    row.locator("summary", has_text="Options").click()
    row.get_by_role("link", name="Add to linked incidents").click()
    lead.look("add-to-linked")
    page.get_by_role("button", name="Add to linked incidents").click()
    expect(page.get_by_text("The action is on the linked students' records too.")).to_be_visible()
    page = lead.open(f"/students/{school.students['aoife']}/incidents?actions=open")
    action = page.locator("li.action", has_text="He told me the same.")
    action.locator("summary", has_text="Options").click()
    action.get_by_role("link", name="Split as incident").click()
    expect(page.get_by_text("No longer linked to it: Björn Ångström.")).to_be_visible()
    lead.look("split")
    page.get_by_role("button", name="Split as incident").click()
    expect(page.get_by_text("The action is an incident of its own now.")).to_be_visible()
    expect(page.get_by_text("He told me the same.")).to_be_visible()
