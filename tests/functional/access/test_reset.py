"""Links to set a password (ACC-01, ACC-02, ACC-13). The mail is a row of the outbox; its token is sealed."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from browsing import csrf_of, text_of
from logging_in import account_of, at_once, events, log_in, mails
from sqlalchemy import select, update

from cpoms_core.access import accounts
from cpoms_core.access.models import Account, ResetLink, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.tenancy.models import School
from cpoms_core.testing.schools import SchoolForTests

NEW = "quiet-harbour-eleven-lanterns"
LONG = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(16))[:1000]


def ask(web: Any, school: SchoolForTests, email: str) -> Any:
    return web(school).submit("/forgotten", {"email": email})


def links(school: SchoolForTests) -> list[str]:
    """The tokens in the mails that wait, oldest first."""
    key = school.app.key
    return [
        key.open(
            base64.b64decode(mail["sealed_token"]), accounts.link_context(uuid.UUID(mail["account"]))
        ).decode()
        for mail in mails(school, "reset-link")
    ]


def choose(web: Any, school: SchoolForTests, token: str, password: str = NEW, **more: str) -> Any:
    browser = web(school)
    fields = {"password": password, "repeat": password, **more, "csrf_token": browser.csrf()}
    return browser.post(f"/password/{token}", fields, expect_errors=True)


def test_link_sets_a_password_once(web: Any, school: SchoolForTests) -> None:
    """ACC-01: asked for, mailed, used; it stops working when it was used, and every session ends."""
    signed_in = web(school, "teacher")
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    assert "Choose a password" in text_of(web(school).get(f"/password/{token}"))
    done = choose(web, school, token)
    assert done.location.endswith("/login?said=password-set")
    assert signed_in.get("/account").status_int == 302
    assert log_in(web(school), school, "teacher").status_int == 200
    assert log_in(web(school), school, "teacher", NEW).status_int == 302
    assert "does not work any more" in text_of(choose(web, school, token, "another-good-one-of-mine"))
    assert log_in(web(school), school, "teacher", NEW).status_int == 302
    assert mails(school, "password-set") != []
    assert {"login.link-sent", "login.password-set"} <= set(events(school))


def test_the_token_is_kept_nowhere(web: Any, school: SchoolForTests) -> None:
    """ACC-01: neither the table of links nor the mail's row lets its reader set a password."""
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    with school.app.session(school.id, writes=False) as db:
        kept = [row.token_hash for row in db.scalars(select(ResetLink))]
        mailed = [str(row) for row in db.scalars(select(OutboxItem.payload))]
    assert token.encode() not in kept
    assert not any(token in text for text in mailed)


def test_answer_is_the_same_for_known_and_unknown(web: Any, school: SchoolForTests) -> None:
    """ACC-02: the page, its address and its length tell nothing; only the known address gets a mail."""
    browsers = [web(school), web(school)]
    emails = (school.emails["teacher"], "nobody@elsewhere.example")
    answers = [
        one.submit("/forgotten", {"email": email}) for one, email in zip(browsers, emails, strict=True)
    ]
    pages = [page.text.replace(csrf_of(page), "") for page in (answer.follow() for answer in answers)]
    assert answers[0].location == answers[1].location
    assert pages[0] == pages[1]
    for what in ("own school", "spelling", "administrator"):
        assert what in pages[0]
    assert len(links(school)) == 1


@pytest.mark.parametrize("who", ["deactivated", "disabled", "other school"])
def test_no_link_for_who_may_not_log_in(
    web: Any, school: SchoolForTests, other_school: SchoolForTests, who: str
) -> None:
    """ACC-01, ACC-02: and the answer does not say so."""
    model: Any = User if who == "deactivated" else Account
    key = school.users["teacher"] if who == "deactivated" else account_of(school, "teacher")
    column = "deactivated_at" if who == "deactivated" else "disabled_at"
    email = school.emails["teacher"]
    if who == "other school":
        email = other_school.emails["teacher"]
    else:
        with school.app.transaction(school.id) as db:
            db.execute(update(model).where(model.id == key).values({column: utc_now()}))
    assert ask(web, school, email).location.endswith("/forgotten/sent")
    assert links(school) == []


def test_a_newer_link_stops_the_older(web: Any, school: SchoolForTests) -> None:
    """ACC-01."""
    ask(web, school, school.emails["teacher"])
    ask(web, school, school.emails["teacher"])
    old, new = links(school)
    assert "does not work any more" in text_of(choose(web, school, old))
    assert choose(web, school, new).status_int == 302


def test_links_an_hour_are_limited(web: Any, school: SchoolForTests) -> None:
    """ACC-13: nobody's mailbox is filled by a stranger; the answer stays the same."""
    for _ in range(accounts.LINKS_AN_HOUR + 2):
        assert ask(web, school, school.emails["teacher"]).location.endswith("/forgotten/sent")
    assert len(links(school)) == accounts.LINKS_AN_HOUR


def test_asking_from_one_address_is_limited(web: Any, school: SchoolForTests) -> None:
    """ACC-13: and so is trying address after address."""
    browser = web(school)
    token = browser.csrf()
    said = ""
    for number in range(60):
        fields = {"email": f"nobody{number}@elsewhere.example", "csrf_token": token}
        answer = browser.post("/forgotten", fields)
        if answer.status_int == 200:
            said = text_of(answer)
            break
    assert "Please wait" in said


