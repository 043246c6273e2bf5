"""Failed tries: a short pause, then a lock-out, per account and per address (ACC-13). Counts are rows, so
they hold across processes and restarts; where they cannot be written, logging in is refused, not allowed."""

from __future__ import annotations

import datetime as dt
import hashlib

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from cpoms_core.access.models import FailureCount
from cpoms_core.application import Application
from cpoms_core.tenancy.scope import SchoolSession

LOCK_OUT = dt.timedelta(minutes=15)
ACCOUNT_TRIES = 5
ADDRESS_TRIES = 50  # a whole school may sit behind one address
PAUSES = {3: dt.timedelta(seconds=3), 4: dt.timedelta(seconds=10)}

UNKNOWN = hashlib.sha256(b"unknown accounts").digest()


def account_key(school_id: int | None, email_key: str) -> bytes:
    """The counter of an e-mail address at a school, or (None) at the accounts' own host; known and unknown
    addresses alike."""
    return hashlib.sha256(f"account {school_id} {email_key}".encode()).digest()


def address_key(ip: str) -> bytes:
    return hashlib.sha256(f"address {ip}".encode()).digest()


class Wait(Exception):
    """Too many tries failed; `wait` is how long the next one must wait."""

    def __init__(self, wait: dt.timedelta) -> None:
        super().__init__(str(wait))
        self.wait = wait


def take(app: Application, tries: dict[bytes, int], now: dt.datetime) -> dict[bytes, int]:
    """Takes a try of each key before it is made, in a transaction of its own: counted as failed until it is
    given back, so that a hundred tries at the same moment are not a hundred chances.

    `tries`: key -> how many are allowed. Returns the tries taken so far, this one included. Raises Wait,
    and takes nothing, where one of the keys must wait.
    """
    counts = {}
    with app.transaction(None) as db:
        for key, allowed in sorted(tries.items()):
            row = _row(db, key, now)
            if row.last_at < now - LOCK_OUT:
                row.failures = 0
            pause = _pause(row.failures, allowed)
            wait = row.last_at + pause - now
            # without a pause nobody waits: who stood in line for the row comes with an earlier `now`
            if pause and wait > dt.timedelta(0):
                raise Wait(wait)
            row.failures += 1
            row.last_at = max(row.last_at, now)
            counts[key] = row.failures
    return counts


def _row(db: SchoolSession, key: bytes, now: dt.datetime) -> FailureCount:
    row = db.get(FailureCount, key, with_for_update=True)
    if row is not None:
        return row
    row = FailureCount(key=key, failures=0, last_at=now)
    try:
        with db.begin_nested():
            db.add(row)
    except IntegrityError:  # another process counted its first try at the same moment
        return db.get_one(FailureCount, key, with_for_update=True)
    return row


def _pause(failures: int, allowed: int) -> dt.timedelta:
    if failures >= allowed:
        return LOCK_OUT
    return PAUSES.get(failures, dt.timedelta(0)) if allowed == ACCOUNT_TRIES else dt.timedelta(0)


def forgive(app: Application, tries: dict[bytes, int]) -> None:
    """A try was right: an account's failures are forgotten; an address, which many share, gets back this
    one only."""
    with app.transaction(None) as db:
        for key, allowed in sorted(tries.items()):
            if allowed == ACCOUNT_TRIES:
                clear(db, key)
            else:
                db.execute(
                    update(FailureCount)
                    .where(FailureCount.key == key, FailureCount.failures > 0)
                    .values(failures=FailureCount.failures - 1)
                    .execution_options(synchronize_session=False)
                )


def fill(db: SchoolSession, key: bytes, allowed: int, now: dt.datetime) -> None:
    """Takes all tries of a key with the session's transaction: none is left until LOCK_OUT passed."""
    row = _row(db, key, now)
    row.failures, row.last_at = allowed, now


def note_unknown(app: Application, now: dt.datetime) -> None:
    """A write as long as that of a known account's failure, which goes to the audit of its schools. An
    unknown account has none, and the time that an answer takes must not say so (ACC-02)."""
    with app.transaction(None) as db:
        row = _row(db, UNKNOWN, now)
        row.failures += 1
        row.last_at = now


def clear(db: SchoolSession, key: bytes) -> None:
    """Forgets the failures of a key with the session's transaction."""
    db.execute(delete(FailureCount).where(FailureCount.key == key))
