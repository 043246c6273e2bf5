"""The planner as people meet it: with the keyboard, on both widths, light and dark (PLN-01..06)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from cpoms_planner.services import Typed
from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.testing.schools import SchoolForTests


def today(school: SchoolForTests) -> dt.date:
    return school.viewer("lead").local(utc_now()).date()


def test_the_month_and_the_day_are_read_by_colour_sign_and_word(
    school: SchoolForTests, make: Callable[..., Any], desk: Any
) -> None:
    """PLN-01: own, shared and public events, today marked, the key at the bottom left; axe at both widths."""
    day = today(school)
    share = [school.users["lead"]]
    make("lead", Typed("Case review", day, dt.time(9), ends=dt.time(10, 30)))
    make("head", Typed("Attendance meeting", day, dt.time(11), share_ids=share))
    make("head", Typed("Inspection week", day, days=2, public=True))
    make("lead", Typed("Register check", day.replace(day=1), dt.time(8, 35), repeats="weekly", times=8))
    lead = desk("lead")
    page = lead.open("/planner/month")
    expect(page.get_by_role("columnheader").first).to_have_text("MonMonday")
    expect(page.locator("td.plan-today")).to_have_count(1)
    expect(page.locator(".plan-key")).to_contain_text("Shared with you")
    lead.look("planner-month", dark=True)
    page.locator("td.plan-today .plan-date").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("today")
    expect(page.get_by_text("09:00 to 10:30 Case review")).to_be_visible()
    lead.look("planner-day", dark=True)
    page.get_by_role("link", name="Month", exact=True).click()
    page.get_by_role("link", name="On to ").click()
    expect(page.locator("td.plan-today:not(.plan-out)")).to_have_count(0)


def test_an_event_is_made_with_the_keyboard_and_opened(school: SchoolForTests, desk: Any) -> None:
    """PLN-02, PLN-03: a student found by type-ahead, a colleague, a reminder; then the student's report."""
    lead = desk("lead")
    page = lead.open("/planner/new?day=2030-03-04")
    page.get_by_label("Title").fill("Case review")
    page.get_by_label("Begins").fill("09:00")
    page.get_by_label("Ends").fill("10:00")
    students = page.get_by_role("combobox", name="Students")
    students.focus()
    page.keyboard.type("Aoi")
    expect(page.get_by_role("option", name="Aoife O'Connor")).to_be_visible()
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Share with").focus()
    page.keyboard.type("Hug")
    page.keyboard.press("Enter")
    page.get_by_label("Reminder").select_option(label="1 day before")
    lead.look("planner-new", dark=True)
    page.get_by_role("button", name="Add event").press("Enter")
    expect(page.get_by_role("heading", name="Case review")).to_be_visible()
    expect(page.get_by_text("Monday 4 March 2030, 09:00 to 10:00")).to_be_visible()
    expect(page.get_by_text("Hugo Head")).to_be_visible()
    lead.look("planner-event", dark=True)
    page.get_by_role("link", name="Report on Aoife O'Connor").click()
    expect(page).to_have_url(lead.address(f"/students/{school.students['aoife']}/report"))


def test_what_is_wrong_is_said_beside_the_field(desk: Any) -> None:
    """PLN-02: everything at once, with what was typed."""
    lead = desk("lead")
    page = lead.open("/planner/new")
    page.get_by_label("Repeats").select_option(label="Every week")
    page.get_by_role("button", name="Add event").click()
    expect(page.get_by_role("alert")).to_contain_text("Say what it is.")
    page.get_by_label("Title").fill("Register check")
    page.get_by_role("button", name="Add event").click()
    expect(page.get_by_role("alert")).to_contain_text("Give the time when it begins, or tick All day.")
    expect(page.get_by_role("alert")).to_contain_text("Say until which day it repeats, or how many times.")
    expect(page.get_by_label("Title")).to_have_value("Register check")
    lead.look("planner-new-refused")


def test_remind_me_from_the_top_bar(school: SchoolForTests, desk: Any) -> None:
    """PLN-05: the tool beside Hide names; what and when."""
    lead = desk("lead")
    page = lead.open("/")
    lead.look("planner-tool", dark=True)
    page.get_by_role("link", name="Remind me").press("Enter")
    page.get_by_label("What", exact=False).first.fill("Ring the nurse")
    page.get_by_label("When", exact=False).fill("2031-05-06T07:08")
    lead.look("planner-remind", dark=True)
    page.get_by_role("button", name="Remind me then").press("Enter")
    expect(page.get_by_text("Tuesday 6 May 2031, 07:08")).to_be_visible()


def test_a_reminder_is_on_the_dashboard_until_it_is_done(
    school: SchoolForTests, make: Callable[..., Any], worker: Any, desk: Any
) -> None:
    """PLN-04: with Done, by keyboard; a series, its forms and the feed's page look right, too."""
    now = utc_now()
    begun = school.viewer("lead").local(now - dt.timedelta(hours=2))
    typed = Typed("Ring the nurse", begun.date(), begun.time().replace(second=0, microsecond=0), reminder="0")
    made = make("lead", typed, now=now - dt.timedelta(days=1))
    series = make("lead", Typed("Register check", dt.date(2030, 3, 4), repeats="weekly", times=5))
    worker.run(now)
    lead = desk("lead")
    page = lead.open("/")
    expect(page.get_by_role("heading", name="Reminders 1")).to_be_visible()
    lead.look("planner-dashboard", dark=True)
    page.get_by_role("button", name="Done with Ring the nurse").press("Enter")
    expect(page.get_by_role("heading", name="Alerts")).to_be_visible()
    expect(page.get_by_text("Ring the nurse")).to_have_count(0)
    lead.open(f"/planner/events/{made}/remove")
    lead.look("planner-remove")
    lead.open(f"/planner/events/{series}?on=2030-03-11")
    lead.look("planner-series", dark=True)
    page.get_by_role("link", name="This and the later ones").click()
    lead.look("planner-edit-series")
    lead.open(f"/planner/events/{series}?on=2030-03-11")
    page.get_by_role("link", name="Remove").click()
    page.get_by_label("This one only").check()
    lead.look("planner-remove-series")
    page.get_by_role("button", name="Remove", exact=True).click()
    lead.open(f"/planner/events/{made}/remove")
    page.get_by_role("button", name="Remove", exact=True).click()
    lead.open(f"/planner/events/{made}")
    expect(page.get_by_text("This event is removed.")).to_be_visible()
    lead.look("planner-removed")
    page = lead.open("/planner/feed")
    page.get_by_role("button", name="Make an address").click()
    assert page.get_by_label("Address").input_value().endswith(".ics")
    lead.look("planner-feed", dark=True)


def test_add_to_planner_is_a_fold_of_the_form(school: SchoolForTests, desk: Any) -> None:
    """PLN-05: opened with the keyboard on Add incident; the incident is recorded with its reminder."""
    lead = desk("lead")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    page.get_by_role("textbox", name="Incident").fill("She was very quiet today.")
    page.get_by_label("Behaviour").check()
    expect(page.get_by_label("Remind me on")).to_be_hidden()
    page.locator("summary", has_text="Add to planner").press("Enter")
    page.get_by_label("Remind me on").fill("2031-05-06T07:08")
    lead.look("planner-fold", dark=True)
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    page = lead.open("/planner/day/2031-05-06")
    page.get_by_role("link", name="07:08 Incident 1").press("Enter")
    page.get_by_role("link", name="Incident 1", exact=True).click()
    page.locator("summary", has_text="Options").first.click()
    expect(page.get_by_role("link", name="Add to planner").first).to_be_visible()
    lead.look("planner-options")
