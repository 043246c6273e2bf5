"""Splitting an action off as an incident of its own (EDT-05). One that had been merged becomes again the
incident that it was, with its number, its versions and what modules keep of it."""

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
from cpoms_core.incidents.models import (
    Action,
    Incident,
    IncidentAgency,
    IncidentStudent,
)
from cpoms_core.incidents.services.changes import ChangedMeanwhile, locked_action, subjects_of
from cpoms_core.incidents.services.contents import (
    Content,
    content_of_action,
    content_of_incident,
    keep_action_version,
    keep_incident_version,
    newest_of_incident,
)
from cpoms_core.incidents.services.editing import (
    categories_chosen,
    ids_of,
    mirror,
    set_categories,
    tell_modules,
)
from cpoms_core.incidents.services.parts import add_categories, add_version
from cpoms_core.incidents.services.record_places import WHOLE, forget, place_of, places_of
from cpoms_core.incidents.services.taking_back import NOTHING, going_along, take_back
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.students.monitoring import lock_students_of, monitor, with_merged
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import next_number


@dataclass(frozen=True, slots=True)
class Split:
    """Which action is to become an incident, as it was when its page was shown, in which categories."""

    action_id: uuid.UUID
    version: int
    category_ids: Sequence[uuid.UUID]


def split_action(db: SchoolSession, viewer: Viewer, split: Split) -> Incident:
    """Makes an action an incident of its own, about the same student (and the linked ones on whose records it
    was), with its author, date, files and alerts. Monitoring for the categories begins now, as for any
    incident; nobody new is alerted. Where it had been merged, the students and categories that the merge
    brought leave the other incident.

    Raises NothingThere, ChangedMeanwhile and FormRefused.
    """
    source, action = locked_action(db, viewer, split.action_id, policy.editable_actions(viewer))
    if action.version != split.version:
        raise ChangedMeanwhile(action.version)
    categories = categories_chosen(db, viewer, split.category_ids, content_of_incident(db, source))
    content = content_of_action(db, action)
    lock_students_of(db, with_merged(db, [source.id]))  # all at once, before any of them
    about = subjects_of(db, source)
    if action.was_incident is None:
        incident, moved = _new_incident(db, viewer, source, action, categories, content), []
        left = NOTHING
    else:
        incident = db.get_one(Incident, (viewer.school_id, action.was_incident))
        gone = going_along(db, action)
        moved = _bring_back(db, viewer, source, action, incident, categories, content)
        left = take_back(db, viewer, source, incident, gone)
    _move(db, incident.id, action.id)
    keep_action_version(db, viewer, action, "split", number=incident.number, other=str(incident.id))
    action.deleted_at, action.became_incident = viewer.now(), incident.id
    keep_incident_version(db, viewer, source, "split", number=incident.number, other=str(incident.id))
    _begin(db, viewer, incident, source, content, categories, is_new=action.was_incident is None)
    audit.record(
        db,
        viewer,
        "action.split",
        list(dict.fromkeys([*subjects_of(db, incident, source.id, action.id, *moved), *about])),
        number=incident.number,
        out_of=source.number,
        unlinked=len(left.students),
        categories_off=len(left.categories),
    )
    db.flush()
    tell_modules(db, viewer, source)
    tell_modules(db, viewer, incident)
    db.app.hooks.tell(
        "incident_split",
        db,
        viewer,
        keep_for_retry(db, viewer),
        action_id=action.id,
        incident_id=incident.id,
    )
    return incident


