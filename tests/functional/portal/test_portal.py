"""The portal of an SSO account: its addresses, password, keys and log-ins (ACC-04)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from browsing import csrf_of, form_with, text_of
from logging_in import at_once, events
from several_schools import Tabs, code_of, deliver, letters, link_in
from sqlalchemy import select, update

from cpoms_core.access import passwords
from cpoms_core.access.models import Account, EmailChange, Membership, PortalSession, SoftKey
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.outbox.outcomes import NotOwed
from cpoms_core.outbox.wording import LETTERS
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import PASSWORD, SchoolForTests
from cpoms_core.testing.sso import SsoForTests, sso_of

NEW = "quiet-harbour-eleven-lanterns"
OTHER = "new.address@trust.example"


def email_of(sso: SsoForTests) -> str:
    with sso.app.session(None, writes=False) as db:
        return db.get_one(Account, sso.id).email


def alerts_of(sso: SsoForTests, school: SchoolForTests) -> str | None:
    with sso.app.session(None, writes=False) as db:
        return db.get_one(Membership, (sso.id, school.id)).alert_email


def ask_email(browser: Tabs, email: str, password: str = PASSWORD) -> Any:
    return browser.accounts.submit("/account/email", {"email": email, "present": password})


def open_link(browser: Tabs, path: str) -> Any:
    """Presses the button of the page that a link leads to."""
    tab = browser.accounts
    page = tab.get(path)
    return tab.post(path, {"csrf_token": csrf_of(page)}, expect_errors=True)


# --- the address to log in with


def test_email_changes_when_the_link_is_confirmed(
    tabs: Any, sso: SsoForTests, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-04: a link to the new address; nothing changes before; the old address is told; it works once."""
    browser: Tabs = tabs().with_portal()
    new = f"{school.slug}@trust.example"
    page = ask_email(browser, new).follow()
    assert "A link was sent to the new address" in text_of(page)
    (asked,) = letters(school, "confirm-email")
    assert asked["To"] == new and letters(other_school, "confirm-email") == []
    path = link_in(asked)
    shown = browser.accounts.get(path)
    assert new in text_of(shown) and email_of(sso) == sso.email  # mail programs open links by themselves
    assert open_link(browser, path).status_int == 302
    assert email_of(sso) == new
    (told,) = letters(school, "email-changed")
    assert told["To"] == sso.email and new not in told.get_content()
    for used in (path, f"/confirm/{'x' * 43}"):
        assert "does not work any more" in text_of(browser.accounts.get(used))
    fresh: Tabs = tabs()
    assert "is not right" in text_of(
        fresh.accounts.submit("/login", {"email": sso.email, "password": PASSWORD})
    )
    fresh.accounts.submit("/login", {"email": new, "password": PASSWORD})
    assert "portal" in fresh.accounts.cookies
    deliver(school.app)
    assert "account.email-changed" in events(school) and "account.email-changed" in events(other_school)


def test_of_parallel_uses_of_a_link_one_wins(tabs: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-04."""
    browser: Tabs = tabs().with_portal()
    ask_email(browser, f"{school.slug}@trust.example")
    path = link_in(letters(school, "confirm-email")[0])
    others = [tabs() for _ in range(4)]
    tokens = [csrf_of(one.accounts.get(path)) for one in others]

    def use(number: int) -> int:
        answer = others[number].accounts.post(path, {"csrf_token": tokens[number]}, expect_errors=True)
        return int(answer.status_int)

    assert sorted(at_once(4, use)) == [200, 200, 200, 302]
    assert len(letters(school, "email-changed")) == 1


def test_a_newer_link_stops_the_older(tabs: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-04: and it stops at midnight of the first school's day."""
    browser: Tabs = tabs().with_portal()
    ask_email(browser, f"one-{school.slug}@trust.example")
    old = link_in(letters(school, "confirm-email")[0])
    ask_email(browser, f"two-{school.slug}@trust.example")
    assert "does not work any more" in text_of(browser.accounts.get(old))
    with sso.app.session(None, writes=False) as db:
        change = db.scalars(
            select(EmailChange).where(EmailChange.account_id == sso.id, EmailChange.used_at.is_(None))
        ).one()
        zone = ZoneInfo(db.get_one(School, school.id).time_zone)
    end = change.expires_at.astimezone(zone)
    assert (end.hour, end.minute) == (0, 0)
    assert end.date() == change.created_at.astimezone(zone).date() + dt.timedelta(days=1)
    with pytest.raises(NotOwed):
        letters(school, "confirm-email")  # the older one is sent to nobody any more


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("no address", "not an e-mail address"),
        ("a@b\r\nBcc: x@evil.example", "not an e-mail address"),
        ("a@b.example, c@evil.example", "not an e-mail address"),
        ("jörg@trust.example", "accents"),
        ("x" * 250 + "@trust.example", "254"),
        ("", "Type the e-mail address"),
    ],
)
def test_impossible_addresses_are_refused(
    tabs: Any, sso: SsoForTests, school: SchoolForTests, email: str, said: str
) -> None:
    """ACC-04: beside the field; nothing is mailed."""
    answer = ask_email(tabs().with_portal(), email)
    assert said in text_of(answer)
    assert letters(school, "confirm-email") == []


