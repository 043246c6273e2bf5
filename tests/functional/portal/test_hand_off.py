"""From an SSO account to a school (ACC-03): one log-in, one key, a code that works once, for one browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import form_with, text_of
from logging_in import at_once, events
from several_schools import Tabs, code_of, deliver
from sqlalchemy import select, update

from cpoms_core.access.models import Account, HandOff, LoginSession, SoftKey, User
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.portal.services import end_membership, revive_membership
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import PASSWORD, SchoolForTests
from cpoms_core.testing.sso import SsoForTests

UNFINISHED = "This log-in was not finished"


def way_in(browser: Tabs, school: SchoolForTests, query: str = "") -> str:
    """Goes as far as the code: the address at the school that uses it up."""
    to_accounts = browser.at(school).get(f"/sso{query}")
    back = browser.open(to_accounts.location)
    assert back.status_int == 302, text_of(back)
    return str(back.location)


def is_in(browser: Tabs, school: SchoolForTests) -> bool:
    return bool(browser.at(school).get("/account", expect_errors=True).status_int == 200)


def session_at(browser: Tabs, school: SchoolForTests) -> LoginSession:
    with school.app.session(None, writes=False) as db:
        return db.get_one(LoginSession, hashed(browser.at(school).session))


def deactivate(school: SchoolForTests, who: str = "lead") -> None:
    with school.app.transaction(school.id) as db:
        user = db.get_one(User, (school.id, school.users[who]))
        user.deactivated_at = utc_now()
        end_membership(db, user, utc_now())


# --- one log-in, one key


def test_one_log_in_opens_both_schools(
    tabs: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03: from the school's page to the accounts' own host and back; the other school without logging in
    again, with the same access."""
    browser: Tabs = tabs()
    page = browser.enter(school)
    assert page.request.host == school.host
    assert "Elevate your access" not in text_of(page)
    other = browser.go_to(other_school)
    assert other.request.host == other_school.host and other.status_int == 200
    for one in (school, other_school):
        session = session_at(browser, one)
        assert (session.access, session.key_id) == ("elevated", browser.sso.key_id)
        assert session.user_id == one.users["lead"]


