"""USR-04, USR-06, MOD-01, ADM-02: what every change of the administration asks first."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import GroupPermission
from cpoms_core.admin.guards import mark_of, tidy_name
from cpoms_core.admin.rights import group_state
from cpoms_core.admin.services import alert_groups, failures, groups, settings
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.modules.services import switch
from cpoms_core.testing.schools import SchoolForTests

CHANGES: dict[str, Callable[[Any, Any, SchoolForTests], Any]] = {
    "USR-04 add": lambda db, viewer, school: groups.add_group(
        db, viewer, replace(group_state(db, viewer, school.groups["Teachers"]), name="New")
    ),
    "USR-04 change": lambda db, viewer, school: groups.change_group(
        db, viewer, school.groups["Teachers"], group_state(db, viewer, school.groups["Teachers"]), ""
    ),
    "USR-06 add": lambda db, viewer, school: alert_groups.add_alert_group(
        db, viewer, "New", [school.users["lead"]]
    ),
    "USR-06 change": lambda db, viewer, school: alert_groups.change_alert_group(
        db, viewer, new_id(), "New", [school.users["lead"]], ""
    ),
    "USR-06 delete": lambda db, viewer, school: alert_groups.delete_alert_group(db, viewer, new_id()),
    "ADM-02": lambda db, viewer, school: settings.change_settings(db, viewer, {}, ""),
    "MOD-01": lambda db, viewer, school: switch(db, viewer, "mis_sims", False),
    "MOD-04": lambda db, viewer, school: failures.see_failures(db, viewer, new_id()),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("who", "elevated"), [("head", True), ("teacher", False), ("lead", False)])
def test_only_administrators_change_anything(
    app: Application, school: SchoolForTests, change: str, who: str, elevated: bool
) -> None:
    """USR-04, USR-06, MOD-01, ADM-02: the services themselves refuse everybody else, whoever calls them."""
    viewer = school.viewer(who, elevated=elevated)
    with app.session(school.id, writes=True) as db:
        with pytest.raises(NothingThere):
            CHANGES[change](db, viewer, school)
        assert not db.new and not db.dirty and db.scalars(select(AuditEntry)).all() == []


def test_two_administrators_cannot_both_take_the_administration(
    app: Application, school: SchoolForTests
) -> None:
    """USR-04: two who at the same moment take it from the two last groups do not both succeed."""
    lead, admin = school.viewer("lead"), school.viewer("admin")
    refused: list[str] = []

    def take(db: Any, viewer: Any, group: str) -> None:
        stored = group_state(db, viewer, school.groups[group])
        wanted = replace(stored, permissions=stored.permissions - {"admin"})
        seen = mark_of(*groups.shown(db, viewer, stored))
        groups.change_group(db, viewer, school.groups[group], wanted, seen)

    def second() -> None:
        try:
            with app.transaction(school.id) as db:
                take(db, admin, "Safeguarding")
        except Refused as error:
            refused.append(error.message)

    other = threading.Thread(target=second)
    with app.transaction(school.id) as db:
        take(db, lead, "Administrators")
        other.start()
        other.join(timeout=1)
        assert other.is_alive(), "the second waits until the first is done"
    other.join(timeout=60)
    assert not other.is_alive()
    assert len(refused) == 1 and "only user group" in refused[0]
    with app.session(school.id, writes=False) as db:
        holders = select(GroupPermission.group_id).where(GroupPermission.permission == "admin")
        assert db.scalars(holders).all() == [school.groups["Safeguarding"]]


def test_a_mark_is_of_what_is_shown() -> None:
    """USR-04: the same state has the same mark in whatever order it was read; another has another."""
    ids = [uuid.UUID(int=number) for number in range(20)]
    backwards = {*reversed(ids)}
    assert mark_of("a", set(ids), {"x": frozenset(ids)}) == mark_of("a", backwards, {"x": backwards})
    others = [mark_of("b", backwards), mark_of("a", set(ids[1:])), mark_of("a")]
    assert len({mark_of("a", backwards), *others}) == 4


def test_names_are_tidied() -> None:
    """USR-04, USR-06: single spaces; never empty, never longer than the column."""
    assert tidy_name("  Heads \t of\nyear ") == "Heads of year"
    for bad in ("", " \u00a0 ", "x" * 81):
        with pytest.raises(Refused) as refused:
            tidy_name(bad)
        assert refused.value.field == "name"


def test_unknown_settings_are_refused(app: Application, school: SchoolForTests) -> None:
    """ADM-02: a setting that does not exist, or is no choice, is not written, whoever calls the service."""
    lead = school.viewer("lead")
    with app.session(school.id, writes=True) as db:
        offered = settings.settings_shown(db, lead)
        seen = mark_of({name: lead.school.setting(name) for name in offered})
        with pytest.raises(NothingThere):
            settings.change_settings(db, lead, {"nothing": "1"}, seen)
        with pytest.raises(Refused) as refused:
            settings.change_settings(db, lead, {"dashboard_group_kind": "house"}, seen)
        assert refused.value.field == "dashboard_group_kind"
