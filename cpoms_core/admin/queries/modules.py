"""How the installed modules fare at a school (MOD-04): what failed, what is set aside, what is still owed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Mapper

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.base import Base, OfSchool
from cpoms_core.hooks.failures import FailureKind
from cpoms_core.modules import Module
from cpoms_core.modules.models import HookSetAside, ModuleFailure
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.outbox.queries import OPEN
from cpoms_core.tenancy.scope import SchoolSession, built_once

MOST = 500
"""Failures that nobody has seen are read up to so many; a module that fails on every page makes thousands."""


@dataclass(slots=True)
class Trouble:
    """What a hook failed at in one way: how often, from when to when (UTC), and the newest one's
    reference."""

    hook: str
    kind: FailureKind
    reference: str
    newest: dt.datetime
    oldest: dt.datetime
    count: int = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """Calls of a hook that wait to be made again: how many, since when, the most attempts that one has had,
    when the next is made (None: not by itself), how many were given up, and what they failed with."""

    hook: str
    count: int
    oldest: dt.datetime
    attempts: int
    next_at: dt.datetime | None
    given_up: int
    error: str


@dataclass(slots=True)
class Fares:
    """How one module fares. newest: up to which failure is shown, for "Mark as seen"."""

    behind: bool = False
    troubles: list[Trouble] = field(default_factory=list)
    newest: uuid.UUID | None = None
    set_aside: list[tuple[str, dt.datetime]] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)

    @property
    def degraded(self) -> bool:
        return bool(self.behind or self.troubles or self.set_aside or self.kept)

    @property
    def failures(self) -> int:
        return sum(one.count for one in self.troubles)


def how_they_fare(db: SchoolSession, viewer: Viewer) -> dict[str, Fares]:
    """Every module of which there is something to say, installed or not. Three statements."""
    found: dict[str, Fares] = {}
    _read_failures(db, found)
    for row in db.scalars(select(HookSetAside).where(HookSetAside.lifted_at.is_(None))):
        found.setdefault(row.module, Fares()).set_aside.append((row.hook, row.since))
    _read_kept(db, viewer, found)
    for name in db.app.behind:
        found.setdefault(name, Fares()).behind = True
    return found


def _read_failures(db: SchoolSession, found: dict[str, Fares]) -> None:
    unseen = select(ModuleFailure).where(ModuleFailure.seen_at.is_(None))
    for row in db.scalars(unseen.order_by(ModuleFailure.id.desc()).limit(MOST)):
        fares = found.setdefault(row.module, Fares())
        fares.newest = fares.newest or row.id
        same = next((one for one in fares.troubles if (one.hook, one.kind) == (row.hook, row.kind)), None)
        if same is None:
            fares.troubles.append(Trouble(row.hook, row.kind, row.reference, row.at, row.at))  # type: ignore[arg-type]
        else:
            same.count, same.oldest = same.count + 1, row.at


def _read_kept(db: SchoolSession, viewer: Viewer, found: dict[str, Fares]) -> None:
    module = OutboxItem.payload["module"].as_string().label("module")
    hook = OutboxItem.payload["hook"].as_string().label("hook")
    rows = db.execute(
        select(
            module,
            hook,
            func.count().label("number"),
            func.min(OutboxItem.created_at).label("oldest"),
            func.max(OutboxItem.attempts).label("attempts"),
            func.min(Wakeup.due_at).label("next_at"),
            func.count().filter(OutboxItem.gave_up_at.is_not(None)).label("given_up"),
            func.max(OutboxItem.last_error).label("error"),
        )
        .outerjoin(Wakeup, Wakeup.item_id == OutboxItem.id)
        .where(OPEN, OutboxItem.kind == "hook")
        .group_by(module, hook)
        .order_by(module, hook)
    )
    for row in rows:
        next_at = None if (row.module, row.hook) in viewer.set_aside else row.next_at
        kept = Kept(row.hook, row.number, row.oldest, row.attempts, next_at, row.given_up, row.error)
        found.setdefault(row.module, Fares()).kept.append(kept)


def rows_of(db: SchoolSession, module: Module) -> dict[str, int]:
    """The module's tables, with how many rows the school has in each. One statement."""
    entities = _entities(module)
    if not entities or module.name in db.app.behind:
        return {}
    counts = (
        select(literal(str(one.local_table)).label("name"), func.count().label("number")).select_from(one)
        for one in entities
    )
    return dict(sorted((row.name, row.number) for row in db.execute(union_all(*counts))))


def _entities(module: Module) -> list[Mapper[OfSchool]]:
    own: Iterable[Mapper[OfSchool]] = Base.registry.mappers
    return [one for one in own if one.class_.__module__.startswith(f"{module.package}.")]


UNSEEN = built_once(select(ModuleFailure.module).where(ModuleFailure.seen_at.is_(None)).distinct())


def count_failing(db: SchoolSession, viewer: Viewer) -> int:
    """How many installed modules need an administrator's look, for the dashboard's notice. One statement."""
    failed = set(db.scalars(UNSEEN))
    return len(failed | {module for module, _hook in viewer.set_aside} | set(db.app.behind))
