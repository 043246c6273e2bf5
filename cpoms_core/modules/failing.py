"""What becomes of modules' failures once the main transaction is over: rows for administrators, and a hook
that takes too long too often is set aside (MOD-04)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from cpoms_core.hooks import specs
from cpoms_core.hooks.failures import SLOW, HookFailure
from cpoms_core.hooks.timing import OVERRUNS, WINDOW
from cpoms_core.logs import place_of
from cpoms_core.modules.models import LONGEST_NAME, HookSetAside, ModuleFailure
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

if TYPE_CHECKING:
    from cpoms_core.application import Application

log = structlog.get_logger()
CAN_BE_SET_ASIDE = ("collect", "veto", "effect", "told")
"""Modes of hooks. Never `always`: what a module holds is asked for, exported and erased however long it
takes."""


def write_failures(db: SchoolSession, failures: Sequence[HookFailure], now: dt.datetime) -> None:
    """Writes failures down for the session's school; `now` in UTC. What overran so often that it is enough is
    set aside from now on."""
    assert db.school_id is not None
    for one in failures:
        db.add(
            ModuleFailure(
                school_id=db.school_id,
                module=one.module[:LONGEST_NAME],  # what a panel names as its template may be any text
                hook=one.hook,
                reference=one.reference,
                kind=one.kind,
                at=now,
            )
        )
    slow = {(one.module, one.hook) for one in failures if one.kind == SLOW}
    for module, hook in sorted(slow):
        if specs.MODES.get(hook) in CAN_BE_SET_ASIDE:
            _set_aside_if_enough(db, module, hook, now)


def write_down(app: Application, school_id: int, failures: Collection[HookFailure], now: dt.datetime) -> None:
    """As `write_failures`, in a transaction of its own. Where that is not possible, the log has them."""
    try:
        with app.transaction(school_id) as db:
            write_failures(db, list(failures), now)
    except SQLAlchemyError as error:
        log.error("could not write failures of modules", error=type(error).__name__, at=place_of(error))


def _set_aside_if_enough(db: SchoolSession, module: str, hook: str, now: dt.datetime) -> None:
    row = db.get(HookSetAside, (db.school_id, module, hook))
    if row is not None and row.lifted_at is None:
        return
    since = now - WINDOW if row is None or row.lifted_at is None else max(now - WINDOW, row.lifted_at)
    overruns = db.scalar(
        select(func.count())
        .select_from(ModuleFailure)
        .where(
            ModuleFailure.module == module,
            ModuleFailure.hook == hook,
            ModuleFailure.kind == SLOW,
            ModuleFailure.at > since,
        )
    )
    if (overruns or 0) < OVERRUNS:
        return
    # one at a time: two requests that both count the third would both make the row
    db.execute(select(School.id).where(School.id == db.school_id).with_for_update(key_share=True))
    row = db.get(HookSetAside, (db.school_id, module, hook), populate_existing=True)
    if row is None:
        db.add(HookSetAside(school_id=db.school_id, module=module, hook=hook, since=now))
    elif row.lifted_at is not None:
        row.since, row.lifted_at = now, None
    log.error("hook set aside", module=module, hook=hook, school=db.school_id, overruns=overruns)
