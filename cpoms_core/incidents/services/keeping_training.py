"""Keeping what was recorded in training mode and is real (TRN-01)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, literal, select, update
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.incidents.models import Action, Incident, IncidentStudent
from cpoms_core.tenancy.scope import SchoolSession

AT_ONCE = 300
"""Ids in one statement."""


def holds_real_action() -> ColumnElement[bool]:
    """Condition on Incident: an action under it is real, which would be lost with it."""
    action = aliased(Action)
    of_it = [action.incident_id == Incident.id, action.deleted_at.is_(None), ~action.training]
    return select(literal(1)).select_from(action).where(*of_it).correlate(Incident).exists()


def keep_as_real(
    db: SchoolSession, viewer: Viewer, incident_ids: Collection[uuid.UUID], action_ids: Collection[uuid.UUID]
) -> tuple[int, int]:
    """Keeps incidents and actions for ever: they are no longer marked. An action's incident is kept with it.
    What the viewer may not keep, or is not marked, is left as it is. Answers how many of each were kept."""
    actions = db.execute(
        select(Action.id, Action.incident_id).where(
            Action.id.in_(action_ids), policy.training_actions(viewer)
        )
    ).all()
    asked = {*incident_ids, *(row.incident_id for row in actions)}
    incidents = db.scalars(
        select(Incident.id).where(Incident.id.in_(asked), policy.training_incidents(viewer))
    ).all()
    _unmark(db, viewer, Incident, "incident.kept-as-real", [(one, one) for one in incidents])
    of_actions = [(row.id, row.incident_id) for row in actions]
    _unmark(db, viewer, Action, "action.kept-as-real", of_actions)
    return len(incidents), len(actions)


def keep_what_holds_real(db: SchoolSession, viewer: Viewer) -> int:
    """Keeps the marked incidents under which an action is real. Answers how many."""
    held = select(Incident.id).where(policy.training_incidents(viewer), holds_real_action())
    ids = db.scalars(held).all()
    for some in in_batches(ids):
        _unmark(db, viewer, Incident, "incident.kept-as-real", [(one, one) for one in some])
    return len(ids)


def _unmark(
    db: SchoolSession, viewer: Viewer, model: Any, event: str, rows: Sequence[tuple[uuid.UUID, uuid.UUID]]
) -> None:
    """rows: each record with its incident."""
    if not rows:
        return
    db.execute(
        update(model)
        .where(model.id.in_([record for record, _ in rows]))
        .values(training=False)
        .execution_options(synchronize_session=False)
    )
    students = students_of(db, {incident for _, incident in rows})
    audit.write_entries(
        db,
        [
            audit.entry(viewer, event, dict.fromkeys([incident, record, *students.get(incident, ())]))
            for record, incident in rows
        ],
    )


def students_of(db: SchoolSession, incident_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The students of incidents, whose audit reports find what was done (STU-08)."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    pairs = select(IncidentStudent.incident_id, IncidentStudent.student_id)
    for incident_id, student_id in db.execute(pairs.where(IncidentStudent.incident_id.in_(incident_ids))):
        found.setdefault(incident_id, []).append(student_id)
    return found


def in_batches(rows: Sequence[Any]) -> list[Sequence[Any]]:
    """Rows in lists that a statement takes."""
    return [rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE)]
