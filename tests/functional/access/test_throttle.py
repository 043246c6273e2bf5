"""Failed log-ins: a pause, then a lock-out (ACC-13)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from browsing import Browser, text_of
from logging_in import at_once, code_of, events, log_in, mails, travel, wrong_code
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from cpoms_core.access import throttle
from cpoms_core.access.models import FailureCount
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.testing.schools import PASSWORD, SchoolForTests

WAIT = "too many tries that failed"


def fail(web: Any, school: SchoolForTests, clock: Any, who: str, times: int) -> None:
    """Types a wrong password several times, waiting each pause out."""
    for _ in range(times):
        assert WAIT not in text_of(log_in(web(school), school, who, "not the password"))
        clock(seconds=11)


def test_pause_after_three(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-13: a short pause, which ends."""
    with travel(utc_now()):
        for _ in range(3):
            log_in(web(school), school, "teacher", "not the password")
        assert WAIT in text_of(log_in(web(school), school, "teacher"))
    clock(seconds=4)
    assert log_in(web(school), school, "teacher").status_int == 302


def test_lock_out_after_five(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-13: then even the right password waits; the owner is told once, and others are not affected."""
    fail(web, school, clock, "teacher", 5)
    for _ in range(3):
        said = text_of(log_in(web(school), school, "teacher"))
        assert WAIT in said and "15 minutes" in said
    assert [mail["to_user"] for mail in mails(school, "locked-out")] == [str(school.users["teacher"])]
    assert log_in(web(school), school, "colleague").status_int == 302
    clock(minutes=15)
    assert log_in(web(school), school, "teacher").status_int == 302
    assert events(school).count("login.wrong-password") == 5


def test_log_in_forgets_the_failures(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-13: only failures in a row count."""
    for _ in range(3):
        fail(web, school, clock, "teacher", 3)
        assert log_in(web(school), school, "teacher").status_int == 302
    assert mails(school, "locked-out") == []


def test_unknown_address_is_locked_out_alike(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-13, ACC-02: the lock-out does not tell whose address it is, and mails nobody."""
    for _ in range(5):
        web(school).submit("/login", {"email": "nobody@elsewhere.example", "password": "x"})
        clock(seconds=11)
    answer = web(school).submit("/login", {"email": "Nobody@elsewhere.example", "password": "x"})
    assert WAIT in text_of(answer)
    assert mails(school, "locked-out") == []


def test_lock_out_holds_in_another_process(
    web: Any, school: SchoolForTests, app: Application, clock: Any
) -> None:
    """ACC-13: counts are rows: another process, and one that was restarted, knows them."""
    fail(web, school, clock, "teacher", 5)
    fresh = Application(app.deployment, modules=app.modules)
    try:
        browser = Browser(
            configure(fresh), extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": "192.0.2.1"}
        )
        assert WAIT in text_of(log_in(browser, school, "teacher"))
    finally:
        fresh.engines.dispose()


def test_parallel_tries_are_no_more_chances(web: Any, school: SchoolForTests) -> None:
    """ACC-13: a try is taken before it is made: of eight at the same moment three are looked at."""
    browsers = [web(school) for _ in range(8)]
    tokens = [browser.csrf() for browser in browsers]

    def guess(number: int) -> bool:
        fields = {
            "email": school.emails["teacher"],
            "password": f"guess {number}",
            "csrf_token": tokens[number],
        }
        return WAIT in text_of(browsers[number].post("/login", fields))

    with travel(utc_now()):  # nobody waits the pause out
        assert at_once(8, guess).count(False) == 3


def test_codes_are_limited_too(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-13, ACC-09: nobody who has the password tries a million codes."""
    browser = web(school, "lead", elevated=False)
    for _ in range(5):
        browser.submit("/elevate", {"code": wrong_code(school, "lead")})
        clock(seconds=11)
    assert WAIT in text_of(browser.submit("/elevate", {"code": code_of(school, "lead")}))
    assert len(mails(school, "locked-out")) == 1


def test_one_address_is_limited_over_many_accounts(web: Any, school: SchoolForTests) -> None:
    """ACC-13: per address as well; what a proxy's header claims does not make another address of it."""
    browser = web(school)
    token = browser.csrf()
    for number in range(throttle.ADDRESS_TRIES):
        fields = {"email": f"nobody{number}@elsewhere.example", "password": "x", "csrf_token": token}
        answer = browser.post("/login", fields, headers={"X-Forwarded-For": f"203.0.113.{number}"})
        assert WAIT not in text_of(answer)
    fields = {"email": school.emails["teacher"], "password": PASSWORD, "csrf_token": token}
    assert WAIT in text_of(browser.post("/login", fields, headers={"X-Forwarded-For": "203.0.113.250"}))


def test_good_log_ins_do_not_fill_an_address(web: Any, school: SchoolForTests) -> None:
    """ACC-13: a whole school sits behind one address; log-ins that succeed do not count against it."""
    browser = web(school)
    log_in(browser, school, "teacher")
    key = throttle.address_key(f"2001:db8::{school.id:x}")
    with school.app.session(None, writes=False) as db:
        assert db.scalar(select(FailureCount.failures).where(FailureCount.key == key)) == 0


def test_no_log_in_where_failures_cannot_be_counted(
    web: Any, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACC-13: where the count cannot be written nobody gets in."""

    def broken(*_: Any) -> None:
        raise OperationalError("", {}, Exception("disk full"))

    monkeypatch.setattr(throttle, "_row", broken)
    browser = web(school)
    fields = {"email": school.emails["teacher"], "password": PASSWORD, "csrf_token": browser.csrf()}
    assert browser.post("/login", fields, expect_errors=True).status_int == 503
    assert "session" not in browser.cookies


def test_who_stood_in_line_does_not_wait_for_nothing(app: Application) -> None:
    """ACC-13: of several people behind one address, who log in at one moment, one began a little earlier and
    is counted a little later: there is no pause, and so no wait."""
    key, now = throttle.address_key("2001:db8::77"), utc_now()
    tries = {key: throttle.ADDRESS_TRIES}
    assert throttle.take(app, tries, now) == {key: 1}
    assert throttle.take(app, tries, now - dt.timedelta(seconds=1)) == {key: 2}
