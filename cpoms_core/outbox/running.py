"""Doing what an outbox item asks for. The row is the truth: a message about it only says where to look.

A task (TaskSpec) runs in one transaction with the note that it is done. A delivery (DeliverySpec) is read,
sent while no transaction is open, and then marked: between sending and marking a crash repeats it.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import structlog
from sqlalchemy import delete, select, update

from cpoms_core.access.identity import system_viewer
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.application import Application
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import DeliverySpec, Task, TaskSpec, Work
from cpoms_core.logs import place_of
from cpoms_core.modules.routes import CORE
from cpoms_core.outbox.claims import Claim, is_held
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.outbox.outcomes import NotNow, NotOwed
from cpoms_core.tenancy.scope import SchoolSession

log = structlog.get_logger()
PUT_OFF = dt.timedelta(minutes=10)
"""How long an item of a module that is off is left alone before it is looked at again."""
FIRST_PAUSE = 5.0  # seconds
LONGEST_PAUSE = 1800.0  # seconds
MOST_ATTEMPTS = 150
"""With these pauses about three days: a mail server that is away over a weekend costs no mail."""


def pause_after(attempts: int) -> dt.timedelta:
    """How long to wait after so many failures: doubling, at most half an hour, and a quarter more or less,
    so that what failed together does not come back together."""
    seconds = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return dt.timedelta(seconds=seconds * (0.75 + secrets.randbelow(501) / 1000))


def run_claimed(app: Application, claim: Claim) -> None:
    """Does what the item asks for, unless it is done or another worker's by now. Failures are written to the
    item and never raised: it is due again later."""
    try:
        _run(app, claim)
    except NotNow:
        _put_off(app, claim)
    except NotOwed as reason:
        _finish(app, claim, type(reason).__name__)
    except BaseException as error:
        # not only Exception: some libraries raise past it, and then the item would be tried for ever
        log.error(
            "task failed",
            school=claim.school_id,
            item=str(claim.item_id),
            error=type(error).__name__,
            at=place_of(error),
        )
        _fail(app, claim, type(error).__name__)
        if not isinstance(error, Exception):
            raise


def _run(app: Application, claim: Claim) -> None:
    with app.session(claim.school_id, writes=False) as db:
        if not is_held(db, claim):
            return
        item = db.get(OutboxItem, (claim.school_id, claim.item_id))
        is_open = item is not None and item.done_at is None and item.gave_up_at is None
        if item is not None and is_open:
            viewer = system_viewer(db)
            module, task = _task(app, viewer, item.kind)
            if isinstance(task, DeliverySpec):
                work = Work(item.id, item.payload, item.created_at)
                prepared = task.prepare(_lent_to(module, db), viewer, work)
    if not is_open:
        _finish(app, claim)
    elif isinstance(task, DeliverySpec):
        task.deliver(app, prepared)
        _finish(app, claim)
    else:
        _run_in_transaction(app, claim, module, task, viewer)


def _task(app: Application, viewer: Viewer, kind: str) -> tuple[str, Task]:
    """The task of a kind, if its module is on at this moment. Raises NotNow where it is off, or not even
    installed: then the item waits, and what was owed is done once the module is back."""
    module, task = app.tasks.get(kind, ("", None))
    if task is None or (module != CORE and module not in viewer.modules):
        raise NotNow
    return module, task


def _run_in_transaction(app: Application, claim: Claim, module: str, task: TaskSpec, viewer: Viewer) -> None:
    with app.transaction(claim.school_id) as db:
        item = db.scalars(select(OutboxItem).where(OutboxItem.id == claim.item_id).with_for_update()).one()
        if item.done_at is not None:
            return
        with db.lent():
            task.run(_lent_to(module, db), viewer, item.payload)
        _mark_done(db, claim, "")


def _lent_to(module: str, db: SchoolSession) -> Any:
    return db if module == CORE else PluginSession(db)


def _finish(app: Application, claim: Claim, reason: str = "") -> None:
    with app.transaction(claim.school_id) as db:
        _mark_done(db, claim, reason)


def _mark_done(db: SchoolSession, claim: Claim, reason: str) -> None:
    db.execute(
        update(OutboxItem)
        .where(OutboxItem.id == claim.item_id, OutboxItem.done_at.is_(None), OutboxItem.gave_up_at.is_(None))
        .values(done_at=utc_now(), last_error=reason)
        .execution_options(synchronize_session=False)
    )
    _forget(db, claim)


def _fail(app: Application, claim: Claim, error: str) -> None:
    with app.transaction(claim.school_id) as db:
        item = db.scalars(select(OutboxItem).where(OutboxItem.id == claim.item_id).with_for_update()).one()
        if item.done_at is not None:
            return  # another worker was quicker than this one's failure
        item.attempts += 1
        item.last_error = error
        if item.attempts >= MOST_ATTEMPTS:
            item.gave_up_at = utc_now()
            _forget(db, claim)
        else:
            _due(db, claim, utc_now() + pause_after(item.attempts))


def _put_off(app: Application, claim: Claim) -> None:
    with app.transaction(claim.school_id) as db:
        _due(db, claim, utc_now() + PUT_OFF)


def _due(db: SchoolSession, claim: Claim, moment: dt.datetime) -> None:
    db.execute(
        update(Wakeup)
        .where(Wakeup.item_id == claim.item_id)
        .values(due_at=moment)
        .execution_options(synchronize_session=False)
    )


def _forget(db: SchoolSession, claim: Claim) -> None:
    db.execute(
        delete(Wakeup).where(Wakeup.item_id == claim.item_id).execution_options(synchronize_session=False)
    )
