"""USR-03, Security log: every try to log in with its result, key, address, place, browser and time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyotp
import pytest
from browsing import Browser, text_of
from sqlalchemy import select

from cpoms_core.access import throttle
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.testing.schools import PASSWORD, SchoolForTests

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
SCHOOL_LOG = "/admin/security-log"


def log_of(school: SchoolForTests, who: str) -> str:
    return f"/admin/users/{school.users[who]}/security-log"


def from_abroad(browser: Browser) -> Browser:
    """In Firefox on Windows, at an address that belongs to the United States."""
    browser.extra_environ.update({"REMOTE_ADDR": "8.8.8.8", "HTTP_USER_AGENT": FIREFOX})
    return browser


def try_password(browser: Browser, email: str, password: str) -> Any:
    return browser.submit("/login", {"email": email, "password": password}, expect_errors=True)


def test_each_try_with_result_key_address_place_and_browser(
    school: SchoolForTests, web: Any, rows: Any
) -> None:
    """USR-03: wrong password, right password, wrong code, key, log-out; newest first."""
    browser = from_abroad(web(school))
    try_password(browser, school.emails["lead"], "wrong")
    try_password(browser, school.emails["lead"], PASSWORD)
    right = pyotp.TOTP(school.secrets["lead"]).now()
    wrong = f"{(int(right) + 111_111) % 1_000_000:06}"
    browser.submit("/elevate", {"code": wrong}, expect_errors=True)
    browser.submit("/elevate", {"code": right}, expect_errors=True)
    browser.submit("/logout")
    read = rows(web(school, "admin").get(log_of(school, "lead")))
    results = ["Logged out", "Key accepted", "Wrong or old code", "Right password", "Wrong password"]
    assert [next(one for one in results if row.startswith(one)) for row in read] == results
    assert "key: Phone, Firefox on Windows" in read[1]
    assert all("8.8.8.8 United States" in row for row in read)
    assert all("Firefox on Windows" in row for row in read[1:])


def test_times_are_the_schools(school: SchoolForTests, web: Any, write: Any, rows: Any) -> None:
    """USR-03: British Summer Time in July."""
    write("head", "login.restricted", at=dt.datetime(2026, 7, 10, 23, 30, tzinfo=dt.UTC))
    (row,) = rows(web(school, "lead").get(log_of(school, "head")))
    assert "Sat 11 Jul 2026, 00:30" in row


def test_tries_for_unknown_addresses_are_in_the_schools_log(
    school: SchoolForTests, web: Any, rows: Any
) -> None:
    """USR-03: nobody's own log has them, and what was typed is written nowhere."""
    browser = from_abroad(web(school))
    try_password(browser, "nobody@example.org", "wrong")
    browser.submit("/forgotten", {"email": "nobody@example.org"})
    lead = web(school, "lead")
    page = lead.get(SCHOOL_LOG)
    link, password = rows(page)[:2]
    assert link.startswith("Link asked for, for an unknown address an unknown address")
    assert password.startswith("Wrong password an unknown address") and "United States" in password
    assert "nobody@example.org" not in page.text
    assert not any("unknown" in row for row in rows(lead.get(log_of(school, "lead"))))


def test_a_link_that_was_sent_says_from_where(school: SchoolForTests, web: Any, rows: Any) -> None:
    """USR-03, ACC-01: whoever asked need not be the user."""
    from_abroad(web(school)).submit("/forgotten", {"email": school.emails["head"]})
    (row,) = rows(web(school, "lead").get(log_of(school, "head")))
    assert row.startswith("Link to set a password was sent") and "United States" in row


def test_what_is_refused_is_in_the_schools_log(school: SchoolForTests, web: Any, rows: Any) -> None:
    """USR-03, USR-12.7: who asked for which page in vain; and the record, where the reader may see it."""
    student = school.students["aoife"]
    web(school, "teacher").get(f"/students/{student}/incidents", expect_errors=True)
    for_lead = rows(web(school, "lead").get(SCHOOL_LOG))
    assert for_lead[0].startswith("Refused: not there, or not theirs to see Tariq Teacher")
    assert "Aoife O'Connor (page: student incidents)" in for_lead[0]
    for_nobody = rows(web(school, "lead").get(log_of(school, "teacher")))
    assert not any("Refused" in row for row in for_nobody)


