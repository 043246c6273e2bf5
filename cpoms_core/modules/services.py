"""Switching modules on and off for a school while the system runs (MOD-01), and trying again what was set
aside (MOD-04)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.modules.models import HookSetAside
from cpoms_core.outbox.models import Wakeup
from cpoms_core.outbox.queries import hooks_owed
from cpoms_core.outbox.services import owe_again
from cpoms_core.tenancy.models import ModuleSwitch, School
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import switch_module

AT_ONCE = 500


def switch(db: SchoolSession, viewer: Viewer, name: str, enabled: bool) -> None:
    """Turns a module's switch, tells the module, and writes it down. The viewer's own modules were read when
    the request began: the next request feels the switch.

    What was set aside is tried again. Raises NothingThere for a module that is not installed and for viewers
    without the administration, Refused where its tables are not up to date.
    """
    if not viewer.may("admin") or name not in db.app.modules:
        raise NothingThere
    if enabled and name in db.app.behind:
        raise Refused(
            f"{db.app.modules[name].title} cannot be switched on: its tables in the database are not up to "
            "date. Ask whoever runs the system. What was recorded with it is kept."
        )
    # one at a time: two first switches of a module would both make its row
    db.execute(select(School.id).where(School.id == db.school_id).with_for_update(key_share=True))
    is_on = db.scalar(select(ModuleSwitch.enabled).where(ModuleSwitch.module == name))
    if bool(is_on) == enabled:
        return
    switch_module(db, name, enabled, viewer.now())
    audit.record(db, viewer, "module.switched", module=name, enabled=enabled)
    _lift(db, name, viewer.now())
    db.app.hooks.own("module_enabled" if enabled else "module_disabled", db, viewer, name)


def try_again(db: SchoolSession, viewer: Viewer, name: str) -> None:
    """Lifts what was set aside of a module at this school, and has the worker try now what the module is
    owed, also what was given up. Raises NothingThere as `switch` does."""
    if not viewer.may("admin") or name not in db.app.modules:
        raise NothingThere
    lifted = _lift(db, name, viewer.now())
    owed = hooks_owed(db, name)
    owe_again(db, [item for item in owed if item.gave_up_at is not None], viewer.now())
    waiting = [item.id for item in owed]
    for start in range(0, len(waiting), AT_ONCE):
        db.execute(
            update(Wakeup)
            .where(Wakeup.item_id.in_(waiting[start : start + AT_ONCE]))
            .values(due_at=viewer.now())
            .execution_options(synchronize_session=False)
        )
    audit.record(db, viewer, "module.tried-again", module=name, hooks=lifted, waiting=len(waiting))


def _lift(db: SchoolSession, name: str, now: dt.datetime) -> int:
    """Lifts what is set aside of a module; returns how many hooks."""
    lifted = db.execute(
        update(HookSetAside)
        .where(HookSetAside.module == name, HookSetAside.lifted_at.is_(None))
        .values(lifted_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(lifted.rowcount)  # type: ignore[attr-defined]
