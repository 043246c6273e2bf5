"""What a page shows of an incident beside its text: names, categories, files, actions, alerts, modules.
Each kind is one query for all the incidents of the page."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.documents.models import Document
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import (
    Action,
    ActionAgency,
    ActionVersion,
    Agency,
    Category,
    IncidentAgency,
    IncidentCategory,
    IncidentStudent,
)
from cpoms_core.students.models import Student
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class CategoryShown:
    """A category lozenge."""

    id: uuid.UUID
    name: str
    parent_name: str | None
    colour: str


@dataclass(frozen=True, slots=True)
class FileShown:
    """A file on an incident or action; `size` in bytes."""

    id: uuid.UUID
    name: str
    size: int


@dataclass(slots=True)
class ActionShown:
    """An action under its incident."""

    id: uuid.UUID
    author_name: str
    text: str
    occurred: dt.datetime
    created: dt.datetime
    shares_files: bool = True  # on the record that is shown
    files: list[FileShown] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    categories: list[CategoryShown] = field(default_factory=list)  # those it added to the incident
    open_alerts: list[uuid.UUID] = field(default_factory=list)
    panels: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class IncidentShown:
    """An incident as a page shows it; times are the school's, names and texts the viewer's to see."""

    id: uuid.UUID
    number: int
    author_name: str
    text: str
    occurred: dt.datetime
    created: dt.datetime
    subject_id: uuid.UUID | None
    rightful: bool  # seen by the viewer's own rights, not only through an alert
    pinned: bool = False
    cursor: str = ""
    student_names: list[str] = field(default_factory=list)
    linked_names: list[str] = field(default_factory=list)
    categories: list[CategoryShown] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    files: list[FileShown] = field(default_factory=list)
    actions: list[ActionShown] = field(default_factory=list)
    open_alerts: list[uuid.UUID] = field(default_factory=list)
    read_count: int = 0
    panels: list[Any] = field(default_factory=list)


def cursor_of(occurred_at: dt.datetime, incident_id: uuid.UUID) -> str:
    """The key of the page after an incident: its moment in microseconds and its id."""
    return f"{round(occurred_at.timestamp() * 1e6)}~{incident_id}"


def fill(
    db: SchoolSession, viewer: Viewer, rows: Sequence[Any], *, record: uuid.UUID | None
) -> list[IncidentShown]:
    """Everything beside the text, each kind in one query for all the incidents. On the record of a linked
    student only what was shared with it (INC-04, ACT-01)."""
    shown = {
        incident.id: IncidentShown(
            id=incident.id,
            number=incident.number,
            author_name=author.name,
            text=viewer.text(incident.text),
            occurred=viewer.local(incident.occurred_at),
            created=viewer.local(incident.created_at),
            subject_id=incident.student_id,
            rightful=bool(rightful),
            pinned=incident.pinned_at is not None,
            cursor=cursor_of(incident.occurred_at, incident.id),
        )
        for incident, author, rightful in rows
    }
    if not shown:
        return []
    ids = list(shown)
    narrowed = _fill_students(db, viewer, shown, record)
    for incident_id, category in categories_of(db, ids):
        shown[incident_id].categories.append(category)
    for incident_id, name in db.execute(
        select(IncidentAgency.incident_id, Agency.name)
        .join(Agency, Agency.id == IncidentAgency.agency_id)
        .where(IncidentAgency.incident_id.in_(ids))
        .order_by(Agency.name)
    ):
        shown[incident_id].agencies.append(name)
    actions = _fill_actions(db, viewer, shown, narrowed)
    _fill_files(db, viewer, shown, actions, narrowed)
    _fill_alerts(db, viewer, shown, actions)
    for incident_id, panels in db.app.hooks.collect_by_id(
        "incident_panels", db, viewer, incident_ids=ids
    ).items():
        if incident_id in shown:
            shown[incident_id].panels.extend(panels)
    return list(shown.values())


def name_for(viewer: Viewer, student: Student, *, nameable: bool, rightful: bool) -> str:
    """A student's name on an incident: outside the viewer's classes "another student", but who was alerted
    without sight of their own is told the names on that one incident (USR-12.3, 4)."""
    return viewer.name(student) if nameable or not rightful else "another student"


def _fill_students(
    db: SchoolSession, viewer: Viewer, shown: dict[uuid.UUID, IncidentShown], record: uuid.UUID | None
) -> dict[uuid.UUID, bool]:
    """The students' names. Returns the incidents in which the record's student is a linked one, with whether
    its files were shared with them."""
    narrowed: dict[uuid.UUID, bool] = {}
    rows = db.execute(
        select(
            IncidentStudent,
            Student,
            policy.student_names_in(viewer).label("nameable"),
        )
        .join(Student, Student.id == IncidentStudent.student_id)
        .where(IncidentStudent.incident_id.in_(shown))
        .order_by(Student.surname_key, Student.forename_key)
    )
    for part, student, nameable in rows:
        incident = shown[part.incident_id]
        name = name_for(viewer, student, nameable=nameable, rightful=incident.rightful)
        (incident.linked_names if part.linked else incident.student_names).append(name)
        if part.linked and part.student_id == record:
            narrowed[part.incident_id] = part.share_documents
    for incident in shown.values():
        if incident.subject_id is None:
            incident.student_names.append("Whole school")
    return narrowed


def categories_of(
    db: SchoolSession | PluginSession, incident_ids: Sequence[uuid.UUID]
) -> list[tuple[uuid.UUID, CategoryShown]]:
    """The categories of incidents as lozenges: a parent whose sub-category is there too stands inside the
    sub-category's, and is shown by "Toggle parent categories"."""
    parent = aliased(Category)
    rows = db.execute(
        select(IncidentCategory.incident_id, Category, parent.name)
        .join(Category, Category.id == IncidentCategory.category_id)
        .outerjoin(parent, parent.id == Category.parent_id)
        .where(IncidentCategory.incident_id.in_(incident_ids))
        .order_by(Category.name)
    ).all()
    parents: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for incident_id, category, _ in rows:
        if category.parent_id:
            parents[incident_id].add(category.parent_id)
    return [
        (incident_id, CategoryShown(category.id, category.name, parent_name, category.colour))
        for incident_id, category, parent_name in rows
        if category.id not in parents[incident_id]
    ]


