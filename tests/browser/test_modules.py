"""Modules are switched by an administrator while everybody works."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

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

    page.get_by_role("button", name="Switch Cases on").click()
    expect(page.get_by_text("The module is on.")).to_be_visible()
    page = lead.open(record)
    expect(page.locator("#incident-1 .incident-margin")).to_contain_text("Assigned to: Hugo Head")
    expect(head.open("/").get_by_role("link", name="Incident 1", exact=True)).to_be_visible()
    assert [one.wrong for one in (lead, head, teacher, admin)] == [[], [], [], []]