@pytest.mark.parametrize(
    ("zone", "now", "midnight"),
    [
        ("Europe/London", "2026-11-23T09:00+00:00", "2026-11-24T00:00+00:00"),
        ("Europe/London", "2026-07-01T23:30+00:00", "2026-07-02T23:00+00:00"),  # already the 2nd there
        ("Europe/London", "2026-03-28T23:59+00:00", "2026-03-29T00:00+00:00"),  # the eve of summer time
        ("Europe/London", "2026-03-29T00:30+00:00", "2026-03-29T23:00+00:00"),  # a day of 23 hours
        ("Europe/London", "2026-10-25T00:30+00:00", "2026-10-26T00:00+00:00"),  # a day of 25 hours
        ("Pacific/Auckland", "2026-11-23T09:00+00:00", "2026-11-23T11:00+00:00"),
        ("America/St_Johns", "2026-11-23T03:00+00:00", "2026-11-23T03:30+00:00"),
        ("America/Santiago", "2026-09-05T12:00+00:00", "2026-09-06T04:00+00:00"),  # whose midnight is skipped
    ],
)
def test_link_works_until_midnight_at_the_school(
    web: Any, school: SchoolForTests, zone: str, now: str, midnight: str
) -> None:
    """ACC-01: midnight of the day it was sent, in the school's time zone."""
    with school.app.transaction(school.id) as db:
        db.execute(update(School).where(School.id == school.id).values(time_zone=zone))
    asked, end = dt.datetime.fromisoformat(now), dt.datetime.fromisoformat(midnight)
    with time_machine.travel(asked, tick=False):
        ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    with time_machine.travel(end - dt.timedelta(seconds=1), tick=False):
        assert "Choose a password" in text_of(web(school).get(f"/password/{token}"))
    with time_machine.travel(end, tick=False):
        assert "does not work any more" in text_of(web(school).get(f"/password/{token}"))
        assert "does not work any more" in text_of(choose(web, school, token))
    assert end.astimezone(ZoneInfo(zone)).date() == asked.astimezone(ZoneInfo(zone)).date() + dt.timedelta(
        days=1
    )


def test_of_two_requests_with_one_link_one_wins(web: Any, school: SchoolForTests) -> None:
    """ACC-01: single-use, also at the same moment."""
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    browsers = [web(school) for _ in range(4)]
    forms = [csrf_of(browser.get(f"/password/{token}")) for browser in browsers]

    def use(number: int) -> int:
        password = f"{NEW}-number-{number}"
        fields = {"password": password, "repeat": password, "csrf_token": forms[number]}
        return int(browsers[number].post(f"/password/{token}", fields).status_int)

    results = at_once(4, use)
    assert sorted(results) == [200, 200, 200, 302]
    winner = results.index(302)
    assert log_in(web(school), school, "teacher", f"{NEW}-number-{winner}").status_int == 302


def test_link_of_another_school_is_nothing(
    web: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-01: a link works at its own school's address."""
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    assert "does not work any more" in text_of(choose(web, other_school, token))


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "at least 10 characters"),
        ("password1234", "easy to guess"),
        ("tariqteacher", "easy to guess"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "easy to guess"),
        ("x7#" * 400, "at most 1000 characters"),
        ("", "Type a new password"),
    ],
)
def test_weak_and_endless_passwords_are_refused(
    web: Any, school: SchoolForTests, password: str, said: str
) -> None:
    """ACC-13: beside the field, and the link is not used up by it."""
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    assert said in text_of(choose(web, school, token, password))
    assert "not the same" in text_of(choose(web, school, token, NEW, repeat="something else"))
    assert choose(web, school, token).status_int == 302


@pytest.mark.parametrize("password", [LONG, "Übergröße-ñandú-Ωμέγα-漢字", "🦔 hedgehog under 🌉 bridge"])
def test_long_and_foreign_passwords_work(web: Any, school: SchoolForTests, password: str) -> None:
    """ACC-13: 1,000 characters and every script, in whichever form a keyboard sends it."""
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    assert choose(web, school, token, password).status_int == 302
    assert log_in(web(school), school, "teacher", password).status_int == 302
    assert log_in(web(school), school, "teacher", password[:-1]).status_int == 200


def test_password_is_the_same_in_another_unicode_form(web: Any, school: SchoolForTests) -> None:
    """ACC-13: a Mac sends e + accent where Windows sends é."""
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    assert choose(web, school, token, "caf\u00e9-lantern-quiet-river").status_int == 302
    assert log_in(web(school), school, "teacher", "cafe\u0301-lantern-quiet-river").status_int == 302


def test_password_with_a_nul_is_refused(web: Any, school: SchoolForTests) -> None:
    """ACC-13: with a page, never an error."""
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    assert choose(web, school, token, "lantern\0harbour-quiet-eleven").status_int == 400
    assert choose(web, school, token).status_int == 302


def test_new_password_ends_the_lock_out(web: Any, school: SchoolForTests) -> None:
    """ACC-01, ACC-13: who forgot the password and locked themselves out logs in with the new one."""
    for _ in range(6):
        log_in(web(school), school, "teacher", "not the password")
    with school.app.transaction(None) as db:  # as if the pauses had been waited for
        from cpoms_core.access.models import FailureCount
        from cpoms_core.access.throttle import ACCOUNT_TRIES, account_key

        key = account_key(school.id, accounts.email_key(school.emails["teacher"]))
        db.get_one(FailureCount, key).failures = ACCOUNT_TRIES
    assert "Please wait" in text_of(log_in(web(school), school, "teacher"))
    ask(web, school, school.emails["teacher"])
    choose(web, school, links(school)[0])
    assert log_in(web(school), school, "teacher", NEW).status_int == 302
