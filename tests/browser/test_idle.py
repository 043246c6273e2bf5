"""Nobody is there: the screen is covered, the session is locked, the password opens it again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import func, select, update

from cpoms_core.access.models import LoginSession
from cpoms_core.access.viewer import utc_now
from cpoms_core.incidents.models import Draft, Incident
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import PASSWORD, SchoolForTests
from cpoms_core.web.request import cookie_name

TYPED = "He told me after lunch."


def set_session(school: SchoolForTests, **values: Any) -> None:
    with school.app.transaction(school.id) as db:
        db.execute(update(LoginSession).values(**values).execution_options(synchronize_session=False))


def later(school: SchoolForTests, page: Page, seconds: int) -> None:
    """The clocks of the browser and of the server go on."""
    with school.app.transaction(school.id) as db:
        for session in db.scalars(select(LoginSession).with_for_update()):
            session.touched_at -= dt.timedelta(seconds=seconds)
    page.clock.fast_forward(seconds * 1000)


def texts(school: SchoolForTests) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        return [str(text) for text in db.scalars(select(Incident.text))]


def is_locked(school: SchoolForTests, idle: dt.timedelta) -> bool:
    with school.app.session(school.id, writes=False) as db:
        session = db.scalars(select(LoginSession).order_by(LoginSession.created_at.desc())).first()
        assert session is not None
        return session.locked_at is not None or session.touched_at < utc_now() - idle


def write_incident(page: Page) -> None:
    page.get_by_label("Medical").check()
    page.get_by_role("combobox", name="Student", exact=False).first.press_sequentially("aoif", delay=30)
    page.get_by_role("option", name="Aoife O'Connor").click()
    page.get_by_role("textbox", name="Incident").fill(TYPED)
    with page.expect_response(lambda answer: answer.url.endswith("/told")):
        page.keyboard.press("Tab")  # or it would be asked for when the button is pressed


def unlock(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Unlock the screen").click()
    expect(page.get_by_role("heading", name="Screen locked")).to_be_hidden()


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


@pytest.mark.parametrize("minutes", [1, 15])
def test_screen_and_server_lock_together(school: SchoolForTests, desk: Any, minutes: int) -> None:
    """ACC-12, INC-10: whoever moves the mouse is locked out by neither; when nobody is there any more, both
    lock, and neither before its time."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "idle_minutes", str(minutes))
    idle = dt.timedelta(minutes=minutes)
    teacher = desk("teacher")
    teacher.page.clock.install()
    page = teacher.open("/incidents/add")
    locked = page.get_by_role("heading", name="Screen locked")
    step = min(60, minutes * 20) + 1  # the page tells it at most so often

    def told_after(seconds: int) -> None:
        with page.expect_response(lambda answer: answer.url.endswith("/session/active")) as told:
            later(school, page, seconds)
        assert told.value.status == 200

    for number in range(minutes * 60 // step + 3):
        told_after(step)
        page.mouse.move(100 + number, 100)
        expect(locked).to_be_hidden()
        assert not is_locked(school, idle)
    told_after(step)
    later(school, page, minutes * 60 - step - 25)
    expect(page.get_by_text("The screen will be locked in less than a minute")).to_be_visible()
    assert not is_locked(school, idle), "while the page says so, a key is still enough"
    with page.expect_response(lambda answer: answer.url.endswith("/session/active")):
        page.keyboard.press("Shift")
        later(school, page, 10)  # less than what a request may take
    later(school, page, minutes * 60 - 10 - 15)
    assert not is_locked(school, idle)
    expect(locked).to_be_hidden()
    with page.expect_response(lambda answer: answer.url.endswith("/session/lock")):
        later(school, page, 25)
    expect(locked).to_be_visible()
    assert is_locked(school, idle)
    unlock(page)
    assert teacher.wrong == []


def test_a_page_that_the_server_locked_is_covered_when_somebody_is_there(
    school: SchoolForTests, desk: Any
) -> None:
    """ACC-12: in all tabs of the browser; a draft that could not be saved is saved afterwards."""
    teacher = desk("teacher")
    page = teacher.open("/incidents/add")
    other = teacher.beside(school)
    other.open("/")
    set_session(school, locked_at=utc_now())
    page.get_by_role("textbox", name="Incident").fill(TYPED)
    for tab in (page, other.page):
        expect(tab.get_by_role("heading", name="Screen locked")).to_be_visible()
    with page.expect_response(lambda answer: "/drafts/" in answer.url) as saved:
        unlock(page)
    assert saved.value.status == 200
    expect(other.page.get_by_role("heading", name="Screen locked")).to_be_hidden()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value(TYPED)


def test_a_form_sent_from_a_locked_page_waits_for_the_password(school: SchoolForTests, desk: Any) -> None:
    """INC-10, ACC-12: nothing is lost, nothing is recorded meanwhile, and it is recorded once."""
    teacher = desk("teacher")
    page = teacher.open("/incidents/add")
    write_incident(page)
    set_session(school, locked_at=utc_now())
    button = page.get_by_role("button", name="Add incident", exact=True)
    button.dblclick()
    expect(page.get_by_role("heading", name="Screen locked")).to_be_visible()
    expect(page.get_by_text("has not been sent yet").first).to_be_visible()
    expect(button).to_be_hidden()
    teacher.look("locked-while-sending")
    assert texts(school) == []
    unlock(page)
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    assert texts(school) == [TYPED]
    with school.app.session(school.id, writes=False) as db:
        assert db.scalar(select(func.count()).select_from(Draft)) == 0
    assert teacher.wrong == []


def test_a_form_sent_after_the_session_ended_waits_for_a_new_one(school: SchoolForTests, desk: Any) -> None:
    """INC-10: the page and what was typed stay; somebody else's log-in does not send it, one's own does."""
    teacher = desk("teacher")
    page = teacher.open("/incidents/add")
    write_incident(page)
    set_session(school, ended_at=utc_now())
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_role("heading", name="You have been logged out")).to_be_visible()
    expect(page.get_by_text("still in this page, but not saved")).to_be_visible()
    teacher.look("ended-while-sending")
    go_on = page.get_by_role("button", name="I have logged in: go on here")
    for who, problem in (("head", True), ("teacher", False)):
        token = school.session_token(who)
        teacher.context.add_cookies(
            [{"name": cookie_name(school.app), "value": token, "url": teacher.address("/")}]
        )
        go_on.click()
        if problem:
            expect(page.get_by_text("You are not logged in yet, or somebody else is.")).to_be_visible()
            assert texts(school) == []
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    assert texts(school) == [TYPED]


