"""What a page shows of an incident beside its text: names, categories, files, actions, alerts, modules.
Each kind is one query for all the incidents of the page."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.passed_on import PassedOn, of_incidents
from cpoms_core.database.types import Id
from cpoms_core.documents.kinds import shown_as_picture
from cpoms_core.documents.models import Document
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Option
from cpoms_core.incidents.gone import Gone, actions_of
from cpoms_core.incidents.models import (
    Action,
    ActionAgency,
    ActionVersion,
    Agency,
    Category,
    Incident,
    IncidentAgency,
    IncidentCategory,
    IncidentPart,
    IncidentStudent,
)
from cpoms_core.students.models import Student
from cpoms_core.students.names import NAME_PARTS
from cpoms_core.tenancy.scope import SchoolSession, built_once

INCIDENTS = bindparam("incidents", expanding=True, type_=Id())
RECORD: BindParameter[uuid.UUID | None] = bindparam("record", type_=Id())
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
WAS = aliased(Incident)
ALL_ACTIONS = (
    select(
        Action.id,
        Action.incident_id,
        Action.text,
        Action.occurred_at,
        Action.created_at,
        policy.action_on_linked(RECORD).label("on_record"),
        policy.action_files_on_linked(RECORD).label("files_on_record"),
        and_(Action.on_linked, ~policy.action_kept_off_somebody()).label("on_linked"),
        Action.deleted_at,
        Action.was_incident,
        Action.training,
        WAS.number.label("was_number"),
        staff_name().label("author_name"),
    )
    .join(User, User.id == Action.author_id)
    .outerjoin(WAS, WAS.id == Action.was_incident)
    .where(Action.incident_id.in_(INCIDENTS))
    .order_by(Action.occurred_at, Action.id)
)
ACTIONS = built_once(ALL_ACTIONS.where(Action.deleted_at.is_(None)))
KEPT_ACTIONS = built_once(ALL_ACTIONS.where(Action.became_incident.is_(None)))
"""With those that were deleted, for who may restore them (EDT-02)."""
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


@dataclass(frozen=True, slots=True)
class CategoryShown:
    """A category lozenge."""

    id: uuid.UUID
    name: str
    parent_name: str | None
    colour: str


@dataclass(frozen=True, slots=True)
class FileShown:
    """A file on an incident or action; `number`: its document ID (EDT-10); `size` in bytes."""

    id: uuid.UUID
    number: int
    name: str
    size: int
    picture: bool = False  # it can be shown, drawn anew


@dataclass(slots=True)
class ActionShown:
    """An action under its incident."""

    id: uuid.UUID
    author_name: str
    text: str
    occurred: dt.datetime
    created: dt.datetime
    shares_files: bool = True  # on the record that is shown
    on_linked: bool = False  # on the record of every linked student
    was_incident: uuid.UUID | None = None  # merged (EDT-04): modules' panels of it are this action's
    was_number: int | None = None
    training: bool = False  # recorded in training mode (TRN-01)
    files: list[FileShown] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    categories: list[CategoryShown] = field(default_factory=list)  # those it added to the incident
    open_alerts: list[uuid.UUID] = field(default_factory=list)
    panels: list[Any] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)  # modules' links (EDT-08)


@dataclass(frozen=True, slots=True)
class StudentIn:
    """A student of an incident, by the name that the viewer may see; `part`: "" where it was not said."""

    id: uuid.UUID
    name: str
    linked: bool
    part: str

    @property
    def with_part(self) -> str:
        return f"{self.name} ({self.part})" if self.part else self.name


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
    training: bool = False  # recorded in training mode (TRN-01)
    cursor: str = ""
    students: list[StudentIn] = field(default_factory=list)
    record: uuid.UUID | None = None  # the student on whose record it is shown
    student_names: list[str] = field(default_factory=list)
    linked_names: list[str] = field(default_factory=list)
    categories: list[CategoryShown] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    files: list[FileShown] = field(default_factory=list)
    actions: list[ActionShown] = field(default_factory=list)
    open_alerts: list[uuid.UUID] = field(default_factory=list)
    read_count: int = 0
    passed_on: list[PassedOn] = field(default_factory=list)  # alerts that were not read in time (INC-16)
    panels: list[Any] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)  # modules' links (EDT-08)
    deleted_actions: list[Gone] = field(default_factory=list)  # for who may restore them (EDT-02)


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
    actions = _fill_actions(db, viewer, shown, narrowed, record)
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


def _fill_actions(
    db: SchoolSession,
    viewer: Viewer,
    shown: dict[uuid.UUID, IncidentShown],
    narrowed: dict[uuid.UUID, bool],
    record: uuid.UUID | None,
) -> dict[uuid.UUID, ActionShown]:
    actions: dict[uuid.UUID, ActionShown] = {}
    deleted: list[uuid.UUID] = []
    editing = viewer.elevated and viewer.may("incidents:edit")
    given = {"incidents": list(shown), "record": record}
    for action in db.execute(KEPT_ACTIONS if editing else ACTIONS, given):
        if action.incident_id in narrowed and not action.on_record:
            continue
        if action.deleted_at is not None:
            deleted.append(action.id)
            continue
        actions[action.id] = ActionShown(
            id=action.id,
            author_name=action.author_name,
            text=viewer.text(action.text),
            occurred=viewer.local(action.occurred_at),
            created=viewer.local(action.created_at),
            shares_files=action.files_on_record or action.incident_id not in narrowed,
            on_linked=bool(action.on_linked),
            was_incident=action.was_incident,
            was_number=action.was_number,
            training=action.training,
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
    if deleted:
        for incident_id, gone in actions_of(db, viewer, deleted).items():
            shown[incident_id].deleted_actions = gone
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


def fill_from_modules(
    db: SchoolSession,
    viewer: Viewer,
    shown: dict[uuid.UUID, IncidentShown],
    actions: dict[uuid.UUID, ActionShown],
) -> None:
    """The modules' panels and links. What a module keeps of an incident that was merged is shown in the
    action that it became (EDT-04)."""
    became = {one.was_incident: one for one in actions.values() if one.was_incident}
    hooks = db.app.hooks
    found = hooks.collect_by_id("incident_panels", db, viewer, incident_ids=[*shown, *became])
    for incident_id, panels in found.items():
        holder = shown.get(incident_id) or became.get(incident_id)
        if holder is not None:
            holder.panels.extend(panels)
    if actions:
        of_actions = hooks.collect_by_id("action_panels", db, viewer, action_ids=list(actions))
        for action_id in actions.keys() & of_actions.keys():
            actions[action_id].panels.extend(of_actions[action_id])
    rightful = {one.id for one in shown.values() if one.rightful}
    if not rightful:
        return
    links = hooks.collect_by_id("incident_options", db, viewer, incident_ids=list(rightful))
    for incident_id in rightful & links.keys():
        shown[incident_id].options.extend(links[incident_id])
    under = {action.id: action for one in shown.values() if one.rightful for action in one.actions}
    if under:
        links = hooks.collect_by_id("action_options", db, viewer, action_ids=list(under))
        for action_id in under.keys() & links.keys():
            under[action_id].options.extend(links[action_id])