def test_tries_while_locked_out_are_there_once_a_minute(
    school: SchoolForTests, web: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """USR-03, ACC-13: whoever goes on trying is seen, and fills no disk; unknown addresses alike."""
    monkeypatch.setattr(throttle, "PAUSES", {})
    for email in (school.emails["teacher"], "nobody@example.org"):
        for _ in range(throttle.ACCOUNT_TRIES + 3):
            try_password(web(school), email, "wrong")
    lead = web(school, "lead")
    found = [row.partition(":")[0].partition(" an ")[0] for row in rows(lead.get(SCHOOL_LOG))]
    assert sum(row.startswith("Locked out") for row in found) == 2
    own = rows(lead.get(log_of(school, "teacher")))
    assert [row.split()[0] for row in own] == ["Locked"] + ["Wrong"] * throttle.ACCOUNT_TRIES
    with school.app.session(school.id, writes=False) as db:
        noted = db.scalars(select(AuditEntry).where(AuditEntry.event == "login.locked-out")).all()
    assert {entry.user_id for entry in noted} == {school.users["teacher"], None}


def test_what_others_did_for_a_user_is_in_their_log(
    school: SchoolForTests, web: Any, write: Any, rows: Any
) -> None:
    """USR-03, ACC-11: keys that an administrator removed, and who it was."""
    write("lead", "key.all-removed", [school.users["head"]], keys=2)
    write("lead", "key.all-removed", [school.users["teacher"]], keys=1)
    lead = web(school, "lead")
    (row,) = rows(lead.get(log_of(school, "head")))
    assert row.startswith("All keys removed by Lena Lead")
    # it was no log-in of who did it, but it was their deed
    assert len(rows(lead.get(log_of(school, "lead")))) == 2
    assert rows(lead.get(SCHOOL_LOG))[1].startswith("All keys removed by Lena Lead Hugo Head")


def test_filters(school: SchoolForTests, web: Any, write: Any, rows: Any) -> None:
    """USR-03: by day and by result; posted, so that no address holds them."""
    yesterday = utc_now() - dt.timedelta(days=2)
    write("head", "login.wrong-password", at=yesterday)
    write("head", "login.restricted")
    write(None, "login.wrong-password")
    lead, day = web(school, "lead"), school.viewer("lead").local(yesterday).date()
    for where, wrong in ((log_of(school, "head"), 1), (SCHOOL_LOG, 2)):
        found = rows(lead.submit(where, {"event": "login.wrong-password"}))
        assert [row.partition(" an")[0].split(" H")[0][:14] for row in found] == ["Wrong password"] * wrong
        late = lead.submit(where, {"last": day.isoformat()})
        assert len(rows(late)) == 1 and late.request.path_qs == where
        nothing = lead.submit(where, {"event": "key.added"})
        assert "There is nothing to show." in text_of(nothing)
        bad = lead.submit(where, {"event": "incident.viewed"}, status=422)
        assert rows(bad) == []


def test_pages_by_key(school: SchoolForTests, web: Any, write: Any, rows: Any) -> None:
    """USR-03: older ones follow, each once."""
    for number in range(70):
        write("head", "login.wrong-password", ip=f"203.0.113.{number}")
    lead = web(school, "lead")
    page = lead.get(log_of(school, "head"))
    first = rows(page)
    rest = rows(page.forms["entries-more"].submit())
    assert (len(first), len(rest), len({*first, *rest})) == (50, 20, 70)


def test_what_a_browser_says_of_itself_is_only_text(
    school: SchoolForTests, web: Any, write: Any, rows: Any
) -> None:
    """USR-03: cut to 80 characters, and written as text."""
    write("head", "login.wrong-password", browser="<script>alert(1)</script>" + "x" * 200)
    page = web(school, "lead").get(log_of(school, "head"))
    assert "<script>alert" not in page.text
    assert "x" * 55 in rows(page)[0] and "x" * 56 not in rows(page)[0]


def test_an_entry_about_what_is_gone_does_no_harm(
    school: SchoolForTests, web: Any, write: Any, rows: Any
) -> None:
    """USR-03: a key, a user, an address that nobody knows."""
    write("head", "login.elevated", [school.users["head"], new_id()], ip="", key=str(new_id()))
    write("head", "key.removed", [new_id()], ip="not an address")
    lead = web(school, "lead")
    assert len(rows(lead.get(log_of(school, "head")))) == 2
    assert "unknown place" in rows(lead.get(SCHOOL_LOG))[0]
