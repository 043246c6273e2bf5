"""Logging in: the password, then the key; and what is written of each try."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cpoms_core.access import accounts, passwords, security_log, throttle
from cpoms_core.access.accounts import Owner, email_key
from cpoms_core.access.models import Account
from cpoms_core.access.security_log import Users
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.scope import SchoolSession

LOCKED_OUT = "login.locked-out"
NOTE_AGAIN = dt.timedelta(minutes=1)
WRONG = (
    "The e-mail address or password is not right. Check the spelling, and that this is your own school's "
    "page. If you have no password yet, use the link below the button."
)
WRONG_SSO = (
    "The e-mail address or password is not right. Check the spelling. Only SSO accounts, which serve "
    "several schools, log in here; with any other, log in at your own school's page. If you have no password "
    "yet, use the link below the button."
)


def wait_message(wait: dt.timedelta) -> str:
    seconds = max(1, round(wait.total_seconds()))
    what = f"{seconds} seconds" if seconds < 90 else f"{-(-seconds // 60)} minutes"
    return f"There were too many tries that failed. Please wait {what}, then try again."


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a log-in comes from, and to which school; None: to the accounts' own host (ACC-03)."""

    school_id: int | None
    ip: str
    browser: str


class LoginRefused(Exception):
    """The log-in failed; the message is for the person."""


def _tries(visitor: Visitor, email: str) -> dict[bytes, int]:
    return {
        throttle.account_key(visitor.school_id, email_key(email)): throttle.ACCOUNT_TRIES,
        throttle.address_key(visitor.ip): throttle.ADDRESS_TRIES,
    }


def take(app: Application, tries: dict[bytes, int], now: dt.datetime) -> dict[bytes, int]:
    """Takes a try of each key before it is made (`throttle.take`). Raises LoginRefused where it must wait."""
    try:
        return throttle.take(app, tries, now)
    except throttle.Wait as refusal:
        raise LoginRefused(wait_message(refusal.wait)) from None


def check_password(app: Application, visitor: Visitor, email: str, password: str, now: dt.datetime) -> Owner:
    """Whose e-mail and password these are at the place that the visitor came to: an active user of the
    school, or an SSO account. It takes as long for an unknown address. Writes down a failure. Raises
    LoginRefused."""
    tries = _tries(visitor, email)
    try:
        counts = take(app, tries, now)
    except LoginRefused:
        _note_locked_out(app, visitor, email, now)
        raise
    with app.session(visitor.school_id, writes=False) as db:
        owner = accounts.find_owner(db, email)
    right = passwords.verify(password, owner.account.password_hash if owner else None)
    if owner is None or not right:
        letter = lock_out_letter(tries, counts)
        account_id, users = (owner.account.id, owner.users) if owner else (None, {})
        note_failed_try(app, visitor, account_id, users, "login.wrong-password", now, letter=letter)
        raise LoginRefused(WRONG_SSO if visitor.school_id is None else WRONG)
    throttle.forgive(app, tries)
    return owner


def _note_locked_out(app: Application, visitor: Visitor, email: str, now: dt.datetime) -> None:
    """Writes down a try that had to wait: one a minute for each person and place, so that whoever goes on
    trying fills no disk."""
    with app.session(visitor.school_id, writes=False) as db:
        owner = accounts.find_owner(db, email)
    users = owner.users if owner else {}
    school_id = visitor.school_id if visitor.school_id is not None else next(iter(users), None)
    if school_id is not None:
        with app.session(school_id, writes=False) as db:
            noted = db.scalar(
                select(AuditEntry.id)
                .where(
                    AuditEntry.event == LOCKED_OUT,
                    AuditEntry.at > now - NOTE_AGAIN,
                    AuditEntry.ip == visitor.ip,
                    AuditEntry.user_id == users.get(school_id)
                    if school_id in users
                    else AuditEntry.user_id.is_(None),
                )
                .limit(1)
            )
        if noted is not None:
            return
    note_failed_try(app, visitor, owner.account.id if owner else None, users, LOCKED_OUT, now)


def lock_out_letter(tries: dict[bytes, int], counts: dict[bytes, int]) -> str | None:
    """The mail to the owner where this failure was the account's last before it must wait: sent once."""
    last = any(counts[key] == most for key, most in tries.items() if most == throttle.ACCOUNT_TRIES)
    return "locked-out" if last else None


def note_failure(
    app: Application,
    visitor: Visitor,
    user_id: uuid.UUID | None,
    event: str,
    now: dt.datetime,
    *,
    letter: str | None = None,
    **details: Any,
) -> None:
    """Writes down a try at a school that failed, in a transaction of its own, and mails the user `letter`."""
    users = {visitor.school_id: user_id} if visitor.school_id is not None and user_id else {}
    note_failed_try(app, visitor, None, users, event, now, letter=letter, **details)


def note_failed_try(
    app: Application,
    visitor: Visitor,
    account_id: uuid.UUID | None,
    users: Users,
    event: str,
    now: dt.datetime,
    *,
    letter: str | None = None,
    **details: Any,
) -> None:
    """As `note_failure`, at either place. What failed at the accounts' own host is written at each of the
    account's schools; the first carries the mail."""
    school_id = visitor.school_id if visitor.school_id is not None else next(iter(users), None)
    if school_id is None:
        throttle.note_unknown(app, now)
        return
    with app.transaction(school_id) as db:
        browser = visitor.browser[:300]
        security_log.write(db, account_id, users, event, now, ip=visitor.ip, browser=browser, **details)
        if school_id in users and letter is not None:
            queue_mail(db, letter, to_user=users[school_id], now=now)


def check_own_password(
    app: Application,
    visitor: Visitor,
    account_id: uuid.UUID,
    users: Users,
    password: str,
    now: dt.datetime,
) -> None:
    """Whether the owner of a session typed their password, where it is asked for again. Raises
    LoginRefused."""
    tries = {throttle.account_key(visitor.school_id, f"unlock {account_id}"): throttle.ACCOUNT_TRIES}
    counts = take(app, tries, now)
    with app.session(visitor.school_id, writes=False) as db:
        account = db.get(Account, account_id)
    if not passwords.verify(password, account.password_hash if account else None):
        letter = lock_out_letter(tries, counts)
        note_failed_try(app, visitor, account_id, users, "login.wrong-password", now, letter=letter)
        raise LoginRefused("That is not your password. Try again.")
    throttle.forgive(app, tries)


def count_link(app: Application, visitor: Visitor, now: dt.datetime) -> None:
    """Counts the links that are asked for from one place. Raises LoginRefused where there were too many."""
    take(app, {throttle.address_key(f"links {visitor.ip}"): throttle.ADDRESS_TRIES}, now)


def provider_tries(visitor: Visitor) -> dict[bytes, int]:
    """What an answer by an OpenID provider counts against until the provider stands for it: the place it
    comes from, apart from the links asked for there."""
    return {throttle.address_key(f"provider {visitor.ip}"): throttle.ADDRESS_TRIES}


def end_lock_out(db: SchoolSession, account: Account) -> None:
    """Who set a new password by mail may log in with it at once, whatever failed before (ACC-13)."""
    throttle.clear(db, throttle.account_key(account.home_school_id, account.email_key))