def _new_incident(
    db: SchoolSession,
    viewer: Viewer,
    source: Incident,
    action: Action,
    categories: Sequence[uuid.UUID],
    content: Content,
) -> Incident:
    incident = Incident(
        school_id=viewer.school_id,
        id=new_id(),
        number=next_number(db, "incident"),
        student_id=source.student_id,
        author_id=action.author_id,
        text=action.text,
        occurred_at=action.occurred_at,
        created_at=action.created_at,
        version=1,
        submission=new_id(),
        training=action.training,
    )
    db.add(incident)
    db.flush()
    students = db.scalars(
        select(IncidentStudent)
        .where(IncidentStudent.incident_id == source.id)
        .execution_options(populate_existing=True)
    )
    places = places_of(db, [action.id])[action.id]
    rows = [
        {
            "school_id": viewer.school_id,
            "incident_id": incident.id,
            "student_id": row.student_id,
            "occurred_at": incident.occurred_at,
            "linked": row.linked,
            "monitored": row.monitored,
            "share_documents": place.files,
            "part_id": row.part_id,
        }
        for row in students
        if (place := place_of(action, places.get(row.student_id)) if row.linked else WHOLE).shown
    ]
    insert_rows(db, IncidentStudent, rows)
    add_categories(db, incident.id, categories)
    common = {"school_id": viewer.school_id, "incident_id": incident.id}
    insert_rows(db, IncidentAgency, [{**common, "agency_id": one} for one in ids_of(content, "agencies")])
    return incident


def _bring_back(
    db: SchoolSession,
    viewer: Viewer,
    source: Incident,
    action: Action,
    incident: Incident,
    categories: Sequence[uuid.UUID],
    content: Content,
) -> list[uuid.UUID]:
    """The incident that the action had been, with the action's words of today, and with those of its actions
    that are still where they were merged to. Answers these."""
    newest = newest_of_incident(db, incident)
    incident.deleted_at = incident.merged_into = None
    incident.text, incident.occurred_at = action.text, action.occurred_at
    incident.training = action.training  # which may have been rescued since (TRN-01)
    db.flush()
    mirror(db, IncidentAgency, {"incident_id": incident.id}, "agency_id", ids_of(content, "agencies"))
    set_categories(db, viewer, incident, categories)
    moved = db.scalars(
        select(Action).where(Action.id.in_(ids_of(newest, "actions")), Action.incident_id == source.id)
    ).all()
    _forget_places(db, incident, moved)
    for row in moved:
        row.incident_id = incident.id
        if row.deleted_at is None:
            keep_action_version(db, viewer, row, "split", number=incident.number, other=str(incident.id))
    ids = [row.id for row in moved]
    for model in (Alert, Document):
        _update(db, model, model.action_id.in_(ids), incident_id=incident.id)
    return ids


def _forget_places(db: SchoolSession, incident: Incident, moved: Sequence[Action]) -> None:
    """What was said of students only while the actions were elsewhere."""
    ids = [row.id for row in moved]
    linked = select(IncidentStudent.student_id).where(
        IncidentStudent.incident_id == incident.id, IncidentStudent.linked
    )
    said = {student for places in places_of(db, ids).values() for student in places}
    forget(db, ids, said - set(db.scalars(linked)))


def _begin(
    db: SchoolSession,
    viewer: Viewer,
    incident: Incident,
    source: Incident,
    content: Content,
    categories: Sequence[uuid.UUID],
    *,
    is_new: bool,
) -> None:
    """The version that says where it came from, and the monitoring of its students."""
    facts: dict[str, Any] = {"number": source.number, "out_of": str(source.id)}
    if is_new:
        first = content_of_incident(db, incident, content.get("modules"))
        add_version(db, viewer, incident, "split", {**first, **facts})
    else:
        keep_incident_version(db, viewer, incident, "split", modules=content.get("modules"), **facts)
    monitored = select(IncidentStudent.student_id).where(
        IncidentStudent.incident_id == incident.id, IncidentStudent.monitored
    )
    monitor(db, viewer, db.scalars(monitored).all(), categories, incident_id=incident.id)


def _move(db: SchoolSession, incident_id: uuid.UUID, action_id: uuid.UUID) -> None:
    """The action's alerts and files are the incident's now."""
    for model in (Alert, Document):
        _update(db, model, model.action_id == action_id, incident_id=incident_id, action_id=None)


def _update(db: SchoolSession, model: Any, condition: Any, **values: Any) -> None:
    db.execute(update(model).where(condition).values(**values).execution_options(synchronize_session=False))
