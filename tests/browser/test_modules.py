"""Modules are switched by an administrator while everybody works."""

from __future__ import annotations

import datetime as dt
from typing import Any

from playwright.sync_api import Page, expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.modules.models import HookSetAside, ModuleFailure
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.testing.schools import SchoolForTests

WORDS = ("My assigned", "Assigned to", "Assign to", "Status", "Assign incident")


def said(page: Page) -> list[str]:
    """Which of the module's words a page says, to eyes, in its markup or by its addresses."""
    markup = page.content()
    return [word for word in (*WORDS, "/cases/", "cases-") if word in markup]


def answer(desk: Any, path: str) -> int:
    """The status with which a page is answered."""
    return int(desk.page.goto(desk.address(path)).status)


def test_cases_goes_without_a_trace_and_comes_back_with_its_data(school: SchoolForTests, desk: Any) -> None:
    """MOD-01, CAS-06, CAS-01, CAS-03: step 5 of the first day. Somebody whose form is open when the module
    goes loses nothing of what they typed."""
    lead = desk("lead")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    page.get_by_role("textbox", name="Incident").fill("She was very quiet today.")
    page.get_by_label("Behaviour").check()
    page.get_by_role("combobox", name="Alert staff").press_sequentially("Tariq", delay=30)
    page.get_by_role("listbox", name="Alert staff").get_by_role("option", name="Tariq Teacher").click()
    page.get_by_label("Assign to").select_option(label="Hugo Head")
    page.get_by_role("button", name="Add incident and alert 1 person").click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    record = f"/students/{school.students['aoife']}/incidents"

    head, teacher, admin = desk("head"), desk("teacher"), desk("admin")
    opened = head.open("/")
    expect(opened.get_by_role("heading", name="My assigned")).to_be_visible()
    expect(opened.get_by_role("link", name="Incident 1", exact=True)).to_be_visible()
    alerted = teacher.open("/").locator(".rows-main a").first.get_attribute("href")
    own_page = f"/cases{alerted}/assignee"
    assert answer(lead, own_page) == 200
    form = lead.open(f"/incidents/add?student={school.students['björn']}")
    form.get_by_role("textbox", name="Incident").fill("Typed while it was on.")
    form.get_by_label("Behaviour").check()
    form.get_by_label("Assign to").select_option(label="Hugo Head")

    page = admin.open("/admin/modules")
    page.get_by_role("link", name="Switch Cases off").click()
    expect(page.get_by_role("heading", name="What is kept")).to_be_visible()
    admin.look("modules-cases-confirm", dark=True)
    page.get_by_role("button", name="Switch Cases off").click()
    expect(page.get_by_text("The module is off. What was recorded with it is kept.")).to_be_visible()
    admin.look("modules-cases-off")
    form.get_by_role("button", name="Add incident", exact=True).click()
    expect(form.get_by_text("The incident is recorded")).to_be_visible()
    expect(form.locator("article.incident-marked")).to_contain_text("Typed while it was on.")
    walk = [
        (lead, "/"), (lead, record), (lead, "/incidents/add"), (lead, "/admin/settings"),
        (head, "/"), (teacher, "/"), (teacher, "/incidents/add"), (teacher, str(alerted)),
    ]  # fmt: skip
    for who, path in walk:
        assert said(who.open(path)) == [], path
    assert answer(lead, own_page) == 404

    page.get_by_role("link", name="Switch Cases on").click()
    expect(page.get_by_role("heading", name="What appears")).to_be_visible()
    admin.look("modules-cases-switch-on", dark=True)
    page.get_by_role("button", name="Switch Cases on").click()
    expect(page.get_by_text("The module is on.")).to_be_visible()
    page = lead.open(record)
    expect(page.locator("#incident-1 .incident-margin")).to_contain_text("Assigned to: Hugo Head")
    expect(head.open("/").get_by_role("link", name="Incident 1", exact=True)).to_be_visible()
    assert [one.wrong for one in (lead, head, teacher, admin)] == [[], [], [], []]


def test_a_module_that_fails_and_is_set_aside(school: SchoolForTests, desk: Any) -> None:
    """MOD-04, MOD-01: the dashboard's notice leads to the list, and on to what is wrong; marked as seen and
    tried again, by keyboard, it is as good as ever. Each page at both widths, without a fault that axe
    finds."""
    now = utc_now()
    with school.app.transaction(school.id) as db:
        for number in range(3):
            db.add(
                ModuleFailure(
                    school_id=school.id, module="cases", hook="incident_saved",
                    reference=f"05697b246f4{number}", at=now - dt.timedelta(minutes=3 - number), kind="slow",
                )
            )  # fmt: skip
        db.add(HookSetAside(school_id=school.id, module="cases", hook="incident_saved", since=now))
        keep_for_retry(db, school.viewer("lead"))(
            "cases", "incident_saved", {"incident_id": new_id(), "version": 1, "values": {}}
        )
    admin = desk("admin")
    page = admin.open("/")
    admin.look("dashboard-module-fails", dark=True)
    page.get_by_role("link", name="Look under Modules").click()
    expect(page.get_by_text("On, degraded")).to_be_visible()
    admin.look("modules-degraded", dark=True)
    page.get_by_role("link", name="What is wrong with Cases").click()
    expect(page.get_by_text("took too long, 3 times")).to_be_visible()
    admin.look("module-degraded", dark=True)
    page.get_by_role("button", name="Mark all 3 as seen").press("Enter")
    expect(page.get_by_text("Marked as seen.")).to_be_visible()
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page.get_by_text("It is tried again from now on.")).to_be_visible()
    assert admin.wrong == []
