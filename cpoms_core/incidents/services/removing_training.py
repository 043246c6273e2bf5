"""Taking away what was recorded in training mode (TRN-01): as deleting does (`removing`), in statements for
some hundred records at once, because a school may have trained for weeks. Nothing is lost: each is a version
that can be restored."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select, update

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.database.rows import insert_rows
from cpoms_core.incidents.models import (
    Action,
    ActionVersion,
    Incident,
    IncidentStudent,
    IncidentVersion,
)
from cpoms_core.incidents.services.contents import without_facts
from cpoms_core.incidents.services.keeping_training import in_batches, keep_what_holds_real, students_of
from cpoms_core.incidents.services.removal_told import tell_of_removed
from cpoms_core.incidents.services.training_categories import ActionGone, take_categories_off
from cpoms_core.incidents.training import REMOVED
from cpoms_core.students.models import Student
from cpoms_core.students.monitoring import locked_students, withdraw
from cpoms_core.tenancy.scope import SchoolSession

REASON = "Training mode was ended."


@dataclass(frozen=True, slots=True)
class Removed:
    """How many incidents, and actions of incidents that stay, were removed; `held`: incidents that were kept
    because of a real action under them."""

    incidents: int
    actions: int
    held: int


def remove_training(db: SchoolSession, viewer: Viewer) -> Removed:
    """Removes everything that is marked as training and that the viewer may remove, with its alerts, files,
    the monitoring that came of it, and what its actions added to real incidents. The actions of a removed
    incident go and come back with it. Mails that were not sent yet find that it is gone, and are not sent."""
    _lock(db, viewer)
    held = keep_what_holds_real(db, viewer)
    incidents = db.scalars(
        select(Incident.id).where(policy.training_incidents(viewer)).order_by(Incident.id)
    ).all()
    for some in in_batches(incidents):
        _remove_incidents(db, viewer, some)
    for some in in_batches(incidents):  # once all are gone: none of them monitors in the place of another
        withdraw(db, viewer, some)
    # of incidents that stay: the others' went out of sight with them
    actions = db.scalars(select(Action.id).where(policy.training_actions(viewer)).order_by(Action.id)).all()
    gone = [one for some in in_batches(actions) for one in _remove_actions(db, viewer, some)]
    take_categories_off(db, viewer, gone, REASON)
    tell_of_removed(db, viewer, incidents=incidents, actions=actions)
    return Removed(len(incidents), len(actions), held)


def _lock(db: SchoolSession, viewer: Viewer) -> None:
    """Locks everything that will change, in the order of ids: an action that is being added is waited for,
    and one that comes later finds its incident gone."""
    theirs = select(Action.incident_id).where(policy.training_actions(viewer))
    touched = or_(policy.training_incidents(viewer), Incident.id.in_(theirs))
    db.execute(select(Incident.id).where(touched).order_by(Incident.id).with_for_update(of=Incident))
    marked = select(Action.id).where(policy.training_actions(viewer))
    db.execute(marked.order_by(Action.id).with_for_update(of=Action))
    students = select(IncidentStudent.student_id).join(Incident, Incident.id == IncidentStudent.incident_id)
    db.execute(locked_students(Student.id.in_(students.where(touched))))  # not batch by batch


def _remove_incidents(db: SchoolSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> None:
    newest = and_(IncidentVersion.incident_id == Incident.id, IncidentVersion.version == Incident.version)
    rows = db.execute(
        select(Incident.id, Incident.number, Incident.version, IncidentVersion.content)
        .join(IncidentVersion, newest)
        .where(Incident.id.in_(ids))
    ).all()
    insert_rows(db, IncidentVersion, [{**_version(viewer, row), "incident_id": row.id} for row in rows])
    _delete(db, viewer, Incident, ids)
    students = students_of(db, ids)
    audit.write_entries(
        db,
        [
            audit.entry(
                viewer,
                "incident.deleted",
                [row.id, *students.get(row.id, ())],
                number=row.number,
                kind=REMOVED,
            )
            for row in rows
        ],
    )


def _remove_actions(db: SchoolSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> list[ActionGone]:
    newest = and_(ActionVersion.action_id == Action.id, ActionVersion.version == Action.version)
    rows = db.execute(
        select(Action.id, Action.incident_id, Action.version, ActionVersion.content)
        .join(ActionVersion, newest)
        .where(Action.id.in_(ids))
    ).all()
    insert_rows(db, ActionVersion, [{**_version(viewer, row), "action_id": row.id} for row in rows])
    _delete(db, viewer, Action, ids)
    audit.write_entries(
        db,
        [audit.entry(viewer, "action.deleted", [row.incident_id, row.id], kind=REMOVED) for row in rows],
    )
    return [
        ActionGone(row.id, row.incident_id, [uuid.UUID(one) for one in row.content.get("categories", ())])
        for row in rows
    ]


def _version(viewer: Viewer, row: Any) -> dict[str, Any]:
    return {
        "school_id": viewer.school_id,
        "version": row.version + 1,
        "kind": REMOVED,
        "content": without_facts(row.content),
        "reason": REASON,
        "made_by": viewer.user_id,
        "made_at": viewer.now(),
    }


def _delete(db: SchoolSession, viewer: Viewer, model: Any, ids: Collection[uuid.UUID]) -> None:
    db.execute(
        update(model)
        .where(model.id.in_(ids))
        .values(deleted_at=viewer.now(), version=model.version + 1)
        .execution_options(synchronize_session=False)
    )
