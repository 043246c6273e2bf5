"""Idle sessions: locked, and going on needs the password (ACC-12)."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from browsing import text_of
from logging_in import events, session_of, travel

from cpoms_core.access.viewer import utc_now
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import PASSWORD, SchoolForTests


def test_idle_session_needs_the_password(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-12: after the school's idle time-out (15 minutes) the password is asked for, then it goes on."""
    browser = web(school, "lead", elevated=True)
    clock(minutes=14)
    assert browser.get("/account").status_int == 200
    clock(minutes=14)  # that page was activity
    assert browser.get("/account").status_int == 200
    clock(minutes=16)
    page = browser.get("/account/keys/add").follow()
    assert "Your screen was locked" in text_of(page)
    assert "Add a new device" not in text_of(page)
    refused = browser.submit(
        "/session/unlock", {"password": "wrong", "csrf_token": browser.csrf("/session/unlock")}
    )
    assert "That is not your password" in text_of(refused)
    form = next(form for form in page.forms.values() if "password" in form.fields)
    form["password"] = PASSWORD
    assert form.submit().location.endswith("/account/keys/add")
    assert browser.get("/account").status_int == 200
    assert session_of(school, browser.session).access == "elevated"


def test_school_chooses_the_idle_time(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-12, ADM-02."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "idle_minutes", "5")
    browser = web(school, "teacher")
    clock(minutes=6)
    assert browser.get("/account").location.endswith("/session/unlock?next=%2Faccount")


def test_who_works_is_not_locked(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-12: also where the school allows little time: a request counts, however soon it comes."""
    for minutes, steps in (("1", (20, 20, 19, 2, 40)), ("2", (59, 62, 30, 91))):
        with school.app.transaction(school.id) as db:
            change_setting(db, "idle_minutes", minutes)
        browser = web(school, "teacher")
        for seconds in steps:
            clock(seconds=seconds)
            assert browser.get("/account").status_int == 200, (minutes, seconds)


def test_requests_seldom_write_that_the_session_is_used(web: Any, school: SchoolForTests) -> None:
    """ACC-12: at most once a minute, or four times within the idle time."""
    for minutes, wait, writes in (("15", 59, False), ("15", 62, True), ("2", 29, False), ("2", 32, True)):
        with school.app.transaction(school.id) as db:
            change_setting(db, "idle_minutes", minutes)
        began = utc_now()
        with travel(began):
            browser = web(school, "teacher")
        before = session_of(school, browser.session).touched_at
        with travel(began + dt.timedelta(seconds=wait)):
            browser.get("/account")
        after = session_of(school, browser.session).touched_at
        assert (after > before) is writes, (minutes, wait)


def test_page_says_when_somebody_was_last_there(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-12: typing and reading count at the server as they count on the screen, and to the second."""
    browser = web(school, "teacher")
    headers = {"X-CSRF-Token": browser.csrf("/account")}

    def last_there(seconds: Any, status: int = 200) -> Any:
        browser.fetch(
            "POST", "/session/active", headers=headers, content_type="application/json",
            params=json.dumps({"idle_seconds": seconds}), status=status,
        )  # fmt: skip
        return session_of(school, browser.session).touched_at

    clock(minutes=10)
    asked = utc_now()
    told = last_there(120)
    assert asked <= told + dt.timedelta(minutes=2) <= utc_now()
    assert last_there(300) == told, "it was used later than that"
    for nonsense in (-1, "x", None, float("nan"), True):
        assert last_there(nonsense, status=400) == told
    assert last_there(1e300) == told
    clock(minutes=12)
    assert browser.get("/account").status_int == 200
    clock(minutes=16)
    last_there(0, status=423)
    assert browser.get("/account").status_int == 302, "what is locked stays so"


def test_page_covers_and_uncovers(web: Any, school: SchoolForTests) -> None:
    """ACC-12: what the page's script sends: lock, a wrong password, the right one."""
    browser = web(school, "lead")
    headers = {"X-CSRF-Token": browser.csrf("/account")}
    assert browser.fetch("POST", "/session/lock", headers=headers).json == {"ok": True}
    assert browser.fetch("GET", "/account", expect_errors=True).status_int == 423
    assert browser.get("/account", headers={"HX-Request": "true"}, expect_errors=True).status_int == 423
    wrong = browser.fetch("POST", "/session/unlock", params={"password": "wrong"}, headers=headers)
    assert wrong.json["ok"] is False and "not your password" in wrong.json["message"]
    assert browser.fetch("POST", "/session/unlock", params={}, headers=headers).json["message"]
    right = browser.fetch("POST", "/session/unlock", params={"password": PASSWORD}, headers=headers)
    assert right.json == {"ok": True, "csrf_token": headers["X-CSRF-Token"]}
    assert browser.get("/account").status_int == 200


def test_locked_session_shows_and_does_nothing(web: Any, school: SchoolForTests) -> None:
    """ACC-12: locking is done on the server: no page, no change, also for who knows the token."""
    browser = web(school, "lead")
    token = browser.csrf("/account")
    browser.fetch("POST", "/session/lock", headers={"X-CSRF-Token": token})
    before = events(school)
    for path in ("/", "/account", "/elevate", "/session/token"):
        assert browser.get(path).status_int == 302, path
    answer = browser.post("/account/keys/add", {"csrf_token": token, "name": "x", "code": "000000"})
    assert answer.location.endswith("/session/unlock")
    assert events(school) == before


def test_password_tries_are_limited_there_too(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-12, ACC-13."""
    browser = web(school, "lead")
    token = browser.csrf("/account")
    browser.fetch("POST", "/session/lock", headers={"X-CSRF-Token": token})
    for _ in range(5):
        browser.post("/session/unlock", {"password": "wrong", "csrf_token": token})
        clock(seconds=11)
    answer = browser.post("/session/unlock", {"password": PASSWORD, "csrf_token": token})
    assert "too many tries" in text_of(answer)


def test_session_ends_after_a_day_of_work(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-12: however active, after twelve hours one logs in again."""
    browser = web(school, "teacher")
    for _ in range(12 * 6 - 1):
        clock(minutes=10)
        browser.get("/session/token")
    assert browser.get("/account").status_int == 200
    clock(minutes=11)
    assert browser.get("/account").location.endswith("/login?next=%2Faccount")


def test_page_that_was_open_goes_on_after_a_new_log_in(web: Any, school: SchoolForTests) -> None:
    """ACC-12, INC-10: the page asks for the new session's token, and whose session it is."""
    browser = web(school, "lead")
    answer = browser.fetch("GET", "/session/token").json
    assert answer == {"csrf_token": browser.csrf("/account"), "user": "Lena Lead", "elevated": True}
    assert web(school).fetch("GET", "/session/token", expect_errors=True).status_int == 401


def test_script_of_an_ended_session_is_told_so(web: Any, school: SchoolForTests) -> None:
    """ACC-12: 401 and not 403, so that the page says "log in again" and keeps what was typed."""
    browser = web(school)
    for path in ("/session/lock", "/session/unlock", "/account/keys/add"):
        answer = browser.fetch("POST", path, headers={"X-CSRF-Token": "old"}, expect_errors=True)
        assert answer.status_int == 401, path
        assert answer.json["ok"] is False
