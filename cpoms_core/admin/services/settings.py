"""The school's settings (ADM-02)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change, refuse_if_changed
from cpoms_core.alerts.passing_on import named_since
from cpoms_core.audit import services as audit
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.types import SettingSpec
from cpoms_core.students.ordering import order_lists
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import change_setting
from cpoms_core.tenancy.settings import read_settings


def settings_shown(db: SchoolSession, viewer: Viewer) -> dict[str, SettingSpec]:
    """The settings of the core and of the modules that are on, by name; those of which the school's own rows
    are the choice, with the choices of now."""
    return {
        name: replace(spec, choices=spec.offered(db)) if spec.offered else spec
        for name, spec in db.app.settings.items()
        if "." not in name or name.partition(".")[0] in viewer.modules
    }


def change_settings(db: SchoolSession, viewer: Viewer, typed: Mapping[str, str], seen: str) -> None:
    """Sets what was typed, all or nothing; a value that stays as it was is not written.

    seen: the mark of the values that the page showed. Raises ChangedMeanwhile, Refused, NothingThere.
    """
    begin_change(db, viewer)
    offered = settings_shown(db, viewer)
    if not typed.keys() <= offered.keys():
        raise NothingThere
    before = read_settings(db)
    refuse_if_changed("the settings", seen, {name: before[name] for name in offered})
    for name, text in typed.items():
        if as_typed(before[name]) != text:
            change_setting(db, name, text)
    db.flush()
    after = read_settings(db)
    changed = sorted(name for name in offered if after[name] != before[name])
    if "student_names" in changed:
        order_lists(db, legal=after["student_names"] == "legal")
    if "pass_on_group" in changed:
        named_since(db, before["pass_on_group"], after["pass_on_group"], viewer.now())
    if changed:
        audit.record(db, viewer, "settings.changed", names=changed)


def as_typed(value: object) -> str:
    """A setting's value as a person would type it."""
    if isinstance(value, bool):
        return "y" if value else ""
    return str(value)
