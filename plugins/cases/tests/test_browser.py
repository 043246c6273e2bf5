"""Cases, as people meet it: on the form, in the margin, on the dashboard."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from cpoms_core.testing.schools import SchoolForTests


def test_an_incident_is_assigned_and_closed_in_place(school: SchoolForTests, desk: Any) -> None:
    """CAS-01, CAS-03: chosen on the form, changed in the margin with the keyboard, gone from My assigned."""
    lead = desk("lead")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    page.get_by_role("textbox", name="Incident").fill("She was very quiet today.")
    page.get_by_label("Behaviour").check()
    expect(page.get_by_label("Status")).to_have_value("active")
    page.get_by_label("Assign to").select_option(label="Lena Lead")
    lead.look("cases-form")
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()

    margin = page.locator("#incident-1 .incident-margin")
    assigned = margin.locator("summary", has_text="Assigned to:")
    expect(assigned).to_contain_text("Assigned to: Lena Lead")
    lead.look("cases-margin")
    assigned.focus()
    page.keyboard.press("Enter")
    choice = margin.get_by_label("Assign incident 1 to")
    expect(choice.locator("option")).to_have_text(["Nobody", "Hugo Head", "Lena Lead"])
    expect(choice).to_have_value(str(school.users["lead"]))
    lead.look("cases-margin-choosing")
    choice.select_option(label="Hugo Head")
    margin.get_by_role("button", name="Assign", exact=True).click()
    expect(assigned).to_contain_text("Assigned to: Hugo Head")
    expect(assigned).to_be_focused()

    head = desk("head")
    page = head.open("/")
    head.look("cases-dashboard")
    page.get_by_role("link", name="Incident 1", exact=True).click()
    status = page.locator("#incident-1 summary", has_text="Status:")
    status.click()
    head.look("cases-margin-closing")
    page.get_by_role("button", name="Change to Closed").click()
    expect(status).to_contain_text("Status: Closed")
    expect(status).to_be_focused()
    page = head.open("/")
    expect(page.get_by_text("No active incident is assigned to you.")).to_be_visible()
    assert head.wrong == []


def test_without_a_key_it_is_read_only(school: SchoolForTests, desk: Any) -> None:
    """CAS-01, DSH-06: the teacher's form and the lead's restricted dashboard."""
    teacher = desk("teacher")
    page = teacher.open(f"/incidents/add?student={school.students['aoife']}")
    page.get_by_role("textbox", name="Incident").fill("She was very quiet today.")
    page.get_by_label("Child Protection").check()
    page.get_by_label("Assign to").select_option(label="Hugo Head")
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("Hugo Head could not see an incident in these categories.").first).to_be_visible()
    teacher.look("cases-form-refused")
    page.get_by_label("Assign to").select_option(label="Lena Lead")
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()

    lead = desk("lead", elevated=False)
    page = lead.open("/")
    expect(page.get_by_text("Elevate your access to open these incidents.")).to_be_visible()
    lead.look("cases-dashboard-restricted")
    lead = desk("lead")
    incident = lead.open("/").get_by_role("link", name="Incident 1", exact=True).get_attribute("href")
    page = lead.open(incident.replace(incident.rsplit("/", 1)[0], "/cases/incidents") + "/assignee")
    lead.look("cases-assign-page")
    page.get_by_label("Assign incident 1 to").select_option(label="Nobody")
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_text("Assigned to: Nobody")).to_be_visible()
