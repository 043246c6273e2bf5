"""Closing incidents as people do it: one with its outcome, in the margin, and all of a term at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from playwright.sync_api import expect

from cpoms_core.testing.schools import SchoolForTests


def test_one_is_closed_with_its_outcome_and_opened_again(
    school: SchoolForTests, desk: Any, record: Any, asking: Any
) -> None:
    """CAS-07: in the margin, with the keyboard; what is missing is said there; then its history."""
    record(school)
    lead = desk("lead")
    page = lead.open(f"/students/{school.students['aoife']}/incidents")
    margin = page.locator("#incident-1 .incident-margin")
    status = margin.locator("summary", has_text="Status:")
    status.focus()
    page.keyboard.press("Enter")
    button = margin.get_by_role("button", name="Change to Closed")
    button.click()
    expect(margin.get_by_text("Choose what came of it.")).to_be_visible()
    lead.look("cases-closing-asks", dark=True)
    margin.get_by_label("Outcome").select_option(label="Resolved")
    margin.get_by_label("Reason").fill("Spoke to both families.")
    button.click()
    expect(status).to_contain_text("Status: Closed, Resolved")
    expect(status).to_be_focused()
    status.click()
    margin.get_by_label("Reason").fill("It began again.")
    margin.get_by_role("button", name="Change to Active").click()
    expect(status).to_contain_text("Status: Active")
    page.locator("#incident-1").locator("summary", has_text="Options").click()
    page.get_by_role("link", name="History of its status").click()
    expect(page.get_by_text("Outcome: Resolved")).to_be_visible()
    lead.look("cases-history", dark=True)


def test_without_scripts_the_form_is_a_page(
    school: SchoolForTests, desk: Any, record: Any, asking: Any
) -> None:
    """CAS-07: the margin's form at an address of its own, also with what was missing."""
    incident = record(school)
    lead = desk("lead")
    page = lead.open(f"/cases/incidents/{incident.id}/status")
    expect(page.get_by_role("heading", level=1)).to_have_text("Close incident 1")
    lead.look("cases-status-page", dark=True)
    page.get_by_label("Reason").fill("Spoke to both families.")
    page.get_by_role("button", name="Change to Closed").click()
    expect(page.get_by_text("Choose what came of it.").first).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("Spoke to both families.")
    lead.look("cases-status-page-asks", dark=True)
    page.get_by_label("Outcome").select_option(label="Resolved")
    page.get_by_role("button", name="Change to Closed").click()
    expect(page.locator("#incident-1 .incident-margin")).to_contain_text("Status: Closed, Resolved")


def test_the_form_asks_behind_a_word(school: SchoolForTests, desk: Any, asking: Any) -> None:
    """CAS-07: on the Add incident form, also the restricted one."""
    teacher = desk("teacher")
    page = teacher.open(f"/incidents/add?student={school.students['aoife']}")
    page.get_by_role("textbox", name="Incident").fill("She was very quiet today.")
    page.get_by_label("Behaviour").check()
    expect(page.get_by_label("Outcome")).to_be_hidden()
    page.get_by_label("Status").select_option(label="Closed")
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("Choose what came of it.").last).to_be_visible()
    teacher.look("cases-form-asks", dark=True)
    page.get_by_label("Outcome").select_option(label="Handed on")
    page.get_by_label("Reason").fill("Given to the head of year.")
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()


def test_all_of_a_term_are_closed_at_once(
    school: SchoolForTests, desk: Any, record: Any, asking: Any
) -> None:
    """CAS-05: counted, asked again, closed; and the list of outcomes beside it."""
    for _ in range(2):
        record(school, at=dt.datetime(2026, 6, 10, 9, tzinfo=dt.UTC))
    admin = desk("admin")
    page = admin.open("/cases/bulk")
    admin.look("cases-bulk", dark=True)
    page.get_by_role("button", name="Count them").click()
    expect(page.get_by_role("alert")).to_contain_text("Give the first day.")
    page.get_by_label("From").fill("2026-06-01")
    page.get_by_label("To", exact=False).last.fill("2026-06-30")
    page.get_by_role("button", name="Count them").click()
    expect(page.get_by_text("2 active")).to_be_visible()
    page.get_by_label("Outcome").select_option(label="Resolved")
    page.get_by_label("Reason").fill("End of the school year.")
    page.get_by_role("button", name="Close 2 incidents").click()
    expect(page.get_by_text("Tick the box to close them.").first).to_be_visible()
    admin.look("cases-bulk-counted", dark=True)
    page.get_by_label("Close them.").check()
    page.get_by_role("button", name="Close 2 incidents").click()
    expect(page.get_by_text("2 closed")).to_be_visible()
    admin.look("cases-bulk-done", dark=True)
    admin.open("/cases/outcomes")
    admin.look("cases-outcomes", dark=True)