def test_address_with_a_foreign_domain_is_written_plainly(
    tabs: Any, sso: SsoForTests, school: SchoolForTests
) -> None:
    """ACC-04: a domain in other letters is kept as mail servers know it."""
    browser: Tabs = tabs().with_portal()
    ask_email(browser, "head@schüle.example")
    (letter,) = letters(school, "confirm-email")
    assert letter["To"] == "head@xn--schle-mva.example"


def test_addresses_of_others_are_refused(
    tabs: Any, sso: SsoForTests, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-04, USR-11: another user's at one of the schools, and what one school's list of domains leaves
    out, also where the list was made after the link was sent."""
    browser: Tabs = tabs().with_portal()
    assert "Another account" in text_of(ask_email(browser, other_school.emails["head"]))
    assert "This is the address that the account has" in text_of(ask_email(browser, sso.email.upper()))
    ask_email(browser, f"{school.slug}@trust.example")
    with other_school.app.transaction(other_school.id) as db:
        change_setting(db, "email_domains", "other.example")
    assert "other.example" in text_of(ask_email(browser, f"x-{school.slug}@trust.example"))
    answer = open_link(browser, link_in(letters(school, "confirm-email")[0]))
    assert answer.status_int == 200 and "other.example" in text_of(answer)
    assert email_of(sso) == sso.email


def test_address_that_was_taken_meanwhile(
    tabs: Any, sso: SsoForTests, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-04: of two SSO accounts that want one address, the first to confirm has it."""
    second = sso_of([school, other_school], "head")
    wanted = f"{school.slug}@trust.example"
    ask_email(tabs().with_portal(), wanted)
    with second.app.transaction(None) as db:
        db.execute(
            update(Account).where(Account.id == second.id).values(email=wanted, email_key=wanted.casefold())
        )
    answer = open_link(tabs(), link_in(letters(school, "confirm-email")[0]))
    assert "Another account has this e-mail address" in text_of(answer)
    assert email_of(sso) == sso.email


def test_email_needs_the_password(tabs: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-04: who finds an open portal takes nothing over; tries are counted and written down."""
    browser: Tabs = tabs().with_portal()
    assert "That is not your password" in text_of(ask_email(browser, OTHER, "not the password"))
    assert letters(school, "confirm-email") == []
    assert events(school)[-1] == "login.wrong-password"


def test_links_an_hour_are_limited(tabs: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-04, ACC-13: nobody's mailbox is filled."""
    browser: Tabs = tabs().with_portal()
    said = [text_of(ask_email(browser, f"x{n}-{school.slug}@trust.example")) for n in range(6)]
    assert ["Too many links" in text for text in said] == [False] * 5 + [True]


# --- the address of a school's mails


def test_alerts_of_one_school_go_where_its_user_wants_them(
    tabs: Any, sso: SsoForTests, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03: an address for each school, confirmed there and told to the old one; security letters go to the
    account's own address; the other school's mails as before."""
    browser: Tabs = tabs().with_portal()
    wanted = f"office@{school.slug}.example"
    path = f"/account/schools/{school.slug}"
    browser.accounts.submit(path, {"email": wanted})
    (asked,) = letters(school, "confirm-alerts")
    assert asked["To"] == wanted and alerts_of(sso, school) is None
    assert open_link(browser, link_in(asked)).location.endswith("/?said=alerts-changed")
    assert (alerts_of(sso, school), alerts_of(sso, other_school)) == (wanted, None)
    assert [told["To"] for told in letters(school, "alerts-changed")] == [sso.email]
    for one in (school, other_school):
        add_incident(one, who="head", alert_ids=[one.users["lead"]])
    assert [mail["To"] for mail in letters(school, "incident-alert")] == [wanted]
    assert [mail["To"] for mail in letters(other_school, "incident-alert")] == [sso.email]
    browser.accounts.submit("/account/password", {"present": PASSWORD, "password": NEW, "repeat": NEW})
    assert [mail["To"] for mail in letters(school, "password-set")] == [sso.email]
    browser = tabs().with_portal()
    assert wanted in text_of(browser.accounts.get("/"))
    browser.accounts.submit(path, {"email": sso.email})  # one's own needs no link
    assert alerts_of(sso, school) is None
    assert letters(school, "alerts-changed")[-1]["To"] == wanted


def test_alerts_address_obeys_its_own_school(
    tabs: Any, sso: SsoForTests, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03, USR-11: that school's list of domains, and not the other's."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "email_domains", "trust.example")
    browser: Tabs = tabs().with_portal()
    answer = browser.accounts.submit(f"/account/schools/{school.slug}", {"email": "me@private.example"})
    assert "trust.example" in text_of(answer)
    browser.accounts.submit(f"/account/schools/{other_school.slug}", {"email": "me@private.example"})
    assert len(letters(other_school, "confirm-alerts")) == 1


def test_only_mails_of_the_schools_work_go_to_that_address() -> None:
    """ACC-03: whoever reads a school's mailbox must not learn of links and keys."""
    assert {name for name, letter in LETTERS.items() if letter.of_the_school} == {
        "incident-alert",
        "action-alert",
        "file-alert",
        "incident-passed-on",
        "action-passed-on",
        "file-passed-on",
    }


# --- password, keys, log-ins


def test_password_changes_with_the_present_one(tabs: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-04: then every session is over, here and at every school; the owner is told."""
    browser: Tabs = tabs()
    browser.enter(school)
    tab = browser.accounts
    fields = {"present": "not the password", "password": NEW, "repeat": NEW}
    assert "That is not your password" in text_of(tab.submit("/account/password", fields))
    weak = {"present": PASSWORD, "password": "password1234", "repeat": "password1234"}
    assert "easy to guess" in text_of(tab.submit("/account/password", weak))
    done = tab.submit("/account/password", {**fields, "present": PASSWORD})
    assert done.location.endswith("/login?said=password-set")
    assert browser.at(school).get("/account").status_int == 302
    assert tab.get("/").status_int == 302
    assert "is not right" in text_of(tab.submit("/login", {"email": sso.email, "password": PASSWORD}))
    assert tab.submit("/login", {"email": sso.email, "password": NEW}).status_int == 302
    assert [mail["To"] for mail in letters(school, "password-set")] == [sso.email]


def test_reset_link_works_once_under_parallel_use(
    tabs: Any, sso: SsoForTests, school: SchoolForTests
) -> None:
    """ACC-01, ACC-03: single use; its host is the configured one, whatever the request said."""
    tab = tabs().accounts
    tab.submit("/forgotten", {"email": sso.email}, extra_environ={"HTTP_HOST": f"{sso.host}:81"})
    (letter,) = letters(school, "reset-link")
    assert f"{sso.app.deployment.accounts_address}/password/" in letter.get_content()
    path = link_in(letter)
    others = [tabs() for _ in range(4)]
    tokens = [csrf_of(one.accounts.get(path)) for one in others]

    def use(number: int) -> int:
        fields = {"password": f"{NEW}-{number}", "repeat": f"{NEW}-{number}", "csrf_token": tokens[number]}
        return int(others[number].accounts.post(path, fields).status_int)

    results = at_once(4, use)
    assert sorted(results) == [200, 200, 200, 302]
    winner = f"{NEW}-{results.index(302)}"
    assert tabs().accounts.submit("/login", {"email": sso.email, "password": winner}).status_int == 302


def test_reset_link_is_of_the_accounts_host_only(
    tabs: Any, web: Any, sso: SsoForTests, school: SchoolForTests
) -> None:
    """ACC-01: a school does not know it, and the accounts' own host knows no school's."""
    tabs().accounts.submit("/forgotten", {"email": sso.email})
    assert "does not work any more" in text_of(web(school).get(link_in(letters(school, "reset-link")[-1])))
    web(school).submit("/forgotten", {"email": school.emails["head"]})
    path = link_in(letters(school, "reset-link")[-1])
    assert "does not work any more" in text_of(tabs().accounts.get(path))


def test_lock_out_after_five(tabs: Any, sso: SsoForTests, school: SchoolForTests, clock: Any) -> None:
    """ACC-13: as at a school; the owner is told once, and a new password ends it."""
    for _ in range(5):
        page = tabs().accounts.submit("/login", {"email": sso.email, "password": "not the password"})
        assert "too many tries" not in text_of(page)
        clock(seconds=11)
    tab = tabs().accounts
    assert "too many tries" in text_of(tab.submit("/login", {"email": sso.email, "password": PASSWORD}))
    assert [mail["To"] for mail in letters(school, "locked-out")] == [sso.email]
    tab.submit("/forgotten", {"email": sso.email})
    path = link_in(letters(school, "reset-link")[0])
    tab.post(path, {"password": NEW, "repeat": NEW, "csrf_token": csrf_of(tab.get(path))})
    assert tab.submit("/login", {"email": sso.email, "password": NEW}).status_int == 302


def test_elevating_makes_a_new_log_in(tabs: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-07: the token from before is worthless, the one after has a forms' token of its own; the key is in
    the log of both schools."""
    browser: Tabs = tabs()
    tab = browser.accounts
    step = tab.submit("/login", {"email": sso.email, "password": PASSWORD}).follow()
    before, token = tab.portal, csrf_of(step)
    form = form_with(step, "code")
    form["code"] = code_of(sso)
    form.submit()
    assert tab.portal != before and csrf_of(tab.get("/")) != token
    with sso.app.session(None, writes=False) as db:
        assert db.get_one(PortalSession, hashed(before)).ended_at is not None
        assert db.get_one(PortalSession, hashed(tab.portal)).key_id == sso.key_id
    tab.set_cookie("portal", before)
    assert tab.get("/").status_int == 302


def test_keys_are_managed_with_the_key_only(tabs: Any, sso: SsoForTests) -> None:
    """ACC-04, ACC-08: in an elevated log-in; the list is that of the account."""
    with sso.app.session(None, writes=False) as db:
        name = db.scalars(select(SoftKey.name).where(SoftKey.account_id == sso.id)).one()
    restricted = tabs().with_portal(elevated=False).accounts
    assert name not in text_of(restricted.get("/account/keys"))
    assert restricted.get("/account/keys/add").location.startswith(f"http://{sso.host}/elevate")
    assert name in text_of(tabs().with_portal().accounts.get("/account/keys"))


def test_log_ins_are_listed_and_ended(tabs: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-12: each with its browser and place; ending one ends its schools' sessions, and no other's."""
    one, two = tabs(), tabs().with_portal()
    one.enter(school)
    page = two.accounts.get("/account/log-ins")
    assert text_of(page).count("last used") == 2
    form = next(one for one in page.forms.values() if re.search(r"log-ins/[0-9a-f-]{36}/end", one.action))
    assert "That log-in is ended" in text_of(form.submit().follow())
    assert one.at(school).get("/account").status_int == 302
    assert two.accounts.get("/").status_int == 200


def test_cookies_are_out_of_reach(tabs: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-12: no script reads them, other sites do not send them, other hosts do not see them."""
    browser: Tabs = tabs()
    answer = browser.accounts.submit("/login", {"email": sso.email, "password": PASSWORD})
    out = browser.at(school).get("/sso")
    for cookie in (*answer.headers.getall("Set-Cookie"), *out.headers.getall("Set-Cookie")):
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
        assert "omain" not in cookie


def test_post_from_another_site_leaves_no_cookie(tabs: Any, sso: SsoForTests) -> None:
    """ACC-12: and logs nobody in or out."""
    fields = {"email": sso.email, "password": PASSWORD, "csrf_token": "guess"}
    for path in ("/login", "/forgotten", "/logout", "/session/unlock", "/account/log-ins/end"):
        answer = tabs().accounts.post(path, fields, expect_errors=True)
        assert answer.status_int in (302, 403), path
        assert "Set-Cookie" not in answer.headers, path
    browser: Tabs = tabs().with_portal()
    assert browser.accounts.post("/logout", {"csrf_token": "guess"}, expect_errors=True).status_int == 403
    assert browser.accounts.get("/").status_int == 200


def test_unknown_addresses_cost_as_much(tabs: Any, sso: SsoForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """ACC-02: the password is verified, and a try is written, for an address that no SSO account has, too."""
    verified, real = [], passwords._hasher.verify

    def verify(password_hash: str, password: str) -> bool:
        verified.append(password)
        return bool(real(password_hash, password))

    monkeypatch.setattr(passwords, "_hasher", type("H", (), {"verify": staticmethod(verify)}))
    written = []
    for email in (sso.email, "nobody@elsewhere.example"):
        tab = tabs().accounts
        token = tab.csrf()
        with counted(sso.app.engines) as ran:
            tab.post("/login", {"email": email, "password": "not the password", "csrf_token": token})
        written.append(any(one.startswith(("INSERT", "UPDATE")) for one in ran.statements[-3:]))
    assert verified == ["not the password"] * 2
    assert written == [True, True]


def test_a_first_key_needs_a_password_that_was_just_given(tabs: Any, sso: SsoForTests, clock: Any) -> None:
    """ASVS V7.5.1: as at a school, so at the accounts' own host."""
    browser = tabs().with_portal(elevated=False).accounts
    with sso.app.transaction(None) as db:
        db.execute(update(SoftKey).where(SoftKey.id == sso.key_id).values(removed_at=utc_now()))
    assert browser.get("/account/keys/add").status_int == 200
    clock(minutes=11)
    locked = browser.get("/account/keys/add").follow()
    assert "give your password again" in text_of(locked)
    form = form_with(locked, "password")
    form["password"] = PASSWORD
    assert form.submit().location.endswith("/account/keys/add")
    assert browser.get("/account/keys/add").status_int == 200
