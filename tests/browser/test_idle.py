"""Nobody is there: the screen is covered, the session is locked, the password opens it again."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import PASSWORD, SchoolForTests


def test_an_idle_screen_is_covered_and_the_password_uncovers_it(school: SchoolForTests, desk: Any) -> None:
    """ACC-12, INC-10: after the school's idle time, and not before; what was typed is there afterwards, and
    meanwhile the server answers no page of this session."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "idle_minutes", "5")
    teacher = desk("teacher")
    teacher.page.clock.install()
    page = teacher.open("/incidents/add")
    page.get_by_role("textbox", name="Incident").fill("Not for passers-by")
    with page.expect_response(lambda answer: answer.url.endswith("/told")):
        page.keyboard.press("Tab")  # the form asks who will be told, and does not have to when it is covered
    locked = page.get_by_role("heading", name="Screen locked")
    page.clock.fast_forward("04:30")
    expect(page.get_by_text("The screen will be locked in less than a minute")).to_be_visible()
    expect(locked).to_be_hidden()
    page.keyboard.press("Shift")
    page.clock.fast_forward("04:00")
    expect(locked).to_be_hidden()
    with page.expect_response(lambda answer: answer.url.endswith("/session/lock")) as told:
        page.clock.fast_forward("01:10")
    assert told.value.status == 200
    expect(locked).to_be_visible()
    expect(page.get_by_role("textbox", name="Incident")).to_be_hidden()
    assert page.title() == "Screen hidden"
    assert page.evaluate("sessionStorage.getItem('covered')") is None, "that is for the blank screen only"
    other = teacher.context.new_page()
    other.goto(teacher.address("/"))
    expect(other.get_by_text("Your screen was locked")).to_be_visible()
    other.close()
    teacher.look("locked-screen")

    page.keyboard.press("Escape")
    expect(locked).to_be_visible()
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Unlock the screen").click()
    expect(page.get_by_text("That is not your password")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Unlock the screen").click()
    expect(locked).to_be_hidden()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value("Not for passers-by")
    page.get_by_label("Medical").check()
    page.get_by_role("combobox", name="Student", exact=False).first.press_sequentially("aoif", delay=30)
    page.get_by_role("option", name="Aoife O'Connor").click()
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    assert teacher.wrong == []


def test_logging_out_ends_the_session_everywhere_in_the_browser(school: SchoolForTests, desk: Any) -> None:
    """ACC-12: log-out by the top bar; the page of before is not shown again by the back button."""
    lead = desk("lead")
    page = lead.open(f"/students/{school.students['aoife']}/incidents")
    expect(page.get_by_role("heading", name="Incidents of Aoife O'Connor")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("E-mail address")).to_be_visible()
    expect(page.get_by_text("Aoife O'Connor")).to_have_count(0)
