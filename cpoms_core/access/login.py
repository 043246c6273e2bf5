"""Logging in: the password, then the key; and what is written of each try."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from cpoms_core.access import accounts, passwords, softkeys, throttle
from cpoms_core.access.accounts import email_key
from cpoms_core.access.models import Account
from cpoms_core.application import Application
from cpoms_core.audit.services import raw_entry, write_entries
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.scope import SchoolSession

WRONG = (
    "The e-mail address or password is not right. Check the spelling, and that this is your own school's "
    "page. If you have no password yet, use the link below the button."
)
OLD_CODE = (
    "Incorrect or out of date code. Wait for the next code and type that one. If it still does not work, set "
    "your device's date, time and time zone to automatic."
)


def wait_message(wait: dt.timedelta) -> str:
    seconds = max(1, round(wait.total_seconds()))
    what = f"{seconds} seconds" if seconds < 90 else f"{-(-seconds // 60)} minutes"
    return f"There were too many tries that failed. Please wait {what}, then try again."


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a log-in comes from."""

    school_id: int
    ip: str
    browser: str


class LoginRefused(Exception):
    """The log-in failed; the message is for the person."""


def _tries(visitor: Visitor, email: str) -> dict[bytes, int]:
    return {
        throttle.account_key(visitor.school_id, email_key(email)): throttle.ACCOUNT_TRIES,
        throttle.address_key(visitor.ip): throttle.ADDRESS_TRIES,
    }


def _take(app: Application, tries: dict[bytes, int], now: dt.datetime) -> dict[bytes, int]:
    try:
        return throttle.take(app, tries, now)
    except throttle.Wait as refusal:
        raise LoginRefused(wait_message(refusal.wait)) from None


def check_password(
    app: Application, visitor: Visitor, email: str, password: str, now: dt.datetime
) -> uuid.UUID:
    """The id of the active user whose e-mail and password these are. It takes as long for an unknown
    address. Writes down a failure. Raises LoginRefused."""
    tries = _tries(visitor, email)
    counts = _take(app, tries, now)
    with app.session(visitor.school_id, writes=False) as db:
        found = accounts.find_user(db, email)
    right = passwords.verify(password, found[0].password_hash if found else None)
    if found is None or not right:
        user_id = found[1].id if found else None
        _note_failure(app, visitor, user_id, "login.wrong-password", now, locked=_locked_out(tries, counts))
        raise LoginRefused(WRONG)
    throttle.forgive(app, tries)
    return found[1].id


def _locked_out(tries: dict[bytes, int], counts: dict[bytes, int]) -> bool:
    """Whether this failure was the account's last before it must wait: told to its owner once."""
    return any(counts[key] == most for key, most in tries.items() if most == throttle.ACCOUNT_TRIES)


def _note_failure(
    app: Application,
    visitor: Visitor,
    user_id: uuid.UUID | None,
    event: str,
    now: dt.datetime,
    *,
    locked: bool,
) -> None:
    with app.transaction(visitor.school_id) as db:
        subjects = [user_id] if user_id else []
        entry = raw_entry(
            visitor.school_id,
            user_id,
            event,
            subjects,
            {"browser": visitor.browser[:300]},
            at=now,
            ip=visitor.ip,
        )
        write_entries(db, [entry])
        if user_id is not None and locked:
            queue_mail(db, "locked-out", to_user=user_id, now=now)


def check_code(
    app: Application, visitor: Visitor, user_id: uuid.UUID, account_id: uuid.UUID, code: str, now: dt.datetime
) -> uuid.UUID:
    """Accepts an authenticator's code once (ACC-09), in a transaction of its own; returns the key's id.
    Raises LoginRefused."""
    tries = {throttle.account_key(visitor.school_id, f"key {account_id}"): throttle.ACCOUNT_TRIES}
    counts = _take(app, tries, now)
    with app.transaction(visitor.school_id) as db:
        key_id = softkeys.accept_code(db, account_id, code, now)
    if key_id is None:
        _note_failure(app, visitor, user_id, "login.wrong-code", now, locked=_locked_out(tries, counts))
        raise LoginRefused(OLD_CODE)
    throttle.forgive(app, tries)
    return key_id


def check_own_password(
    app: Application,
    visitor: Visitor,
    user_id: uuid.UUID,
    account_id: uuid.UUID,
    password: str,
    now: dt.datetime,
) -> None:
    """Whether the owner of a locked session typed their password. Raises LoginRefused."""
    tries = {throttle.account_key(visitor.school_id, f"unlock {account_id}"): throttle.ACCOUNT_TRIES}
    counts = _take(app, tries, now)
    with app.session(visitor.school_id, writes=False) as db:
        account = db.get(Account, account_id)
    if not passwords.verify(password, account.password_hash if account else None):
        _note_failure(app, visitor, user_id, "login.wrong-password", now, locked=_locked_out(tries, counts))
        raise LoginRefused("That is not your password. Try again.")
    throttle.forgive(app, tries)


def count_link(app: Application, visitor: Visitor, now: dt.datetime) -> None:
    """Counts the links that are asked for from one place. Raises LoginRefused where there were too many."""
    _take(app, {throttle.address_key(f"links {visitor.ip}"): throttle.ADDRESS_TRIES}, now)


def end_lock_out(db: SchoolSession, account: Account) -> None:
    """Who set a new password by mail may log in with it at once, whatever failed before (ACC-13)."""
    assert db.school_id is not None
    throttle.clear(db, throttle.account_key(db.school_id, account.email_key))
