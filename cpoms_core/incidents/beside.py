"""What a page shows of an incident beside its text: names, categories, files, actions, alerts, modules.
Each kind is one query for all the incidents of the page."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.passed_on import of_incidents
from cpoms_core.documents.kinds import shown_as_picture
from cpoms_core.documents.models import Document
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.actions_beside import fill_actions
from cpoms_core.incidents.models import (
    Agency,
    Category,
    IncidentAgency,
    IncidentCategory,
    IncidentPart,
    IncidentStudent,
)
from cpoms_core.incidents.modules_beside import fill_from_modules
from cpoms_core.incidents.on_page import (
    INCIDENTS,
    ActionShown,
    CategoryShown,
    FileShown,
    IncidentShown,
    StudentIn,
)
from cpoms_core.students.models import Student
from cpoms_core.students.names import NAME_PARTS
from cpoms_core.tenancy.scope import SchoolSession, built_once

AGENCIES = built_once(
    select(IncidentAgency.incident_id, Agency.name)
    .join(Agency, Agency.id == IncidentAgency.agency_id)
    .where(IncidentAgency.incident_id.in_(INCIDENTS))
    .order_by(Agency.name)
)
PARENT = aliased(Category)
CATEGORIES = built_once(
    select(
        IncidentCategory.incident_id,
        Category.id,
        Category.name,
        Category.colour,
        Category.parent_id,
        PARENT.name.label("parent_name"),
    )
    .join(Category, Category.id == IncidentCategory.category_id)
    .outerjoin(PARENT, PARENT.id == Category.parent_id)
    .where(IncidentCategory.incident_id.in_(INCIDENTS))
    .order_by(Category.name)
)
FILES = built_once(
    select(
        Document.id,
        Document.number,
        Document.incident_id,
        Document.action_id,
        Document.name,
        Document.size,
        Document.media_type,
    )
    .where(Document.incident_id.in_(INCIDENTS), Document.removed_at.is_(None))
    .order_by(Document.added_at, Document.id)
)


def cursor_of(occurred_at: dt.datetime, incident_id: uuid.UUID) -> str:
    """The key of the page after an incident: its moment in microseconds and its id."""
    return f"{round(occurred_at.timestamp() * 1e6)}~{incident_id}"


def fill(
    db: SchoolSession,
    viewer: Viewer,
    rows: Sequence[Any],
    *,
    record: uuid.UUID | None,
    modules: bool = True,
) -> list[IncidentShown]:
    """Everything beside the text, each kind in one query for all the incidents. On the record of a linked
    student only what was shared with it (INC-04, ACT-01). modules: with their panels and links."""
    shown = {
        row.id: IncidentShown(
            id=row.id,
            number=row.number,
            author_name=row.author_name,
            text=viewer.text(row.text),
            occurred=viewer.local(row.occurred_at),
            created=viewer.local(row.created_at),
            subject_id=row.student_id,
            record=record,
            rightful=bool(row.rightful),
            pinned=row.pinned_at is not None,
            training=row.training,
            cursor=cursor_of(row.occurred_at, row.id),
            read_count=row.read_count,
        )
        for row in rows
    }
    if not shown:
        return []
    ids = list(shown)
    narrowed = _fill_students(db, viewer, shown, record)
    for incident_id, category in categories_of(db, ids):
        shown[incident_id].categories.append(category)
    for incident_id, name in db.execute(AGENCIES, {"incidents": ids}):
        shown[incident_id].agencies.append(name)
    actions = fill_actions(db, viewer, shown, narrowed, record)
    _fill_files(db, viewer, shown, actions, narrowed)
    _fill_alerts(db, viewer, shown, actions)
    if late := [row.id for row in rows if row.passed_on and row.rightful]:
        for one in of_incidents(db, late):
            if one.incident_id is not None:
                shown[one.incident_id].passed_on.append(one)
    if modules:
        fill_from_modules(db, viewer, shown, actions)
    return list(shown.values())


def name_for(viewer: Viewer, student: Any, *, nameable: bool, rightful: bool) -> str:
    """The name of a student (a row of `names_in_incidents`) on an incident: outside the viewer's classes
    "another student", but who was alerted without sight of their own is told the names on that one incident
    (USR-12.3, 4)."""
    return viewer.name(student) if nameable or not rightful else "another student"


@policy.for_rights
def _students(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(
            IncidentStudent.incident_id,
            IncidentStudent.linked,
            IncidentStudent.share_documents,
            Student.id,
            *NAME_PARTS,
            policy.student_names_in(sight).label("nameable"),
            IncidentPart.name.label("part"),
        )
        .join(Student, Student.id == IncidentStudent.student_id)
        .outerjoin(IncidentPart, IncidentPart.id == IncidentStudent.part_id)
        .where(IncidentStudent.incident_id.in_(INCIDENTS))
        .order_by(Student.surname_key, Student.forename_key)
    )


def _fill_students(
    db: SchoolSession, viewer: Viewer, shown: dict[uuid.UUID, IncidentShown], record: uuid.UUID | None
) -> dict[uuid.UUID, bool]:
    """The students' names. Returns the incidents in which the record's student is a linked one, with whether
    its files were shared with them."""
    narrowed: dict[uuid.UUID, bool] = {}
    for student in db.execute(_students(viewer), policy.who(viewer, incidents=list(shown))):
        incident = shown[student.incident_id]
        name = name_for(viewer, student, nameable=student.nameable, rightful=incident.rightful)
        incident.students.append(StudentIn(student.id, name, student.linked, student.part or ""))
        (incident.linked_names if student.linked else incident.student_names).append(name)
        if student.linked and student.id == record:
            narrowed[student.incident_id] = student.share_documents
    for incident in shown.values():
        if incident.subject_id is None:
            incident.student_names.append("Whole school")
    return narrowed


def categories_of(
    db: SchoolSession | PluginSession, incident_ids: Sequence[uuid.UUID]
) -> list[tuple[uuid.UUID, CategoryShown]]:
    """The categories of incidents as lozenges: a parent whose sub-category is there too stands inside the
    sub-category's, and is shown by "Toggle parent categories"."""
    rows = db.execute(CATEGORIES, {"incidents": incident_ids}).all()
    parents = {(row.incident_id, row.parent_id) for row in rows}
    return [
        (row.incident_id, CategoryShown(row.id, row.name, row.parent_name, row.colour))
        for row in rows
        if (row.incident_id, row.id) not in parents
    ]


