"""Where a user is logged in, and logging out there (ACC-12); a school where everyone needs a key (ACC-15)."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import text_of
from logging_in import code_of, events, log_in, session_of

from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import SchoolForTests

PAGES = ("/", "/incidents/add", "/admin", "/incidents/01a206f1-b6fa-7000-9553-a9d58d1c46a7")


def test_every_log_in_is_listed_and_can_be_ended(web: Any, school: SchoolForTests) -> None:
    """ACC-12: with browser, place and time; the ended one is out with its next request, the others go on."""
    here, there, third = (web(school, "lead") for _ in range(3))
    page = here.get("/account").click("Your log-ins")
    assert page.text.count(">Log out there<") == 2
    assert "local network" in text_of(page) and "This one" in text_of(page)
    wanted = str(session_of(school, there.session).id)
    form = next(form for form in page.forms.values() if wanted in form.action)
    assert "That log-in is ended" in text_of(form.submit().follow())
    assert there.get("/").location.endswith("/login")
    assert here.get("/").status_int == third.get("/").status_int == 200
    assert "session.ended" in events(school)


def test_log_out_everywhere(web: Any, school: SchoolForTests) -> None:
    """ACC-12: every tab and device, this one too; other people's log-ins go on."""
    here, there, other = web(school, "lead"), web(school, "lead", elevated=False), web(school, "head")
    answer = here.submit("/account/log-ins/end")
    assert "You are logged out everywhere" in text_of(answer.follow())
    assert "session" not in here.cookies
    assert there.get("/").location.endswith("/login") and other.get("/").status_int == 200
    assert "session.ended-everywhere" in events(school)


@pytest.mark.parametrize("whose", ["a colleague's", "another school's", "own, here", "nobody's", "not an id"])
def test_only_one_s_own_others_can_be_ended(
    web: Any, school: SchoolForTests, other_school: SchoolForTests, whose: str
) -> None:
    """ACC-12, USR-12.7: everything else is not there."""
    browser = web(school, "teacher")
    colleague = web(school, "lead")
    stranger = web(other_school, "lead")
    named = {
        "a colleague's": session_of(school, colleague.session).id,
        "another school's": session_of(other_school, stranger.session).id,
        "own, here": session_of(school, browser.session).id,
        "nobody's": "01a206f1-b6fa-7000-9553-a9d58d1c46a7",
        "not an id": "x",
    }
    answer = browser.submit(f"/account/log-ins/{named[whose]}/end", expect_errors=True)
    assert answer.status_int == 404
    assert browser.get("/").status_int == colleague.get("/").status_int == stranger.get("/").status_int == 200


def _everyone_needs_a_key(school: SchoolForTests) -> None:
    with school.app.transaction(school.id) as db:
        change_setting(db, "key_for_everyone", "y")


def test_without_a_key_only_the_account_is_reached(web: Any, school: SchoolForTests) -> None:
    """ACC-15: from the moment of the setting, also in sessions that were begun before; told what to do."""
    browser = web(school, "teacher")
    assert browser.get("/").status_int == 200
    _everyone_needs_a_key(school)
    for page in PAGES:
        answer = browser.get(page)
        assert answer.location.endswith("/account?said=key-needed"), page
    assert "asks everyone to log in with a key" in text_of(answer.follow())
    for page in ("/account", "/account/keys", "/account/log-ins", "/help", "/session/token"):
        assert browser.get(page).status_int == 200, page
    posted = browser.submit("/incidents/add", {"text": "x"}, expect_errors=True)
    assert posted.status_int in (302, 404)
    assert browser.fetch("POST", "/students/search", expect_errors=True).status_int in (400, 403, 404)


def test_after_the_password_everyone_is_led_to_their_key(web: Any, school: SchoolForTests) -> None:
    """ACC-15: a key holder to the key step, and from there into the system."""
    _everyone_needs_a_key(school)
    browser = web(school)
    assert "/elevate" in log_in(browser, school, "lead").location
    assert browser.get("/").location.endswith("/account?said=key-needed")
    browser.submit("/elevate", {"code": code_of(school, "lead")})
    assert browser.get("/").status_int == 200
    teacher = web(school)
    assert teacher.get(log_in(teacher, school, "teacher").location).location.endswith("/")
    assert teacher.get("/").location.endswith("/account?said=key-needed")


def test_taking_the_setting_back_opens_the_session_again(web: Any, school: SchoolForTests) -> None:
    """ACC-15: it is the school's setting that counts, not what the session once was."""
    browser = web(school, "teacher")
    _everyone_needs_a_key(school)
    assert browser.get("/").status_int == 302
    with school.app.transaction(school.id) as db:
        change_setting(db, "key_for_everyone", "")
    assert browser.get("/").status_int == 200
