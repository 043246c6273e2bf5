"""Logging in by a school's own OpenID provider (ACC-14), with a real one on this machine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from browsing import text_of
from sqlalchemy import select, update

from cpoms_core.access import throttle
from cpoms_core.access.models import LoginSession, OpenIdProvider, OpenIdSubject, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.testing.schools import SchoolForTests

Offer = Callable[..., str]
Person = Callable[..., str]


def say_yes(address: str, subject: str) -> str:
    """Logs in at the provider as somebody; returns the path and query to which it sends them back."""
    answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=60)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def round_trip(browser: Any, start: str, subject: str) -> Any:
    """Goes to the provider, says yes there as somebody, and comes back."""
    address = browser.get(start).location
    return browser.get(say_yes(address, subject), expect_errors=True)


def own_session(school: SchoolForTests, who: str) -> LoginSession | None:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(
            select(LoginSession)
            .where(LoginSession.user_id == school.users[who], LoginSession.ended_at.is_(None))
            .order_by(LoginSession.created_at.desc())
        ).first()


def last_entry(school: SchoolForTests) -> AuditEntry:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())).first()


def test_it_is_off_until_a_school_enables_it(web: Any, school: SchoolForTests, offer: Offer) -> None:
    """ACC-14: no button, and no address that answers."""
    assert "Log in with" not in text_of(web(school).get("/login"))
    start = offer(enabled=False)
    assert "Log in with" not in text_of(web(school).get("/login"))
    assert web(school).get(start, expect_errors=True).status_int == 404


def test_a_known_address_begins_a_restricted_session(
    web: Any, school: SchoolForTests, offer: Offer, person: Person
) -> None:
    """ACC-14: restricted, also for a key holder, who is asked for the key next; the try is written down."""
    start = offer()
    browser = web(school)
    button = browser.get("/login").html.find("a", string="Log in with Trust log-in")
    assert button["href"] == f"{start}?next=%2F"
    subject = person("lead-there", email=school.emails["lead"].upper(), email_verified=True)
    answer = round_trip(browser, button["href"], subject)
    assert urlsplit(answer.location).path == "/elevate"
    found = own_session(school, "lead")
    assert found is not None and found.access == "restricted" and not found.provider_vouched
    entry = last_entry(school)
    assert (entry.event, entry.details["provider"]) == ("login.restricted", "Trust log-in")


def test_what_is_sent_to_the_provider(web: Any, school: SchoolForTests, offer: Offer) -> None:
    """Hostile input 3: the way back is the school's configured address; state, nonce and PKCE are new each
    time, and no secret leaves."""
    start, browser = offer(), web(school)
    sent = []
    for _ in range(2):
        address = browser.get(start).location
        sent.append({name: values[0] for name, values in parse_qs(urlsplit(address).query).items()})
    first, second = sent
    assert first["redirect_uri"] == school.app.deployment.school_address(school.slug) + "/openid/back"
    assert first["code_challenge_method"] == "S256" and first["response_type"] == "code"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 32 and first[name] != second[name]
    assert "s3cret" not in str(first)


@pytest.mark.parametrize(
    ("counts_as_key", "amr", "access"),
    [
        (True, ["pwd", "mfa"], "elevated"),
        (True, ["pwd"], "restricted"),
        (True, None, "restricted"),
        (True, "mfa", "restricted"),
        (False, ["pwd", "mfa"], "restricted"),
    ],
)
def test_a_second_factor_there_counts_only_where_the_school_says_so(
    web: Any,
    school: SchoolForTests,
    offer: Offer,
    person: Person,
    counts_as_key: bool,
    amr: Any,
    access: str,
) -> None:
    """ACC-14: asserted by the provider (RFC 8176) and allowed by the school, both."""
    start, browser = offer(counts_as_key=counts_as_key), web(school)
    claims = {"email": school.emails["head"], "email_verified": True} | ({"amr": amr} if amr else {})
    round_trip(browser, start, person(f"head-{school.id}-{access}-{counts_as_key}-{amr}", **claims))
    found = own_session(school, "head")
    assert found is not None and found.access == access
    assert (browser.get("/admin", expect_errors=True).status_int == 404) or access == "elevated"
    assert ('name="q"' in browser.get("/").text) == (access == "elevated")


def test_a_vouched_session_ends_when_that_counts_no_longer(
    web: Any, school: SchoolForTests, offer: Offer, person: Person
) -> None:
    """ACC-14: the school takes it back: who was in by it is out with the next request."""
    start, browser = offer(counts_as_key=True), web(school)
    claims = {"email": school.emails["head"], "email_verified": True, "amr": ["mfa"]}
    round_trip(browser, start, person(f"head-out-{school.id}", **claims))
    assert browser.get("/").status_int == 200
    admin = web(school, "admin")
    page = admin.get(start.replace("/openid/", "/admin/providers/"))
    form = next(form for form in page.forms.values() if "issuer" in form.fields)
    form["counts_as_key"] = False
    assert form.submit().status_int == 303
    assert browser.get("/").location.endswith("/login")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"email": "{lead}"}, "not verified"),
        ({"email": "{lead}", "email_verified": "true"}, "verified by a word"),
        ({"email": "{lead}", "email_verified": False}, "said to be not verified"),
        ({"email": "nobody@else.example", "email_verified": True}, "unknown"),
        ({"email": "{other}", "email_verified": True}, "of another school"),
        ({"preferred_username": "{lead}"}, "a name for showing"),
        ({"email": ["{lead}"], "email_verified": True}, "not a text"),
        ({}, "nothing"),
    ],
)
def test_an_address_that_nobody_stands_for_opens_nothing(
    web: Any,
    school: SchoolForTests,
    other_school: SchoolForTests,
    offer: Offer,
    person: Person,
    claims: dict[str, Any],
    reason: str,
) -> None:
    """ACC-14: only an address that the provider verified, of an active user of this school."""
    names = {"{lead}": school.emails["lead"], "{other}": other_school.emails["lead"]}
    filled = {
        key: names.get(value, value)
        if isinstance(value, str)
        else [names[one] for one in value]
        if isinstance(value, list)
        else value
        for key, value in claims.items()
    }
    start, browser = offer(), web(school)
    answer = round_trip(browser, start, person(f"{reason.replace(' ', '-')}-{school.id}", **filled))
    assert "nobody of this school has that address" in text_of(answer)
    assert "session" not in browser.cookies and own_session(school, "lead") is None
    assert last_entry(school).event == "login.provider-failed"


def test_the_provider_s_own_name_for_a_person_stays_theirs(
    web: Any, school: SchoolForTests, offer: Offer, person: Person
) -> None:
    """ACC-14: whoever is given an address that was somebody else's does not become them; and who changed
    their address there is still themselves."""
    start = offer()
    first = person(f"first-{school.id}", email=school.emails["head"], email_verified=True)
    round_trip(web(school), start, first)
    assert own_session(school, "head") is not None
    second = person(f"second-{school.id}", email=school.emails["head"], email_verified=True)
    stranger = web(school)
    assert "nobody of this school" in text_of(round_trip(stranger, start, second))
    person(first, email="new-name@trust.example", email_verified=True)
    again = web(school)
    assert round_trip(again, start, first).status_int == 302 and again.get("/").status_int == 200
    with school.app.session(school.id, writes=False) as db:
        assert list(db.scalars(select(OpenIdSubject.subject))) == [first]


@pytest.mark.parametrize("table", ["user", "provider"])
def test_a_deactivated_user_or_provider_opens_nothing(
    web: Any, school: SchoolForTests, offer: Offer, person: Person, table: str
) -> None:
    """ACC-14, USR-02: also one who logged in by it before, and one under way while it is switched off."""
    start = offer()
    subject = person(f"{table}-{school.id}", email=school.emails["head"], email_verified=True)
    round_trip(web(school), start, subject)
    browser = web(school)
    back = say_yes(browser.get(start).location, subject)
    with school.app.transaction(school.id) as db:
        if table == "user":
            db.execute(update(User).where(User.id == school.users["head"]).values(deactivated_at=utc_now()))
        else:
            db.execute(update(OpenIdProvider).values(enabled=False))
    answer = browser.get(back, expect_errors=True)
    assert "session" not in browser.cookies
    assert answer.status_int in (200, 404)


def test_what_comes_back_belongs_to_one_browser_one_time(
    web: Any, school: SchoolForTests, offer: Offer, person: Person
) -> None:
    """ACC-14, hostile input 3: without the cookie, with another state, twice, or too late: start again."""
    start = offer()
    subject = person(f"once-{school.id}", email=school.emails["head"], email_verified=True)
    browser = web(school)
    back = say_yes(browser.get(start).location, subject)
    assert web(school).get(back).location.endswith("said=provider-unfinished")  # stolen: no cookie
    other = web(school)
    other.get(start)
    assert other.get(back).location.endswith("said=provider-unfinished")  # the state of another log-in
    assert browser.get(back).status_int == 302 and "session" in browser.cookies
    assert "said=provider-unfinished" in browser.get(back).location
    late = web(school)
    back = say_yes(late.get(start).location, subject)
    with time_machine.travel(utc_now() + dt.timedelta(minutes=11), tick=True):
        assert "said=provider-unfinished" in late.get(back).location


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"]
)
def test_it_leads_on_to_this_school_only(
    web: Any, school: SchoolForTests, offer: Offer, person: Person, target: str
) -> None:
    """Hostile input 3: where to go on is a local path."""
    start = offer()
    subject = person(f"on-{school.id}", email=school.emails["teacher"], email_verified=True)
    browser = web(school)
    address = browser.get(start, {"next": target}).location
    assert browser.get(say_yes(address, subject)).location.endswith("/elevate?next=%2F")


def test_a_refusal_there_is_said_here(web: Any, school: SchoolForTests, offer: Offer) -> None:
    """ACC-14: the person pressed Cancel at the provider."""
    browser = web(school)
    state = parse_qs(urlsplit(browser.get(offer()).location).query)["state"][0]
    answer = browser.get("/openid/back", {"error": "access_denied", "state": state})
    assert "was not finished" in text_of(answer) and "session" not in browser.cookies


def test_a_provider_that_does_not_answer_says_so(web: Any, school: SchoolForTests, offer: Offer) -> None:
    """ACC-14: no error page, and the password still works."""
    start = offer()
    with school.app.transaction(school.id) as db:
        db.execute(update(OpenIdProvider).values(issuer="http://localhost:9"))
    answer = web(school).get(start)
    assert "could not be reached just now" in text_of(answer)


def test_a_whole_school_behind_one_address_gets_in(
    web: Any, school: SchoolForTests, offer: Offer, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACC-14, ACC-13: a try that the provider stood for is given back; those it did not stand for count."""
    monkeypatch.setattr(throttle, "ADDRESS_TRIES", 2)
    start = offer()
    subject = person("everybody", email=school.emails["teacher"], email_verified=True)
    for _ in range(4):
        assert urlsplit(round_trip(web(school), start, subject).location).path in ("/", "/elevate")
    for _ in range(2):
        browser = web(school)
        back = say_yes(browser.get(start).location, subject).replace("code=", "code=wrong")
        assert "You are not logged in yet" in text_of(browser.get(back))
    assert "too many tries" in text_of(round_trip(web(school), start, subject))
