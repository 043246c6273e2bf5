"""What the tests of logging in share."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pyotp
import time_machine
from sqlalchemy import select

from cpoms_core.access.models import LoginSession, User
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.testing.schools import PASSWORD, SchoolForTests


def log_in(browser: Any, school: SchoolForTests, who: str, password: str = PASSWORD) -> Any:
    """Types e-mail and password; returns the answer."""
    return browser.submit("/login", {"email": school.emails[who], "password": password})


def code_of(school: SchoolForTests, who: str, *, steps: int = 0) -> str:
    """The code that the user's authenticator shows, now or some steps of 30 seconds away."""
    return pyotp.TOTP(school.secrets[who]).at(utc_now() + dt.timedelta(seconds=30 * steps))


def wrong_code(school: SchoolForTests, who: str) -> str:
    """Six digits that are right in no step near."""
    right = {code_of(school, who, steps=steps) for steps in range(-3, 4)}
    return next(code for code in (f"{n:06}" for n in range(100)) if code not in right)


def session_of(school: SchoolForTests, token: str) -> LoginSession:
    with school.app.session(school.id, writes=False) as db:
        return db.get_one(LoginSession, hashed(token))


def account_of(school: SchoolForTests, who: str) -> uuid.UUID:
    with school.app.session(school.id, writes=False) as db:
        return db.get_one(User, (school.id, school.users[who])).account_id


def events(school: SchoolForTests) -> list[str]:
    """The audit of the school, oldest first."""
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(AuditEntry.event).order_by(AuditEntry.at, AuditEntry.id)))


def mails(school: SchoolForTests, template: str) -> list[dict[str, Any]]:
    """The mails of one kind that wait in the outbox, oldest first."""
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(OutboxItem.payload).where(OutboxItem.kind == "mail").order_by(OutboxItem.id))
        return [payload for payload in rows if payload["template"] == template]


def at_once(times: int, work: Callable[[int], Any]) -> list[Any]:
    """Does the same several times in threads of its own, at the same moment."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(work, range(times)))


@contextmanager
def travel(moment: dt.datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=False):
        yield
