"""What needs the administrators' attention (ADM-01)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.modules.models import ModuleFailure
from cpoms_core.outbox.queries import Owed, owed
from cpoms_core.tenancy.scope import SchoolSession

FAILURES_SHOWN = 20
LATE = dt.timedelta(minutes=30)
"""What waits longer than this in the outbox waits for a worker that does not run."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Module failures that nobody has seen: the newest of them, and how many there are."""

    newest: list[ModuleFailure]
    count: int


def unseen_failures(db: SchoolSession) -> Failures:
    """The school's module failures that no administrator has seen yet, newest first (MOD-04)."""
    unseen = ModuleFailure.seen_at.is_(None)
    newest = db.scalars(
        select(ModuleFailure).where(unseen).order_by(ModuleFailure.id.desc()).limit(FAILURES_SHOWN)
    )
    rows = list(newest)
    if len(rows) < FAILURES_SHOWN:
        return Failures(rows, len(rows))
    return Failures(rows, db.scalar(select(func.count()).select_from(ModuleFailure).where(unseen)) or 0)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the outbox could not do: how much was given up, and since when (UTC) something waits too long."""

    given_up: int
    late: int
    oldest: dt.datetime | None


def outgoing(db: SchoolSession, viewer: Viewer) -> Outgoing:
    """Mails and tasks of the school that need a person."""
    items: list[Owed] = owed(db)
    # a hook that is kept may wait for its module, not for the worker: that is told under Modules (MOD-04)
    sent = [item for item in items if item.kind != "hook"]
    late = [item for item in sent if item.waiting and item.oldest and item.oldest < viewer.now() - LATE]
    return Outgoing(
        sum(item.given_up for item in items),
        sum(item.waiting for item in late),
        min((item.oldest for item in late if item.oldest), default=None),
    )
