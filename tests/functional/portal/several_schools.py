"""A browser with tabs at several hosts: each has its own cookies, and redirects lead from one to another."""

from __future__ import annotations

import itertools
import re
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pyotp
from browsing import Browser, form_with
from sqlalchemy import select

from cpoms_core.access.identity import system_viewer
from cpoms_core.access.models import SoftKey
from cpoms_core.access.viewer import utc_now
from cpoms_core.hooks.types import Work
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.mail import word_mail
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.running import run_claimed
from cpoms_core.testing.schools import PASSWORD, SchoolForTests
from cpoms_core.testing.sso import SsoForTests

_addresses = itertools.count(1)
MOST_STEPS = 10


class Tabs:
    """One person's browser. `at(school)` and `accounts` are its tabs; `follow` goes where redirects lead."""

    def __init__(self, wsgi: Any, sso: SsoForTests) -> None:
        self.sso = sso
        self._wsgi = wsgi
        self._ip = f"2001:db8:1::{next(_addresses):x}"
        self._tabs: dict[str, Browser] = {}

    def host(self, host: str) -> Browser:
        if host not in self._tabs:
            self._tabs[host] = Browser(self._wsgi, extra_environ={"HTTP_HOST": host, "REMOTE_ADDR": self._ip})
        return self._tabs[host]

    @property
    def accounts(self) -> Browser:
        return self.host(self.sso.host)

    def at(self, school: SchoolForTests) -> Browser:
        return self.host(school.host)

    def follow(self, answer: Any) -> Any:
        """Goes on as a browser does: each redirect in the tab of its host. The configured port is dropped:
        there is no server."""
        for _ in range(MOST_STEPS):
            if answer.status_int not in (302, 303):
                return answer
            answer = self.open(answer.location)
        raise AssertionError("redirects without an end")

    def open(self, address: str) -> Any:
        """Opens an absolute address, without following where it leads."""
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.host(parts.hostname or "").get(path, expect_errors=True)

    def log_in(self, page: Any, *, key: bool = True, password: str = PASSWORD) -> Any:
        """Types e-mail and password into the log-in page, and the code where it is asked for."""
        form = form_with(page, "password")
        form["email"], form["password"] = self.sso.email, password
        page = self.follow(form.submit())
        if not key or not self.sso.secret:
            link = page.html.find("a", string="Go on without your key")
            return self.follow(self.accounts.get(link["href"])) if link else page
        form = form_with(page, "code")
        form["code"] = code_of(self.sso)
        return self.follow(form.submit())

    def go_to(self, school: SchoolForTests, path: str = "/sso") -> Any:
        """Opens a page of a school and goes wherever it leads."""
        return self.follow(self.at(school).get(path, expect_errors=True))

    def enter(self, school: SchoolForTests, *, key: bool = True) -> Any:
        """Logs in to a school by the SSO account."""
        return self.log_in(self.go_to(school), key=key)

    def with_portal(self, *, elevated: bool | None = None) -> Tabs:
        """Gives the browser an SSO log-in, as if it had logged in."""
        self.accounts.set_cookie("portal", self.sso.portal_token(elevated=elevated))
        return self


def code_of(sso: SsoForTests) -> str:
    """The code that the authenticator shows, of a step that was not used yet."""
    with sso.app.session(None, writes=False) as db:
        last = db.scalar(select(SoftKey.last_step).where(SoftKey.id == sso.key_id)) or 0
    step = max(last + 1, int(utc_now().timestamp()) // 30)
    return pyotp.TOTP(sso.secret).at(step * 30)


def deliver(app: Any) -> None:
    """What the worker does: everything that is due."""
    for claim in claim_due(app, utc_now(), most=10_000):
        run_claimed(app, claim)


def letters(school: SchoolForTests, template: str) -> list[EmailMessage]:
    """The mails of one kind that wait in a school's outbox, as they would be sent now, oldest first."""
    found = []
    with school.app.session(school.id, writes=False) as db:
        for item in db.scalars(select(OutboxItem).where(OutboxItem.kind == "mail").order_by(OutboxItem.id)):
            if item.payload["template"] == template:
                work = Work(item.id, item.payload, item.created_at)
                found.append(word_mail(db, system_viewer(db), work))
    return found


def link_in(letter: EmailMessage) -> str:
    """The path of the link in a mail."""
    (link,) = re.findall(r"https?://[^/\s]+(/(?:password|confirm)/\S+)", letter.get_content())
    return str(link)