def _fill_files(
    db: SchoolSession,
    viewer: Viewer,
    shown: dict[uuid.UUID, IncidentShown],
    actions: dict[uuid.UUID, ActionShown],
    narrowed: dict[uuid.UUID, bool],
) -> None:
    for document in db.execute(FILES, {"incidents": list(shown)}):
        file = FileShown(
            document.id,
            document.number,
            viewer.text(document.name),
            document.size,
            shown_as_picture(document.media_type, document.size),
        )
        if document.action_id is None:
            if narrowed.get(document.incident_id, True):
                shown[document.incident_id].files.append(file)
        elif (action := actions.get(document.action_id)) is not None and action.shares_files:
            action.files.append(file)  # the file of an action that is not shown goes with it


@policy.for_rights
def _own_alerts(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return select(Alert.id, Alert.incident_id, Alert.action_id).where(
        Alert.incident_id.in_(INCIDENTS), policy.own_alerts(sight)
    )


def _fill_alerts(
    db: SchoolSession,
    viewer: Viewer,
    shown: dict[uuid.UUID, IncidentShown],
    actions: dict[uuid.UUID, ActionShown],
) -> None:
    for alert in db.execute(_own_alerts(viewer), policy.who(viewer, incidents=list(shown))):
        if alert.action_id is None:
            shown[alert.incident_id].open_alerts.append(alert.id)
        elif alert.action_id in actions:  # who is not shown the action has not read it
            actions[alert.action_id].open_alerts.append(alert.id)
