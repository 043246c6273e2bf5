"""ACC-10: the app's own files at the accounts' own host, and a log-in there that asks the phone."""

from __future__ import annotations

import json
import re
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from browsing import Browser, text_of
from logging_in import events, mails
from sqlalchemy import select

from cpoms_core.access.models import ApprovingDevice, PortalSession
from cpoms_core.access.security_log import users_of
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.authenticator import app_views
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.running import run_claimed
from cpoms_core.testing.phones import Phone, PhoneBrowser
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.sso import SsoForTests, sso_of
from cpoms_core.web import mailbox
from cpoms_core.web.page import STATIC


def test_the_page_sets_no_cookie_and_may_use_the_camera(phone_browser: PhoneBrowser) -> None:
    """ACC-10: the same for everybody; scripts and styles only from files; the camera for this page alone."""
    page = phone_browser.get("/authenticator/")
    assert page.headers.getall("Set-Cookie") == []
    assert page.headers["Permissions-Policy"].startswith("camera=(self), microphone=()")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert phone_browser.get("/login").headers["Permissions-Policy"].startswith("camera=()")
    assert page.html.find("style") is None and page.html.find(style=True) is None
    assert all(script.get("src") for script in page.html.find_all("script"))


def test_without_the_slash_it_leads_to_the_app(phone_browser: PhoneBrowser) -> None:
    """ACC-10: relative to the host that was asked; browsers keep the fragment."""
    answer = phone_browser.get("/authenticator")
    assert answer.status_int == 302
    assert urllib.parse.urlsplit(answer.location).path == "/authenticator/"
    assert "#" not in answer.location


def test_everything_that_the_worker_keeps_is_there(phone_browser: PhoneBrowser) -> None:
    """ACC-10: one file that is missing, and the app would not install."""
    worker = phone_browser.get("/authenticator/worker.js")
    assert worker.content_type == "text/javascript"
    files = json.loads(re.search(r"^const FILES = (.*);$", worker.text, re.MULTILINE)[1])  # type: ignore[index]
    assert "/authenticator/" in files
    for file in files:
        assert phone_browser.get(file).status_int == 200, file


def test_the_worker_keeps_everything_that_the_app_uses(phone_browser: PhoneBrowser) -> None:
    """ACC-10: what the page and its scripts name, and each module that a module imports."""
    worker = phone_browser.get("/authenticator/worker.js").text
    page = phone_browser.get("/authenticator/").html
    named = {tag["href"] for tag in page.find_all("link", rel="stylesheet")}
    named |= {tag["src"] for tag in page.find_all(["script", "img"])}
    for script in app_views.SCRIPTS:
        source = (app_views.FOLDER / script).read_text(encoding="utf-8")
        for module in re.findall(r"from '\./([\w-]+\.js)'", source):
            named.add(f"/static/js/authenticator/{module}")
        assert "from '../" not in source
    for style in ("theme", "authenticator"):
        source = (STATIC / "css" / f"{style}.css").read_text(encoding="utf-8")
        assert set(re.findall(r'url\("\.\./([^"]+)"\)', source)) <= {
            "vendor/inter/inter-latin-wght-normal.woff2",
            "vendor/inter/inter-latin-ext-wght-normal.woff2",  # rare letters; the system's font has them
        }
    assert {file for file in named if json.dumps(file) not in worker} == set()


