"""STU-06, STU-08, STU-09, STU-10 in a real browser: attendance, audit report, monitoring history, updating a
class at once; at both widths, by keyboard, looked at by axe."""

from __future__ import annotations

import datetime as dt
from typing import Any

from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.services import raw_entry, write_entries
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.students.models import AttendanceMark
from cpoms_core.students.monitoring_changes import Wish, update_monitoring
from cpoms_core.testing.schools import SchoolForTests, add_student

CODES = ["/", "/", "/", "/", "L", "B", "I", "I", "N", "O", "/", "/", "M", "/", "U", "#", "/", "/", "-", "/"]


def a_term(school: SchoolForTests) -> None:
    """Marks of every school day of a term, a morning's and an afternoon's."""
    days = [dt.date(2025, 9, 3) + dt.timedelta(days=number) for number in range(75)]
    rows = [
        {
            "school_id": school.id,
            "student_id": school.students["aoife"],
            "date": day,
            "session": half,
            "code": "\\" if half == "PM" and code == "/" else code,
        }
        for day in days
        if day.weekday() < 5
        for half, code in (
            ("AM", CODES[day.toordinal() % len(CODES)]),
            ("PM", CODES[(day.toordinal() // 2) % len(CODES)]),
        )
    ]
    with school.app.transaction(school.id) as db:
        insert_rows(db, AttendanceMark, rows)


def years_of_monitoring(school: SchoolForTests) -> None:
    """On and off two categories for years, and on a third through an incident."""
    lead, ids = school.viewer("lead"), [school.students["aoife"]]
    with school.app.transaction(school.id) as db:
        for name, deed, day in (
            ("Behaviour", "add", dt.date(2021, 9, 14)),
            ("Behaviour", "remove", dt.date(2022, 3, 1)),
            ("Medical", "add", dt.date(2022, 1, 10)),
            ("Behaviour", "add", dt.date(2023, 5, 2)),
            ("Behaviour", "remove", dt.date(2024, 11, 20)),
            ("Bullying", "add", dt.date(2024, 6, 3)),
        ):
            update_monitoring(db, lead, ids, Wish(deed, school.categories[name], day))  # type: ignore[arg-type]
        categories = [school.categories["Child Protection"]]
        record_incident(db, lead, NewIncident(new_id(), ids[0], "A concern.", categories, utc_now()))


def dark(page: Any) -> None:
    """Asks for dark colours, and waits until none is on its way from light to dark."""
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.wait_for_function("document.getAnimations().length === 0")


def test_attendance(school: SchoolForTests, desk: Any) -> None:
    """STU-06: three figures, a trend, a calendar whose marks are read out, and what the codes mean."""
    a_term(school)
    lead = desk("lead")
    page = lead.open(f"/students/{school.students['aoife']}/attendance?year=2025")
    expect(page.get_by_role("heading", name="Attendance of Aoife O'Connor", level=1)).to_be_visible()
    expect(page.get_by_role("table", name="November 2025")).to_be_visible()
    expect(
        page.get_by_text("percentage points").or_(page.get_by_text("Neither more nor less"))
    ).to_be_visible()
    first = page.locator(".attend-month td .attend-marks").first
    assert "morning: " in (first.text_content() or "")
    lead.look("student-attendance")
    dark(page)
    lead.look("student-attendance-dark")


def test_monitoring_by_keyboard(school: SchoolForTests, desk: Any) -> None:
    """STU-09: the timeline is a picture with words; ended and begun by keyboard; what is wrong is told."""
    years_of_monitoring(school)
    lead = desk("lead")
    page = lead.open(f"/students/{school.students['aoife']}/monitoring")
    expect(page.get_by_role("img", name="Timeline From 14 Sep 2021")).to_be_visible()
    lead.look("student-monitoring")
    dark(page)
    lead.look("student-monitoring-dark")
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="End monitoring for Medical").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Monitoring has ended.")).to_be_visible()
    expect(page.get_by_role("button", name="End monitoring for Medical")).to_have_count(0)
    page.get_by_role("combobox", name="Category").select_option("Medical")
    page.get_by_role("textbox", name="From").fill("2999-01-01")
    page.get_by_role("button", name="Begin to monitor").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_text("From: This day is still to come.")
    lead.look("student-monitoring-wrong")
    page.get_by_role("textbox", name="From").fill("2026-01-05")
    page.get_by_role("button", name="Begin to monitor").press("Enter")
    expect(page.get_by_text("Monitoring has begun.")).to_be_visible()
    expect(page.get_by_role("button", name="End monitoring for Medical")).to_be_visible()


def test_the_audit_report(school: SchoolForTests, desk: Any) -> None:
    """STU-08: more in place, filtered, exported; nothing of it in the address."""
    years_of_monitoring(school)
    student, now = school.students["aoife"], utc_now()
    made = [
        raw_entry(
            school.id,
            school.users["head"],
            event,
            [student],
            {},
            at=now - dt.timedelta(days=number),
            access="elevated",
            ip="81.2.69.142",
        )
        for number in range(30)
        for event in ("incidents.viewed", "students.searched")
    ]
    with school.app.transaction(school.id) as db:
        write_entries(db, made)
    lead = desk("lead")
    page = lead.open(f"/students/{student}/audits")
    entries = page.locator("#entries > li")
    expect(entries).to_have_count(50)
    lead.look("student-audits")
    page.get_by_role("button", name="Show older").press("Enter")
    expect(page.get_by_role("button", name="Show older")).to_have_count(0)
    expect(entries).to_have_count(67)
    page.get_by_label("Kind").select_option("Changed")
    page.get_by_role("button", name="Filter").click()
    expect(entries).to_have_count(7)
    expect(entries.last).to_contain_text("Lena Lead · Began to monitor a student: category Behaviour")
    assert page.url.endswith("/audits")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Export as Excel").click()
    assert downloading.value.suggested_filename.startswith("audits-")


def test_a_class_at_once(school: SchoolForTests, desk: Any) -> None:
    """STU-10: from the list of a class, all of it ticked with one key, confirmed, done."""
    with school.app.transaction(school.id) as db:
        for number in range(12):
            add_student(db, f"Otto{number}", "Other", tutor="7A")
    lead = desk("lead")
    page = lead.open("/")
    page.get_by_label("Tutor group").select_option("7A")
    page.get_by_role("button", name="Update categories").click()
    everyone, count = page.get_by_label("Select all 14 shown"), page.locator(".bulk-count")
    expect(count).to_have_text("Selected:")
    everyone.focus()
    page.keyboard.press("Space")
    expect(count).to_have_text("Selected: 14")
    page.get_by_label("Björn Ångström").uncheck()
    expect(count).to_have_text("Selected: 13")
    assert everyone.evaluate("box => box.indeterminate")
    page.get_by_role("combobox", name="Category").select_option("Medical")
    lead.look("update-categories")
    page.get_by_role("textbox", name="From").fill("2999-01-01")
    page.get_by_role("button", name="Continue").click()
    expect(count).to_have_text("Selected: 13")
    lead.look("update-categories-wrong")
    page.get_by_role("textbox", name="From").fill("2026-01-05")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("13 students").first).to_be_visible()
    lead.look("update-categories-confirm")
    page.get_by_role("button", name="Back to the list").click()
    expect(count).to_have_text("Selected: 13")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Update 13 students").press("Enter")
    expect(page.get_by_text("The categories are updated.")).to_be_visible()
    page.wait_for_load_state()  # a list that is chosen from before the scripts are there changes nothing
    page.get_by_label("Tutor group").select_option("7A")
    expect(page.locator("#found-list").get_by_text("Medical")).to_have_count(13)
    lead.look("update-categories-done")
