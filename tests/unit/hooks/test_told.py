"""Hooks of mode told: incident_merged and incident_split reach every installed module, on or off, and what
fails is kept and tried again (EDT-04, EDT-05, MOD-04). The other places of editing, which the probe fills:
incident_edit_fields, action_edit_fields, incident_options, action_options (EDT-01, EDT-08)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.identity import system_viewer
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.database.types import new_id
from cpoms_core.hooks.types import Option
from cpoms_core.incidents.chronology import one
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentVersion
from cpoms_core.incidents.services import (
    ActionEdit,
    IncidentEdit,
    Merge,
    NewAction,
    Split,
    edit_action,
    edit_incident,
    merge_incident,
    record_action,
    restore_action_version,
    restore_incident_version,
    split_action,
)
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.retries import retry_hook
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.conformance import grant_everything
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests

Record = Callable[..., uuid.UUID]


def fail(**_: Any) -> None:
    raise RuntimeError("on purpose")


def merge(school: SchoolForTests, viewer: Viewer, incident_id: uuid.UUID, into_id: uuid.UUID) -> Action:
    with school.app.transaction(school.id) as db:
        versions = [db.get_one(Incident, (school.id, one)).version for one in (incident_id, into_id)]
        return merge_incident(db, viewer, Merge(incident_id, versions[0], into_id, versions[1]))


def kept(school: SchoolForTests) -> list[OutboxItem]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(OutboxItem).where(OutboxItem.kind == "hook")))


@pytest.mark.parametrize("on", [True, False])
def test_a_merge_and_a_split_are_told_on_or_off(
    school: SchoolForTests, viewer: Viewer, record: Record, on: bool
) -> None:
    """EDT-04, EDT-05: incident_merged and incident_split."""
    incident_id, into_id = record(), record()
    who = viewer if on else replace(viewer, modules=frozenset())
    told: list[dict[str, Any]] = []

    def note(db: Any, viewer: Any, **arguments: Any) -> None:
        told.append(arguments)

    with behaviour.instead("incident_merged", note), behaviour.instead("incident_split", note):
        action = merge(school, who, incident_id, into_id)
        with school.app.transaction(school.id) as db:
            made = split_action(db, who, Split(action.id, 1, [school.categories["Behaviour"]]))
    assert told == [
        {"incident_id": incident_id, "into_id": into_id, "action_id": action.id},
        {"action_id": action.id, "incident_id": made.id},
    ]
    assert kept(school) == []


@pytest.mark.parametrize("on", [True, False])
def test_what_fails_is_kept_and_tried_again_on_or_off(
    school: SchoolForTests, viewer: Viewer, record: Record, on: bool
) -> None:
    """MOD-04: the merge stands, and the worker tells the module later, though it is off by then."""
    incident_id, into_id = record(), record()
    with behaviour.instead("incident_merged", fail):
        merge(school, viewer, incident_id, into_id)
    (item,) = kept(school)
    assert (item.payload["module"], item.payload["hook"]) == ("probe", "incident_merged")
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", on, utc_now())
    behaviour.called.clear()
    with school.app.transaction(school.id) as db:
        retry_hook(db, system_viewer(db), item.payload)
    assert behaviour.called == ["incident_merged"]


def test_a_merged_incidents_panels_are_shown_in_its_action(school: SchoolForTests, record: Record) -> None:
    """EDT-04: what a module keeps under the id of the merged incident is asked for and shown."""
    grant_everything(school)
    viewer = school.viewer("lead")
    incident_id, into_id = record(), record()
    merge(school, viewer, incident_id, into_id)
    with school.app.session(school.id, writes=False) as db:
        (action,) = one(db, viewer, into_id).actions
    assert "A probe's panel." in [panel.context.get("text") for panel in action.panels]
    off = replace(viewer, modules=frozenset())
    with school.app.session(school.id, writes=False) as db:
        assert one(db, off, into_id).actions[0].panels == []


def test_the_options_menu_has_a_place_for_modules(school: SchoolForTests, record: Record) -> None:
    """EDT-08: incident_options and action_options, for who sees it by right, where the module is on."""
    grant_everything(school)
    viewer = school.viewer("lead")
    incident_id = record()
    with school.app.transaction(school.id) as db:
        record_action(db, viewer, NewAction(new_id(), incident_id, "Rang home.", utc_now()))
    with school.app.session(school.id, writes=False) as db:
        shown = one(db, viewer, incident_id)
        assert shown.options == [Option("Probe this", "probe.incident", 50, "probe:read")]
        assert shown.actions[0].options == [Option("Probe this", "probe.action", 50, "probe:read")]
        bare = one(db, replace(viewer, permissions=viewer.permissions - {"probe:read"}), incident_id)
        assert bare.options == [] and bare.actions[0].options == []
        off = one(db, replace(viewer, modules=frozenset()), incident_id)
        assert off.options == [] and off.actions[0].options == []


def test_fields_of_modules_are_edited_too(school: SchoolForTests, viewer: Viewer, record: Record) -> None:
    """EDT-01: incident_edit_fields begins with what is there, and its value reaches incident_saved with the
    new version; action_edit_fields likewise."""
    incident_id = record({"probe-note": "as it was"})
    hooks = school.app.hooks
    with school.app.session(school.id, writes=False) as db:
        fields = hooks.collect("incident_edit_fields", db, viewer, incident_id=incident_id)
        (field,) = (one for one in fields if one.name == "probe-note")
        assert field.field.kwargs["default"] == "as it was"
        fields = hooks.collect("action_edit_fields", db, viewer, action_id=new_id())
        assert "probe-note" in [one.name for one in fields]
    told: list[tuple[int, dict[str, Any]]] = []

    def note(version: int, values: dict[str, Any], **_: Any) -> None:
        told.append((version, dict(values)))

    edit = IncidentEdit(
        incident_id,
        1,
        "A concern.",
        utc_now(),
        [school.categories["Behaviour"]],
        module_values={"probe-note": "changed"},
    )
    with behaviour.instead("incident_saved", note), school.app.transaction(school.id) as db:
        edit_incident(db, viewer, edit)
    assert told == [(2, {"probe-note": "changed"})]


@pytest.mark.parametrize("on", [True, False])
def test_restoring_a_version_restores_modules_fields(
    school: SchoolForTests, viewer: Viewer, record: Record, on: bool
) -> None:
    """EDT-01: of an incident and an action, of a module that is on, and what its edit form offers: what was
    typed to begin something (probe-plan) does not begin it again."""
    was = {"probe-note": "as it was", "probe-plan": True}
    incident_id = record(was)
    new = NewAction(new_id(), incident_id, "Rang home.", utc_now(), module_values=was)
    told: list[dict[str, Any]] = []
    changed = {"module_values": {"probe-note": "changed"}}
    who = viewer if on else replace(viewer, modules=frozenset())
    with school.app.transaction(school.id) as db:
        action_id = record_action(db, viewer, new).id
        category = school.categories["Behaviour"]
        edit_incident(db, viewer, IncidentEdit(incident_id, 1, "Other.", utc_now(), [category], **changed))
        edit_action(db, viewer, ActionEdit(action_id, 1, "Other.", utc_now(), **changed))

    def note(values: dict[str, Any], **_: Any) -> None:
        told.append(dict(values))

    with (
        behaviour.instead("incident_saved", note),
        behaviour.instead("action_saved", note),
        school.app.transaction(school.id) as db,
    ):
        restore_incident_version(db, who, incident_id, 1, opened=2)
        restore_action_version(db, who, action_id, 1, opened=2)
        kept = [
            db.get_one(IncidentVersion, (school.id, incident_id, 3)).content["modules"],
            db.get_one(ActionVersion, (school.id, action_id, 3)).content["modules"],
        ]
    assert told == ([{"probe-note": "as it was"}] * 2 if on else [])
    assert [one["probe-note"] for one in kept] == ["as it was" if on else "changed"] * 2
