"""A school's first day, as its people live it."""

from __future__ import annotations

import time
from typing import Any

import pyotp
from playwright.sync_api import expect

from cpoms_core.testing.schools import PASSWORD, SchoolForTests


def log_in(desk: Any, school: SchoolForTests, who: str) -> None:
    page = desk.open("/")
    page.get_by_label("E-mail address").fill(school.emails[who])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_the_lead_logs_in_with_a_key(school: SchoolForTests, desk: Any) -> None:
    """ACC-07, DSH-01, DSH-05, DSH-07: e-mail, password, six digits, dashboard."""
    lead = desk()
    page = lead.open("/")
    lead.look("login")
    log_in(lead, school, "lead")
    expect(page.get_by_label("6-digit code")).to_be_visible()
    lead.look("key")
    page.get_by_label("6-digit code").fill("000000")
    page.get_by_role("button", name="Confirm with this code").click()
    expect(page.get_by_text("Incorrect or out of date code").first).to_be_visible()
    page.get_by_label("6-digit code").fill(pyotp.TOTP(school.secrets["lead"]).at(int(time.time())))
    page.get_by_role("button", name="Confirm with this code").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page.get_by_label("Find a student")).to_be_visible()
    expect(page.get_by_role("link", name="Elevate your access")).to_have_count(0)
    lead.look("dashboard-lead")


def test_the_lead_finds_a_student_and_records_a_concern(school: SchoolForTests, desk: Any) -> None:
    """DSH-01, INC-01, 03, 04, 05, 07, 08, 11, 13: with type-aheads and the live sentence of who is told."""
    lead = desk("lead")
    page = lead.open("/")
    page.get_by_label("Find a student").press_sequentially("ångs", delay=30)
    row = page.locator("#found-list li")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Björn Ångström")
    lead.look("dashboard-found")
    row.get_by_role("link", name="Add incident for Björn Ångström").click()
    expect(page.get_by_role("heading", name="Add incident")).to_be_visible()
    lead.look("add-incident")
    page.get_by_role("textbox", name="Incident").fill("He was very quiet today.")
    page.get_by_label("Behaviour").check()
    page.get_by_label("Bullying").check()
    linked = page.get_by_role("combobox", name="Linked students")
    linked.press_sequentially("aoi", delay=30)
    page.get_by_role("option", name="Aoife O'Connor").click()
    page.get_by_label("Monitor Aoife O'Connor under the same categories").check()
    page.get_by_role("button", name="DSLs").click()
    staff = page.get_by_role("combobox", name="Alert staff")
    staff.press_sequentially("Tariq", delay=30)
    page.get_by_role("listbox", name="Alert staff").get_by_role("option", name="Tariq Teacher").click()
    expect(page.get_by_text("Tariq Teacher cannot normally see this incident, because")).to_be_visible()
    submit = page.get_by_role("button", name="Add incident and alert 3 people")
    expect(submit).to_be_visible()
    lead.look("add-incident-filled")
    submit.click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    expect(page.locator("article.incident-marked")).to_contain_text("He was very quiet today.")
    expect(page.locator("article.incident-marked")).to_contain_text("Aoife O'Connor")
    lead.look("chronology")


def test_the_teacher_reads_acts_and_marks_as_read(school: SchoolForTests, desk: Any) -> None:
    """DSH-06, INC-12, ACT-01, INC-13: what is read is gone for the teacher, and the lead sees who read it."""
    lead = desk("lead")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    page.get_by_role("textbox", name="Incident").fill("Please watch her at lunch.")
    page.get_by_label("Medical").check()
    page.get_by_role("combobox", name="Alert staff").press_sequentially("Tariq", delay=30)
    page.get_by_role("listbox", name="Alert staff").get_by_role("option", name="Tariq Teacher").click()
    page.get_by_role("combobox", name="Alert staff").press_sequentially("Hugo", delay=30)
    page.get_by_role("listbox", name="Alert staff").get_by_role("option", name="Hugo Head").click()
    page.get_by_role("button", name="Add incident and alert 2 people").click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()

    teacher = desk("teacher")
    page = teacher.open("/")
    expect(page.get_by_label("Find a student")).to_have_count(0)
    teacher.look("dashboard-teacher")
    page.get_by_role("link", name="Incident for Aoife O'Connor").click()
    teacher.look("incident-alerted")
    page.get_by_role("link", name="Add action to incident 1").click()
    teacher.look("add-action")
    page.get_by_role("textbox", name="Action taken").fill("She ate with her friends.")
    page.get_by_role("button", name="Add incident alert recipients").click()
    page.get_by_role("button", name="Add action and alert 1 person").click()
    expect(page.get_by_text("The action is recorded.")).to_be_visible()
    page.get_by_role("button", name="Mark as read").first.click()
    expect(page.get_by_text("Marked as read.")).to_be_visible()

    page = lead.open(f"/students/{school.students['aoife']}/incidents?actions=open")
    expect(page.get_by_text("She ate with her friends.")).to_be_visible()
    page.get_by_role("link", name="Read by 1").click()
    expect(
        page.get_by_role("listitem").filter(has_text="Tariq Teacher alerted by Lena Lead")
    ).to_contain_text("Read")
    lead.look("readers")


def test_a_half_typed_form_survives(school: SchoolForTests, desk: Any) -> None:
    """INC-10: typed, left, and there again; blanked and back."""
    teacher = desk("teacher")
    page = teacher.open("/incidents/add")
    page.get_by_role("textbox", name="Incident").fill("I heard her say")
    expect(page.get_by_text("Draft saved")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Blank screen").click()
    expect(page.get_by_role("heading", name="Screen hidden")).to_be_visible()
    teacher.look("blank-screen")
    page.get_by_role("button", name="Show screen").click()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value("I heard her say")
    page = teacher.open("/")
    page = teacher.open("/incidents/add")
    expect(page.get_by_role("textbox", name="Incident")).to_have_value("I heard her say")


def test_errors_are_summed_up_and_keep_what_was_typed(school: SchoolForTests, desk: Any) -> None:
    """INC-01, INC-03: the summary has the focus and leads to the fields."""
    teacher = desk("teacher")
    page = teacher.open("/incidents/add")
    page.get_by_role("textbox", name="Incident").fill("Something.")
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("Nothing has been saved yet")).to_be_visible()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value("Something.")
    teacher.look("add-incident-errors")