def test_the_worker_changes_with_each_release(
    phone_browser: PhoneBrowser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """ACC-10: browsers fetch the app anew when the worker differs; so it must when the page does."""
    before = phone_browser.get("/authenticator/worker.js").text
    changed = tmp_path / "app.pt"
    changed.write_text("another page")
    monkeypatch.setattr(app_views, "SHELL", changed)
    app_views._worker.cache_clear()
    try:
        assert phone_browser.get("/authenticator/worker.js").text != before
    finally:
        app_views._worker.cache_clear()


@pytest.fixture
def sso(school: SchoolForTests, other_school: SchoolForTests) -> SsoForTests:
    """The leads of both schools are one person with an SSO account, which has an authenticator."""
    return sso_of([school, other_school], "lead")


@pytest.fixture
def phone(sso: SsoForTests) -> Phone:
    """That person's phone."""
    assert sso.key_id is not None
    made = Phone(device_id=sso.key_id)
    with sso.app.transaction(None) as db:
        db.add(
            ApprovingDevice(
                id=made.device_id, account_id=sso.id, public_key=made.public_key, created_at=utc_now()
            )
        )
    return made


@pytest.fixture
def portal(wsgi: Any, sso: SsoForTests) -> Browser:
    """A browser at the accounts' own host, logged in with the password alone."""
    browser = Browser(wsgi, extra_environ={"HTTP_HOST": sso.host, "REMOTE_ADDR": "2001:db8:0:e::1"})
    browser.set_cookie("portal", sso.portal_token(elevated=False))
    return browser


def answer(phone_browser: PhoneBrowser, phone: Phone, decision: str, number: str = "") -> Any:
    (waiting,) = phone_browser.send("pending", phone.question(phone_browser.nonce())).json["log_ins"]
    assert waiting["where"] == ""
    message = phone.answer(phone_browser.nonce(), waiting["id"], decision, number)
    return phone_browser.send("decide", message).json["outcome"]


def session_at_accounts(sso: SsoForTests, browser: Browser) -> PortalSession:
    with sso.app.session(None, writes=False) as db:
        token = browser.cookies["portal"].strip('"')
        return db.scalars(select(PortalSession).where(PortalSession.token_hash == hashed(token))).one()


def test_an_sso_log_in_asks_the_phone(
    portal: Browser, sso: SsoForTests, phone: Phone, phone_browser: PhoneBrowser
) -> None:
    """ACC-03, ACC-10: the same at the accounts' own host: the SSO log-in is elevated by the phone's key."""
    token = portal.csrf()
    page = portal.get("/elevate")
    assert "Approve on your phone" in text_of(page)
    asked = portal.fetch("POST", "/elevate/approval/start", headers={"X-CSRF-Token": token}).json
    assert answer(phone_browser, phone, "approve", asked["number"]) == "approved"
    assert portal.fetch("GET", "/elevate/approval/state").json["standing"] == "approved"
    done = portal.post("/elevate/approval/finish", {"csrf_token": token, "next": "/account"})
    assert done.location.endswith("/account")
    session = session_at_accounts(sso, portal)
    assert (session.access, session.key_id) == ("elevated", phone.device_id)


def test_a_denied_sso_log_in_is_told(
    portal: Browser, sso: SsoForTests, phone: Phone, phone_browser: PhoneBrowser
) -> None:
    """ACC-03, ACC-10: one mail, and the security log of every school that the account serves."""
    portal.fetch("POST", "/elevate/approval/start", headers={"X-CSRF-Token": portal.csrf()})
    assert answer(phone_browser, phone, "deny") == "denied"
    assert "was denied on your phone" in text_of(portal.get("/elevate"))
    assert session_at_accounts(sso, portal).access == "restricted"
    with sso.app.session(None, writes=False) as db:
        assert len(users_of(db, sso.id)) == 2
    assert sum(len(mails(school, "login-denied")) for school in sso.schools) == 1
    while claims := claim_due(sso.app, utc_now(), most=20):
        for claim in claims:
            run_claimed(sso.app, claim)
    assert all("login.denied" in events(school) for school in sso.schools)
    (mail,) = [
        one for one in mailbox.newest(sso.app.deployment) if one.to == sso.email and "denied" in one.subject
    ]
    assert "somebody knows your password" in " ".join(mail.text.split())


def test_the_picture_at_the_accounts_host(wsgi: Any, sso: SsoForTests) -> None:
    """ACC-04, ACC-10: "Add a new device" of the portal has our picture, too, for its own account."""
    browser = Browser(wsgi, extra_environ={"HTTP_HOST": sso.host, "REMOTE_ADDR": "2001:db8:0:e::2"})
    browser.set_cookie("portal", sso.portal_token())
    link = browser.get("/account/keys/add").html.find(attrs={"data-app-link": ""}).text
    address, _, fragment = link.partition("#")
    assert address == f"{sso.app.deployment.accounts_address}/authenticator/"
    assert urllib.parse.parse_qs(fragment)["e"] == [sso.email]
