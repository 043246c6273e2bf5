"""What is still owed, for the worker's sweep and for those who run the system."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import exists, func, select

from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.tenancy.scope import SchoolSession

OPEN = OutboxItem.done_at.is_(None)


@dataclass(frozen=True, slots=True)
class Owed:
    """Items of one kind that are not done: how many wait, since when (UTC), and how many were given up."""

    kind: str
    waiting: int
    oldest: dt.datetime | None
    given_up: int


def owed(db: SchoolSession) -> list[Owed]:
    """What the session's school is still owed, by kind."""
    rows = db.execute(
        select(
            OutboxItem.kind,
            func.count().filter(OutboxItem.gave_up_at.is_(None)),
            func.min(OutboxItem.created_at),
            func.count().filter(OutboxItem.gave_up_at.is_not(None)),
        )
        .where(OPEN)
        .group_by(OutboxItem.kind)
        .order_by(OutboxItem.kind)
    )
    return [Owed(*row) for row in rows]


def given_up(db: SchoolSession) -> list[OutboxItem]:
    """The items that failed too often, oldest first: they need a person."""
    return list(
        db.scalars(select(OutboxItem).where(OPEN, OutboxItem.gave_up_at.is_not(None)).order_by(OutboxItem.id))
    )


def hooks_owed(db: SchoolSession, module: str) -> list[OutboxItem]:
    """The calls of a module's hooks that are kept to be tried again, oldest first; those that were given up,
    too (MOD-04)."""
    items = db.scalars(select(OutboxItem).where(OPEN, OutboxItem.kind == "hook").order_by(OutboxItem.id))
    return [item for item in items if item.payload["module"] == module]


def without_wakeup(db: SchoolSession, most: int) -> list[uuid.UUID]:
    """Items that are owed and that nothing will ever wake."""
    waking = exists(select(Wakeup.item_id).where(Wakeup.item_id == OutboxItem.id))
    return list(
        db.scalars(select(OutboxItem.id).where(OPEN, OutboxItem.gave_up_at.is_(None), ~waking).limit(most))
    )
