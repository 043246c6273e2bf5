"""Merging an incident into another, under which it becomes an action (EDT-04). Nothing is lost: its words,
author and date, its actions, files, alerts, students and categories go along, and its versions stay."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.audit import services as audit
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import Action, ActionAgency, ActionVersion, Incident, IncidentStudent
from cpoms_core.incidents.services.brought import bring, brought_itself, keep_own
from cpoms_core.incidents.services.changes import ChangedMeanwhile, subjects_of
from cpoms_core.incidents.services.contents import (
    Content,
    content_of_incident,
    keep_action_version,
    keep_incident_version,
)
from cpoms_core.incidents.services.editing import ids_of, tell_modules
from cpoms_core.incidents.services.merged_places import Merged, actions_of, keep_places
from cpoms_core.incidents.services.record_places import places_told
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Merge:
    """Which incident is to become an action under which, as both were when the preview was shown."""

    incident_id: uuid.UUID
    version: int
    into_id: uuid.UUID
    into_version: int


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What merging will do. `students`: of the merged one, not on the other yet; they will be linked to it.
    `categories`: not on the other yet. `own`, `others`: the students of both, as they are before."""

    own: Sequence[IncidentStudent]
    others: Sequence[IncidentStudent]
    students: Sequence[IncidentStudent]
    categories: Sequence[uuid.UUID]
    subject_differs: bool


def merge_target(db: SchoolSession, viewer: Viewer, incident: Incident, number: int) -> Incident:
    """The incident of a number that another can be merged into: the viewer may edit it too. Raises Refused,
    which says the same of one that they may not see and of one that is not there."""
    if number == incident.number:
        raise Refused("This is the number of this incident. Give that of the other one.", field="number")
    found = db.scalars(
        select(Incident).where(Incident.number == number, policy.editable_incidents(viewer))
    ).first()
    if found is None:
        raise Refused(f"There is no incident {number} that you may edit.", field="number")
    _refuse_mixed(incident, found)
    return found


def _refuse_mixed(incident: Incident, into: Incident) -> None:
    """What was recorded in training mode goes when that is ended: nothing real may hang on it, and it must
    leave nothing on what is real (TRN-01)."""
    if incident.training != into.training:
        exercise = incident if incident.training else into
        raise Refused(
            f"Incident {exercise.number} was recorded in training mode, and the other one was not. If it is "
            "real, have an administrator keep it first: Admin, Settings, Manage training mode.",
            field="number",
        )


def plan_merge(db: SchoolSession, incident: Incident, into: Incident) -> MergePlan:
    """What merging one into the other will do. The viewer's right to both was asked before."""
    own, others = _students(db, incident.id), _students(db, into.id)
    there = {row.student_id for row in others}
    present = ids_of(content_of_incident(db, into), "categories")
    return MergePlan(
        own=own,
        others=others,
        students=[row for row in own if row.student_id not in there],
        categories=[
            one for one in ids_of(content_of_incident(db, incident), "categories") if one not in present
        ],
        subject_differs=incident.student_id != into.student_id,
    )


def _students(db: SchoolSession, incident_id: uuid.UUID) -> Sequence[IncidentStudent]:
    return db.scalars(
        select(IncidentStudent)
        .where(IncidentStudent.incident_id == incident_id)
        .order_by(IncidentStudent.linked, IncidentStudent.student_id)
        .execution_options(populate_existing=True)
    ).all()


