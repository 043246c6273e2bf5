"""Claiming outbox items: who claims one moves its `due_at` on by a lease. Whoever dies while holding one
loses it by doing nothing, and it is due again."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update

from cpoms_core.application import Application
from cpoms_core.outbox.models import Wakeup
from cpoms_core.tenancy.scope import SchoolSession

LEASE = dt.timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Claim:
    """An item that this worker may work on until a moment (UTC), which also proves whose claim it is."""

    school_id: int
    item_id: uuid.UUID
    until: dt.datetime


def claim_due(app: Application, now: dt.datetime, *, most: int, lease: dt.timedelta = LEASE) -> list[Claim]:
    """Claims up to `most` items that are due, the longest due first. It reads first, and locks only when
    something is due: SQLite has one writer, and it belongs to those who record."""
    due = (
        select(Wakeup.item_id, Wakeup.school_id)
        .where(Wakeup.due_at <= now)
        .order_by(Wakeup.due_at, Wakeup.item_id)
        .limit(most)
    )
    with app.session(None, writes=False) as db:
        if db.execute(due).first() is None:
            return []
    until = now + lease
    with app.transaction(None) as db:
        rows = db.execute(due.with_for_update(skip_locked=True)).all()  # SQLite: the transaction is immediate
        _move(db, [row.item_id for row in rows], until, only_due=now)
    return [Claim(row.school_id, row.item_id, until) for row in rows]


def still_waiting(app: Application, claims: Collection[Claim]) -> list[Claim]:
    """Those of the claims on which nothing has happened since: not done, put off, or claimed by another."""
    if not claims:
        return []
    with app.session(None, writes=False) as db:
        found = db.execute(
            select(Wakeup.item_id, Wakeup.due_at).where(Wakeup.item_id.in_([c.item_id for c in claims]))
        ).all()
    due = {row.item_id: row.due_at for row in found}
    return [claim for claim in claims if due.get(claim.item_id) == claim.until]


def is_held(db: SchoolSession, claim: Claim) -> bool:
    """Whether the claim is still the newest on its item. A message that comes late finds that it is not."""
    mine = select(Wakeup.due_at).where(Wakeup.item_id == claim.item_id, Wakeup.school_id == claim.school_id)
    return db.scalar(mine) == claim.until


def extend(app: Application, items: Collection[uuid.UUID], until: dt.datetime) -> None:
    """Renews the lease of items that are being worked on for long."""
    with app.transaction(None) as db:
        _move(db, items, until)


def release(app: Application, claims: Collection[Claim], now: dt.datetime) -> None:
    """Gives back what was claimed and not begun, so that the next worker need not wait for the lease."""
    waiting = still_waiting(app, claims)
    if waiting:
        with app.transaction(None) as db:
            _move(db, [claim.item_id for claim in waiting], now)


def _move(
    db: SchoolSession,
    items: Collection[uuid.UUID],
    due_at: dt.datetime,
    only_due: dt.datetime | None = None,
) -> None:
    statement = update(Wakeup).where(Wakeup.item_id.in_(items)).values(due_at=due_at)
    if only_due is not None:
        statement = statement.where(Wakeup.due_at <= only_due)
    db.execute(statement.execution_options(synchronize_session=False))
