"""Failed tries: a short pause, then a lock-out, per account and per address (ACC-13). Counts are rows, so
they hold across processes and restarts; where they cannot be written, logging in is refused, not allowed."""

from __future__ import annotations

import datetime as dt
import hashlib

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from cpoms_core.access.models import FailureCount
from cpoms_core.application import Application

LOCK_OUT = dt.timedelta(minutes=15)
ACCOUNT_TRIES = 5
ADDRESS_TRIES = 50  # a whole school may sit behind one address
PAUSES = {3: dt.timedelta(seconds=3), 4: dt.timedelta(seconds=10)}


def account_key(school_id: int, email_key: str) -> bytes:
    """The counter of an e-mail address at a school; known and unknown addresses alike."""
    return hashlib.sha256(f"account {school_id} {email_key}".encode()).digest()


def address_key(ip: str) -> bytes:
    return hashlib.sha256(f"address {ip}".encode()).digest()


def wait_for(app: Application, tries: dict[bytes, int], now: dt.datetime) -> dt.timedelta:
    """How long the next try must wait, zero where it may go on. `tries`: key -> how many are allowed."""
    longest = dt.timedelta(0)
    with app.session(None, writes=False) as db:
        for row in db.scalars(select(FailureCount).where(FailureCount.key.in_(tries))):
            pause = LOCK_OUT if row.failures >= tries[row.key] else PAUSES.get(row.failures, dt.timedelta(0))
            if tries[row.key] == ADDRESS_TRIES and row.failures < ADDRESS_TRIES:
                pause = dt.timedelta(0)
            longest = max(longest, row.last_at + pause - now)
    return longest


def count_failure(app: Application, keys: tuple[bytes, ...], now: dt.datetime) -> list[int]:
    """Counts a failed try of each key in a transaction of its own; returns the counts."""
    counts = []
    with app.transaction(None) as db:
        for key in keys:
            row = db.get(FailureCount, key, with_for_update=True)
            if row is None:
                row = FailureCount(key=key, failures=0, last_at=now)
                try:
                    with db.begin_nested():
                        db.add(row)
                except IntegrityError:  # another process counted the first failure at the same moment
                    row = db.get_one(FailureCount, key, with_for_update=True)
            if row.last_at < now - LOCK_OUT:
                row.failures = 0
            row.failures += 1
            row.last_at = now
            counts.append(row.failures)
    return counts


def forget(app: Application, key: bytes) -> None:
    """Forgets the failures of an account after it proved itself."""
    with app.transaction(None) as db:
        db.execute(delete(FailureCount).where(FailureCount.key == key))
