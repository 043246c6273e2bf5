"""Hooks of mode told: incidents_removed and incidents_reinstated reach every installed module, on or off, for
what is deleted (EDT-02) and for all that ending training mode removes, at once (TRN-01)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.identity import system_viewer
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.admin.guards import mark_of
from cpoms_core.admin.services.training import Ending, begin_training, end_training
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import (
    NewAction,
    delete_action,
    delete_incident,
    record_action,
    restore_action,
    restore_incident,
)
from cpoms_core.incidents.training import marked
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.retries import retry_hook
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests

Record = Callable[..., uuid.UUID]
Told = list[tuple[str, list[uuid.UUID], list[uuid.UUID]]]


@contextmanager
def noted() -> Iterator[Told]:
    """What the probe is told meanwhile: the hook, incidents, actions."""
    told: Told = []

    def note(hook: str) -> Callable[..., None]:
        def do(incident_ids: Any, action_ids: Any, **_others: Any) -> None:
            told.append((hook, list(incident_ids), list(action_ids)))

        return do

    with (
        behaviour.instead("incidents_removed", note("removed")),
        behaviour.instead("incidents_reinstated", note("reinstated")),
    ):
        yield told


def follow_up(school: SchoolForTests, incident_id: uuid.UUID) -> uuid.UUID:
    with school.app.transaction(school.id) as db:
        new = NewAction(new_id(), incident_id, "Rang nobody.", utc_now())
        return record_action(db, school.viewer("lead"), new).id


def change(school: SchoolForTests, service: Any, record_id: uuid.UUID, *reason: str, **opened: int) -> None:
    with school.app.transaction(school.id) as db:
        service(db, school.viewer("lead"), record_id, *reason, **opened)


def end(school: SchoolForTests) -> None:
    with school.app.transaction(school.id) as db:
        viewer = school.viewer("lead")
        end_training(db, viewer, Ending(mark_of(*marked(db, viewer).state), viewer.school.name))


@pytest.mark.parametrize("on", [True, False])
def test_deleting_and_restoring_are_told_on_or_off(school: SchoolForTests, record: Record, on: bool) -> None:
    """EDT-02: an incident, and an action by itself."""
    incident_id = record()
    action_id = follow_up(school, incident_id)
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", on, utc_now())
    with noted() as told:
        change(school, delete_action, action_id, "Wrong child.", opened=1)
        change(school, restore_action, action_id)
        change(school, delete_incident, incident_id, "Twice.", opened=1)
        change(school, restore_incident, incident_id)
    assert told == [
        ("removed", [], [action_id]),
        ("reinstated", [], [action_id]),
        ("removed", [incident_id], []),
        ("reinstated", [incident_id], []),
    ]


@pytest.mark.parametrize("on", [True, False])
def test_the_end_of_training_is_told_once_for_all_of_it(
    school: SchoolForTests, viewer: Viewer, record: Record, on: bool
) -> None:
    """TRN-01: one call, whatever the number of records; what fails is kept and told later, each time anew."""
    real = record()
    with school.app.transaction(school.id) as db:
        begin_training(db, viewer)
    trained = school.viewer("lead")
    exercises = [record(who=trained) for _ in range(3)]
    action_id = follow_up(school, real)
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", on, utc_now())
    with noted() as told:
        end(school)
    assert told == [("removed", exercises, [action_id])]


def test_what_fails_is_told_again_with_all_its_ids(school: SchoolForTests, record: Record) -> None:
    """MOD-04: the removal stands; deleted a second time, it is owed a second time."""

    def fail(**_: Any) -> None:
        raise RuntimeError("on purpose")

    incident_id = record()
    with behaviour.instead("incidents_removed", fail):
        for version in (1, 3):
            change(school, delete_incident, incident_id, "Twice.", opened=version)
            change(school, restore_incident, incident_id)
    with school.app.session(school.id, writes=False) as db:
        owed = db.scalars(select(OutboxItem).where(OutboxItem.kind == "hook")).all()
    assert [item.payload["hook"] for item in owed] == ["incidents_removed"] * 2
    with noted() as told:
        for item in owed:
            with school.app.transaction(school.id) as db:
                retry_hook(db, system_viewer(db), item.payload)
    assert told == [("removed", [incident_id], [])] * 2