def _fill_actions(
    db: SchoolSession, viewer: Viewer, shown: dict[uuid.UUID, IncidentShown], narrowed: dict[uuid.UUID, bool]
) -> dict[uuid.UUID, ActionShown]:
    actions: dict[uuid.UUID, ActionShown] = {}
    there = or_(Action.on_linked, Action.incident_id.not_in(narrowed)) if narrowed else true()
    for action, author in db.execute(
        select(Action, User)
        .join(User, User.id == Action.author_id)
        .where(Action.incident_id.in_(shown), Action.deleted_at.is_(None), there)
        .order_by(Action.occurred_at, Action.id)
    ):
        actions[action.id] = ActionShown(
            id=action.id,
            author_name=author.name,
            text=viewer.text(action.text),
            occurred=viewer.local(action.occurred_at),
            created=viewer.local(action.created_at),
            shares_files=action.share_documents or action.incident_id not in narrowed,
        )
        shown[action.incident_id].actions.append(actions[action.id])
    if actions:
        for action_id, name in db.execute(
            select(ActionAgency.action_id, Agency.name)
            .join(Agency, Agency.id == ActionAgency.agency_id)
            .where(ActionAgency.action_id.in_(actions))
            .order_by(Agency.name)
        ):
            actions[action_id].agencies.append(name)
        _fill_added(db, actions)
    return actions


def _fill_added(db: SchoolSession, actions: dict[uuid.UUID, ActionShown]) -> None:
    """The categories that each action added to its incident, as its newest version says."""
    added: dict[uuid.UUID, list[str]] = {
        version.action_id: version.content["categories"]
        for version in db.scalars(
            select(ActionVersion)
            .join(Action, and_(Action.id == ActionVersion.action_id, Action.version == ActionVersion.version))
            .where(ActionVersion.action_id.in_(actions))
        )
    }
    ids = {uuid.UUID(one) for many in added.values() for one in many}
    if not ids:
        return
    known = {
        str(category.id): CategoryShown(category.id, category.name, None, category.colour)
        for category in db.scalars(select(Category).where(Category.id.in_(ids)))
    }
    for action_id, many in added.items():
        actions[action_id].categories = [known[one] for one in many if one in known]


def _fill_files(
    db: SchoolSession,
    viewer: Viewer,
    shown: dict[uuid.UUID, IncidentShown],
    actions: dict[uuid.UUID, ActionShown],
    narrowed: dict[uuid.UUID, bool],
) -> None:
    for document in db.scalars(
        select(Document)
        .where(Document.incident_id.in_(shown), Document.removed_at.is_(None))
        .order_by(Document.added_at, Document.id)
    ):
        assert document.incident_id is not None  # by the condition above
        file = FileShown(document.id, viewer.text(document.name), document.size)
        if document.action_id is None:
            if narrowed.get(document.incident_id, True):
                shown[document.incident_id].files.append(file)
        elif (action := actions.get(document.action_id)) is not None and action.shares_files:
            action.files.append(file)  # the file of an action that is not shown goes with it


def _fill_alerts(
    db: SchoolSession,
    viewer: Viewer,
    shown: dict[uuid.UUID, IncidentShown],
    actions: dict[uuid.UUID, ActionShown],
) -> None:
    read = db.execute(
        select(Alert.incident_id, func.count(func.distinct(Alert.recipient_id)))
        .where(Alert.incident_id.in_(shown), Alert.read_at.is_not(None))
        .group_by(Alert.incident_id)
    )
    for incident_id, count in read:
        shown[incident_id].read_count = count
    for alert in db.scalars(select(Alert).where(Alert.incident_id.in_(shown), policy.own_alerts(viewer))):
        holder: IncidentShown | ActionShown = shown[alert.incident_id]
        if alert.action_id in actions:
            holder = actions[alert.action_id]
        holder.open_alerts.append(alert.id)
