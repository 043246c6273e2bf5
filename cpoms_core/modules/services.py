"""Switching modules on and off for a school while the system runs (MOD-01)."""

from __future__ import annotations

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.errors import NothingThere
from cpoms_core.tenancy.models import ModuleSwitch, School
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import switch_module


def switch(db: SchoolSession, viewer: Viewer, name: str, enabled: bool) -> None:
    """Turns a module's switch, tells the module, and writes it down. The viewer's own modules were read when
    the request began: the next request feels the switch.

    Raises NothingThere for a module that is not installed and for viewers without the administration.
    """
    if not viewer.may("admin") or name not in db.app.modules:
        raise NothingThere
    # one at a time: two first switches of a module would both make its row
    db.execute(select(School.id).where(School.id == db.school_id).with_for_update(key_share=True))
    is_on = db.scalar(select(ModuleSwitch.enabled).where(ModuleSwitch.module == name))
    if bool(is_on) == enabled:
        return
    switch_module(db, name, enabled, viewer.now())
    audit.record(db, viewer, "module.switched", module=name, enabled=enabled)
    db.app.hooks.own("module_enabled" if enabled else "module_disabled", db, viewer, name)