def test_without_the_key_every_school_is_restricted_until_it_is_used(
    tabs: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03, ACC-07: elevating at a school goes to the accounts' own host and comes back elevated; then the
    other school asks for no key. What is open at the other school goes on meanwhile."""
    browser: Tabs = tabs()
    browser.enter(school, key=False)
    page = browser.go_to(other_school)
    assert "Elevate your access" in text_of(page)
    before = browser.at(other_school).session
    step = browser.go_to(school, "/elevate?next=/account")
    assert step.request.host == browser.sso.host and "Use your key" in text_of(step)
    form = form_with(step, "code")
    form["code"] = code_of(browser.sso)
    done = browser.follow(form.submit())
    assert (done.request.host, done.request.path) == (school.host, "/account")
    assert session_at(browser, school).access == "elevated"
    assert is_in(browser, other_school) and browser.at(other_school).session == before
    assert session_at(browser, other_school).access == "restricted"
    assert browser.go_to(other_school, "/elevate").request.host == other_school.host
    assert session_at(browser, other_school).access == "elevated"


def test_key_that_is_removed_elevates_no_school(
    tabs: Any, sso: SsoForTests, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03, ACC-11: neither the session that is there nor one that is handed over later."""
    browser: Tabs = tabs()
    browser.enter(school)
    with sso.app.transaction(None) as db:
        db.execute(update(SoftKey).where(SoftKey.id == sso.key_id).values(removed_at=utc_now()))
    assert browser.at(school).get("/admin", expect_errors=True).status_int == 404
    browser.go_to(other_school)
    assert session_at(browser, other_school).access == "restricted"


def test_a_schools_own_rule_on_keys_holds(tabs: Any, school: SchoolForTests) -> None:
    """ACC-15: at a school with "a key for everyone" an SSO session without one reaches its account only."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "key_for_everyone", "y")
    browser: Tabs = tabs()
    page = browser.enter(school, key=False)
    assert page.request.path == "/account"
    assert f"{school.app.deployment.accounts_address}/" in page.text


# --- codes in the wrong hands


def test_code_works_once(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03: used again in the same browser it opens nothing, and the session that is there goes on."""
    browser: Tabs = tabs().with_portal()
    address = way_in(browser, school)
    assert browser.open(address).status_int == 302
    again = browser.open(address)
    assert again.status_int == 400 and UNFINISHED in text_of(again)
    assert is_in(browser, school)


def test_of_parallel_uses_of_a_code_one_wins(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03."""
    browser: Tabs = tabs().with_portal()
    address = way_in(browser, school)
    browser.at(school)
    assert sorted(at_once(4, lambda _: browser.open(address).status_int)) == [302, 400, 400, 400]
    assert events(school).count("login.sso") == 1


def test_code_runs_out(tabs: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-03: after 30 seconds."""
    browser: Tabs = tabs().with_portal()
    address = way_in(browser, school)
    clock(seconds=31)
    assert browser.open(address).status_int == 400
    assert not is_in(browser, school)


def test_stolen_code_opens_nothing_in_another_browser(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03: neither with no state nor with that of its own way, and it is used up by the try."""
    mine, thief = tabs().with_portal(), tabs()
    for prepared in (False, True):
        address = way_in(mine, school)
        if prepared:
            thief.at(school).get("/sso")  # has a state cookie of its own
        assert thief.open(address).status_int == 400
        assert "session" not in thief.at(school).cookies
        assert mine.open(address).status_int == 400


def test_nobody_is_logged_in_as_somebody_else(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03: an address with the attacker's code does not put the attacker's session into a browser."""
    attacker, victim = tabs().with_portal(), tabs()
    victim.at(school).get("/sso")
    assert victim.open(way_in(attacker, school)).status_int == 400
    assert not is_in(victim, school)


def test_code_of_one_school_is_nothing_at_another(
    tabs: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03."""
    browser: Tabs = tabs().with_portal()
    address = way_in(browser, school)
    browser.at(other_school).get("/sso")
    browser.at(other_school).set_cookie("sso-state", browser.at(school).cookies["sso-state"].strip('"'))
    assert browser.open(address.replace(school.host, other_school.host)).status_int == 400
    assert not is_in(browser, other_school)


@pytest.mark.parametrize("code", ["", "x", "%00", "é" * 50, "A" * 5000])
def test_impossible_codes_are_refused(tabs: Any, school: SchoolForTests, code: str) -> None:
    """ACC-03: with a page, never an error."""
    browser: Tabs = tabs()
    browser.at(school).get("/sso")
    answer = browser.at(school).get("/sso/enter", {"code": code}, expect_errors=True)
    assert answer.status_int == 400


def test_code_is_kept_nowhere(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03: a hash only; and the accounts' own host never sees the state itself."""
    browser: Tabs = tabs().with_portal()
    address = way_in(browser, school)
    code = parse_qs(urlsplit(address).query)["code"][0]
    state = browser.at(school).cookies["sso-state"].strip('"')
    with school.app.session(None, writes=False) as db:
        rows = db.scalars(select(HandOff).where(HandOff.school_id == school.id)).all()
    assert hashed(code) in [row.token_hash for row in rows]
    assert hashed(state) in [row.state_hash for row in rows]
    assert state not in browser.at(school).get("/sso").location


@pytest.mark.parametrize("state", ["", "x", "0" * 63, "g" * 64, "0" * 65])
def test_impossible_states_are_refused(tabs: Any, school: SchoolForTests, state: str) -> None:
    """ACC-03: at the accounts' own host."""
    browser: Tabs = tabs().with_portal()
    answer = browser.accounts.get(f"/go/{school.slug}", {"state": state}, expect_errors=True)
    assert answer.status_int == 404


# --- addresses


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"]
)
def test_no_other_site_comes_after_it(tabs: Any, school: SchoolForTests, target: str) -> None:
    """ACC-03: not at the way out, at the accounts' own host, or at the way in."""
    browser: Tabs = tabs().with_portal()
    out = browser.at(school).get("/sso", {"next": target})
    assert "evil" not in out.location and "javascript" not in out.location
    state = parse_qs(urlsplit(out.location).query)["state"][0]
    on = browser.accounts.get(f"/go/{school.slug}", {"state": state, "next": target})
    assert "evil" not in on.location and "javascript" not in on.location
    code = parse_qs(urlsplit(on.location).query)["code"][0]
    entered = browser.at(school).get("/sso/enter", {"code": code, "next": target})
    assert entered.location == f"http://{school.host}/"
    login = browser.accounts.get("/login", {"next": target})
    assert "evil" not in login.location and "javascript" not in login.location


def test_addresses_of_other_hosts_are_the_configured_ones(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03: whatever port the request came to."""
    browser: Tabs = tabs().with_portal()
    deployment = school.app.deployment
    out = browser.at(school).get("/sso", extra_environ={"HTTP_HOST": f"{school.host}:81"})
    assert out.location.startswith(f"{deployment.accounts_address}/go/{school.slug}?")
    assert way_in(browser, school).startswith(f"{deployment.school_address(school.slug)}/sso/enter?")


def test_forms_of_the_accounts_host_lead_to_our_schools_only(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03: browsers count the school that a log-in leads on to as the form's target."""
    policy = tabs().accounts.get("/login").headers["Content-Security-Policy"]
    assert f"form-action 'self' {school.app.deployment.school_address('*')};" in policy
    assert "form-action 'self';" in tabs().at(school).get("/login").headers["Content-Security-Policy"]


def test_going_on_where_one_wanted_to(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03: the page that was asked for at the school comes after password and key."""
    browser: Tabs = tabs()
    page = browser.log_in(browser.go_to(school, "/sso?next=/incidents/add"))
    assert (page.request.host, page.request.path) == (school.host, "/incidents/add")


# --- who may not


def test_deactivated_at_one_school_only(
    tabs: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03, USR-02: that school's session ends and it refuses; the other goes on. Revived, it opens."""
    browser: Tabs = tabs()
    browser.enter(school)
    browser.go_to(other_school)
    deactivate(school)
    assert not is_in(browser, school)
    assert is_in(browser, other_school)
    refused = browser.go_to(school)
    assert refused.status_int == 404 and "does not open this school" in text_of(refused)
    assert school.slug not in text_of(browser.accounts.get("/"))
    with school.app.transaction(school.id) as db:
        user = db.get_one(User, (school.id, school.users["lead"]))
        user.deactivated_at = None
        revive_membership(db, user)
    assert browser.go_to(school).request.host == school.host and is_in(browser, school)


def test_user_who_was_deactivated_while_the_code_travelled(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03."""
    browser: Tabs = tabs().with_portal()
    address = way_in(browser, school)
    deactivate(school)
    assert browser.open(address).status_int == 400


def test_disabled_account_is_out_everywhere(
    tabs: Any, sso: SsoForTests, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03: at its next request, in every tab; and nobody logs in to it."""
    browser: Tabs = tabs()
    browser.enter(school)
    browser.go_to(other_school)
    with sso.app.transaction(None) as db:
        db.execute(update(Account).where(Account.id == sso.id).values(disabled_at=utc_now()))
    assert not is_in(browser, school) and not is_in(browser, other_school)
    page = browser.go_to(school)
    assert page.request.path == "/login" and page.request.host == sso.host
    assert "is not right" in text_of(browser.log_in(page, key=False))


def test_own_account_of_the_school_is_gone(web: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-03: who has an SSO account logs in there, and not at the school's own form."""
    browser = web(school)
    answer = browser.submit("/login", {"email": sso.email, "password": PASSWORD})
    assert "is not right" in text_of(answer)


def test_identity_accounts_do_not_log_in_there(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03: the accounts' own host knows accounts of several schools only, and says nothing of others."""
    browser: Tabs = tabs()
    page = browser.accounts.submit("/login", {"email": school.emails["head"], "password": PASSWORD})
    unknown = browser.accounts.submit("/login", {"email": "nobody@x.example", "password": PASSWORD})
    assert "is not right" in text_of(page) and text_of(page) == text_of(unknown)


# --- ending


def test_logging_out_at_a_school_logs_out_everywhere(
    tabs: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03: one log-in, so one log-out, and the page says so."""
    browser: Tabs = tabs()
    browser.enter(school)
    browser.go_to(other_school)
    page = browser.at(school).submit("/logout").follow()
    assert "logged out, at all your schools" in text_of(page)
    assert not is_in(browser, school) and not is_in(browser, other_school)
    assert browser.go_to(other_school).request.host == browser.sso.host
    deliver(school.app)
    assert events(school).count("logout") == 1 and events(other_school).count("logout") == 1


def test_logging_out_of_the_portal_ends_the_schools(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03."""
    browser: Tabs = tabs()
    browser.enter(school)
    assert "at all your schools" in text_of(browser.accounts.submit("/logout").follow())
    assert not is_in(browser, school)


def test_another_log_in_of_the_same_account_goes_on(tabs: Any, school: SchoolForTests) -> None:
    """ACC-03: logging out in one browser is not logging out in all; "everywhere" is."""
    one, two = tabs(), tabs().with_portal()
    one.enter(school)
    two.go_to(school)
    one.at(school).submit("/logout")
    assert is_in(two, school)
    assert "at all your schools" in text_of(two.accounts.submit("/account/log-ins/end").follow())
    assert not is_in(two, school)


# --- idle


def test_idle_log_in_needs_the_password_again(tabs: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-12: after 15 minutes; then it goes on where it wanted to, with its key."""
    browser: Tabs = tabs().with_portal()
    clock(minutes=16)
    page = browser.go_to(school)
    assert page.request.path == "/session/unlock"
    form = form_with(page, "password")
    form["password"] = "not the password"
    page = form.submit()
    assert "That is not your password" in text_of(page)
    form = form_with(page, "password")
    form["password"] = PASSWORD
    assert browser.follow(form.submit()).request.host == school.host
    assert session_at(browser, school).access == "elevated"


def test_work_at_a_school_keeps_the_log_in_awake(
    tabs: Any, school: SchoolForTests, other_school: SchoolForTests, clock: Any
) -> None:
    """ACC-03, ACC-12: who works at one school goes on to the other without the password."""
    browser: Tabs = tabs()
    browser.enter(school)
    for _ in range(4):
        clock(minutes=10)
        assert is_in(browser, school)
    assert browser.go_to(other_school).request.host == other_school.host


def test_longest_is_twelve_hours(tabs: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-12."""
    browser: Tabs = tabs()
    browser.enter(school)
    for _ in range(75):
        clock(minutes=10)
        browser.at(school).get("/account", expect_errors=True)
    assert not is_in(browser, school)
    assert browser.go_to(school).request.path == "/login"


def test_a_locked_session_is_not_got_around(tabs: Any, school: SchoolForTests) -> None:
    """ACC-12: who finds a screen locked at a school gets no other session there without the password, with
    the cookie or without it."""
    browser: Tabs = tabs()
    browser.enter(school)
    browser.at(school).submit("/session/lock")
    assert browser.go_to(school).request.path == "/session/unlock"
    browser.at(school).reset()
    assert browser.go_to(school).request.path == "/session/unlock"


def test_a_school_that_allows_less_idle_time_asks_sooner(
    tabs: Any, school: SchoolForTests, other_school: SchoolForTests, clock: Any
) -> None:
    """ACC-12: by its own setting; another school does not."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "idle_minutes", "5")
    browser: Tabs = tabs().with_portal()
    clock(minutes=6)
    assert browser.go_to(other_school).request.host == other_school.host
    browser = tabs().with_portal()
    clock(minutes=6)
    assert browser.go_to(school).request.path == "/session/unlock"


# --- the security log


def test_every_school_reads_the_log_ins(
    tabs: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03: a try at the accounts' own host stands in the security log of each school, once, with result,
    key, address and browser; entering a school in that school's only."""
    browser: Tabs = tabs()
    page = browser.go_to(school)
    page = browser.log_in(page, key=False, password="not the password")
    browser.log_in(page)
    deliver(school.app)
    deliver(school.app)
    for one, entered in ((school, 1), (other_school, 0)):
        with one.app.session(one.id, writes=False) as db:
            rows = list(db.scalars(select(AuditEntry).where(AuditEntry.event.startswith("login."))))
        mine = [row for row in rows if row.user_id == one.users["lead"]]
        found = {row.event: row for row in mine}
        tried = ("login.wrong-password", "login.restricted", "login.elevated")
        for event in tried:
            assert [row.event for row in mine].count(event) == 1, event
            assert found[event].ip.startswith("2001:db8:1::") and "browser" in found[event].details
            assert found[event].subjects == [str(one.users["lead"])]
        assert found["login.elevated"].details["key"] == str(browser.sso.key_id)
        assert [row.event for row in mine].count("login.sso") == entered