def merge_incident(db: SchoolSession, viewer: Viewer, merge: Merge) -> Action:
    """Makes an incident an action under another; both are the viewer's to edit. Its monitoring goes on, and
    none begins.

    Raises NothingThere, Refused, and ChangedMeanwhile where either is no longer what was previewed.
    """
    incident, into = _both(db, viewer, merge)
    keep_own(db, incident)
    plan = plan_merge(db, incident, into)
    before = content_of_incident(db, incident)
    theirs = actions_of(db, into)
    action = _insert_action(db, incident, into)
    moved = _move_actions(db, incident, into)
    changed = keep_places(db, Merged(action, moved, theirs, plan.own, plan.others))
    _keep_first_version(db, viewer, action, incident, before, brought_itself(db, moved, plan.categories))
    for kind, actions in (("merged", moved), ("kept off", changed)):
        for one in actions:
            if one.deleted_at is None:  # the newest version of a deleted one says why it was deleted
                keep_action_version(db, viewer, one, kind, number=incident.number, other=str(incident.id))
    _move(db, incident.id, into.id, action.id)
    bring(db, incident, into, action, plan.students, plan.categories)
    keep_incident_version(
        db,
        viewer,
        incident,
        "merged",
        number=into.number,
        other=str(into.id),
        actions=[str(one.id) for one in moved],
    )
    incident.deleted_at, incident.merged_into = viewer.now(), action.id
    keep_incident_version(db, viewer, into, "merged", number=incident.number, other=str(incident.id))
    audit.record(
        db,
        viewer,
        "incident.merged",
        subjects_of(db, into, incident.id, action.id),
        number=incident.number,
        into=into.number,
    )
    db.flush()
    tell_modules(db, viewer, into)
    db.app.hooks.tell(
        "incident_merged",
        db,
        viewer,
        keep_for_retry(db, viewer),
        incident_id=incident.id,
        into_id=into.id,
        action_id=action.id,
    )
    return action


def _both(db: SchoolSession, viewer: Viewer, merge: Merge) -> tuple[Incident, Incident]:
    """Both incidents, locked in the order of their ids. Raises NothingThere, ChangedMeanwhile."""
    rows = db.scalars(
        select(Incident)
        .where(Incident.id.in_([merge.incident_id, merge.into_id]), policy.editable_incidents(viewer))
        .order_by(Incident.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in rows}
    if len(found) != 2:
        raise NothingThere
    incident, into = found[merge.incident_id], found[merge.into_id]
    if (incident.version, into.version) != (merge.version, merge.into_version):
        raise ChangedMeanwhile(into.version)
    _refuse_mixed(incident, into)
    return incident, into


def _insert_action(db: SchoolSession, incident: Incident, into: Incident) -> Action:
    """It is on no linked student's record by ticks of its own: `keep_places` says on whose it stays."""
    action = Action(
        school_id=incident.school_id,
        id=new_id(),
        incident_id=into.id,
        author_id=incident.author_id,
        text=incident.text,
        occurred_at=incident.occurred_at,
        created_at=incident.created_at,
        on_linked=False,
        share_documents=False,
        version=1,
        submission=new_id(),
        training=incident.training,
        was_incident=incident.id,
    )
    db.add(action)
    db.flush()
    return action


def _keep_first_version(
    db: SchoolSession,
    viewer: Viewer,
    action: Action,
    incident: Incident,
    before: Content,
    categories: Sequence[uuid.UUID],
) -> None:
    common = {"school_id": viewer.school_id, "action_id": action.id}
    insert_rows(db, ActionAgency, [{**common, "agency_id": one} for one in ids_of(before, "agencies")])
    content = {
        "text": before["text"],
        "occurred_at": before["occurred_at"],
        "categories": [str(one) for one in categories],
        "agencies": before["agencies"],
        "documents": before["documents"],
        "on_linked": action.on_linked,
        "share_documents": action.share_documents,
        "places": places_told(db, action.id),
        "modules": before.get("modules", {}),
        "number": incident.number,
        "other": str(incident.id),
    }
    row = {**common, "version": 1, "kind": "merged", "content": content, "reason": ""}
    insert_rows(db, ActionVersion, [{**row, "made_by": viewer.user_id, "made_at": viewer.now()}])


def _move_actions(db: SchoolSession, incident: Incident, into: Incident) -> Sequence[Action]:
    """The incident's actions go along, deleted ones too."""
    rows = actions_of(db, incident)
    for row in rows:
        row.incident_id = into.id
    db.flush()
    return rows


def _move(db: SchoolSession, incident_id: uuid.UUID, into_id: uuid.UUID, action_id: uuid.UUID) -> None:
    """Alerts and files of the incident are the action's now; those of its actions stay theirs."""
    for model in (Alert, Document):
        of_it: Any = model.incident_id == incident_id
        for condition, values in (
            (model.action_id.is_(None), {"incident_id": into_id, "action_id": action_id}),
            (model.action_id.is_not(None), {"incident_id": into_id}),
        ):
            db.execute(
                update(model)
                .where(of_it, condition)
                .values(**values)
                .execution_options(synchronize_session=False)
            )