def test_who_comes_back_without_the_key_is_told(school: SchoolForTests, desk: Any) -> None:
    """INC-10, ACC-07: what needs the key would be refused, and lost; with the key it is sent."""
    lead = desk("lead")
    page = lead.open("/admin/settings")
    page.get_by_label("Security message").fill("Close the door.")
    set_session(school, ended_at=utc_now())
    page.get_by_role("button", name="Save the settings").click()
    for elevated in (False, True):
        token = school.session_token("lead", elevated=elevated)
        lead.context.add_cookies(
            [{"name": cookie_name(school.app), "value": token, "url": lead.address("/")}]
        )
        page.get_by_role("button", name="I have logged in: go on here").click()
        if not elevated:
            expect(page.get_by_text("You are logged in without your key.")).to_be_visible()
            lead.look("ended-without-key")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("Close the door.").first).to_be_visible()


def test_a_form_of_the_administration_waits_too(school: SchoolForTests, desk: Any) -> None:
    """ACC-12, ADM-02: what has no draft is not lost either; and without a connection it is not sent."""
    lead = desk("lead")
    page = lead.open("/admin/settings")
    message = page.get_by_label("Security message")
    message.fill("Close the door.")
    lead.context.set_offline(True)
    save = page.get_by_role("button", name="Save", exact=False).first
    save.click()
    expect(page.get_by_text("Not sent: the server does not answer.")).to_be_visible()
    lead.wrong.clear()  # the connection that was lost
    lead.look("not-sent")
    lead.context.set_offline(False)
    set_session(school, locked_at=utc_now())
    save.click()
    expect(page.get_by_role("heading", name="Screen locked")).to_be_visible()
    unlock(page)
    expect(page.get_by_text("Close the door.").first).to_be_visible()
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_files_sent_from_a_locked_page_wait(school: SchoolForTests, desk: Any) -> None:
    """INC-06, INC-10: also where it is locked between the question and the sending."""
    teacher = desk("teacher")
    page = teacher.open("/incidents/add")
    write_incident(page)
    page.locator("#files").set_input_files({"name": "note.txt", "mimeType": "text/plain", "buffer": b"x"})

    good = {
        "user": page.locator("body").get_attribute("data-user"),
        "csrf_token": page.locator("[name=csrf-token]").get_attribute("content"),
    }

    def lock_after(route: Route) -> None:
        set_session(school, locked_at=utc_now())
        route.fulfill(json=good)

    page.route("**/session/token", lock_after, times=1)
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_role("heading", name="Screen locked")).to_be_visible()
    assert texts(school) == []
    unlock(page)
    expect(page.get_by_text("Nothing was recorded: the screen was locked.")).to_be_visible()
    expect(page.get_by_text("note.txt")).to_be_visible()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value(TYPED)


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
