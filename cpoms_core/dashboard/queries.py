"""What the dashboard lists: open alerts and the user's own last seven days."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, case, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.queries import read_count
from cpoms_core.dashboard.file_alerts import files_about
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.beside import INCIDENTS, CategoryShown, categories_of, name_for
from cpoms_core.incidents.models import Action, Incident, IncidentStudent, IncidentVersion
from cpoms_core.students.models import Student
from cpoms_core.students.queries import SHOWN, note_of
from cpoms_core.tenancy.scope import SchoolSession, built_once

HISTORY = dt.timedelta(days=7)
MOST = 100


@policy.for_rights
def _own_records(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    """What the viewer recorded after `:since`, newest first."""

    def of(record: type[Incident] | type[Action], kind: str, incident_id: Any) -> Select[Any]:
        return select(
            literal(kind).label("kind"),
            incident_id.label("incident_id"),
            record.created_at.label("created"),
            record.training.label("training"),
        ).where(
            record.author_id == policy.USER,
            record.created_at > bindparam("since", type_=UtcDateTime),
            record.deleted_at.is_(None),
        )

    own = union_all(
        of(Incident, "Incident", Incident.id), of(Action, "Action", Action.incident_id)
    ).subquery()
    newest = select(own).order_by(own.c.created.desc()).limit(MOST).subquery()
    return (
        select(
            newest.c.kind,
            newest.c.created,
            newest.c.training,
            Incident.id,
            Incident.number,
            policy.visible_incidents(sight).label("visible"),
            read_count(Incident.id).label("read_count"),
        )
        .join(Incident, Incident.id == newest.c.incident_id)
        .where(Incident.deleted_at.is_(None))
        .order_by(newest.c.created.desc())
    )


@policy.for_rights
def _open_alerts(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    sender = aliased(User)
    return (
        select(
            Alert.action_id,
            Alert.document_id,
            Alert.created_at,
            Alert.passed_on_from,
            Incident.id,
            Incident.number,
            case((Alert.action_id.is_(None), Incident.training), else_=Action.training).label("training"),
            staff_name(sender).label("by_name"),
        )
        .outerjoin(Incident, Incident.id == Alert.incident_id)
        .outerjoin(Action, Action.id == Alert.action_id)
        .outerjoin(sender, sender.id == Alert.sender_id)
        .where(
            policy.own_alerts(sight),
            or_(Alert.document_id.is_not(None), policy.visible_incidents(sight)),
        )
        .order_by(Alert.created_at.desc(), Alert.id.desc())
        .limit(MOST)
    )


@policy.for_rights
def _subjects(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(
            IncidentStudent.incident_id,
            *SHOWN,
            policy.student_names_in(sight).label("nameable"),
            policy.rightful_incidents(sight).label("rightful"),
        )
        .join(Student, Student.id == IncidentStudent.student_id)
        .join(Incident, Incident.id == IncidentStudent.incident_id)
        .where(IncidentStudent.incident_id.in_(INCIDENTS), ~IncidentStudent.linked)
    )


@dataclass(slots=True)
class Row:
    """A line of the dashboard about an incident or action, or an alert to one file."""

    kind: str
    incident_id: uuid.UUID | None
    number: int
    created: dt.datetime
    age: str
    about: str = "Whole school"
    note: str = ""
    by_name: str = ""
    categories: list[CategoryShown] = field(default_factory=list)
    read_count: int = 0
    visible: bool = True  # the viewer may read it in this session
    document_id: uuid.UUID | None = None
    file: str = ""  # its name and document ID
    training: bool = False  # recorded in training mode (TRN-01)
    passed_on: bool = False  # it came because somebody else did not read theirs (INC-16)


FIRST_VERSIONS = built_once(
    select(IncidentVersion.incident_id, IncidentVersion.content).where(
        IncidentVersion.incident_id.in_(INCIDENTS),
        IncidentVersion.version == 1,
        IncidentVersion.made_by == bindparam("author", type_=Id),
    )
)


def age(moment: dt.datetime, now: dt.datetime) -> str:
    """How long ago, in words."""
    minutes = int((now - moment).total_seconds() // 60)
    for size, word in ((525_600, "year"), (43_200, "month"), (1_440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def open_alerts(db: SchoolSession, viewer: Viewer) -> list[Row]:
    """The viewer's open alerts, newest first (DSH-02). `describe` tells what they are about."""
    return [
        Row(
            "File" if alert.document_id else "Action" if alert.action_id else "Incident",
            alert.id,
            alert.number,
            viewer.local(alert.created_at),
            age(alert.created_at, viewer.now()),
            by_name=alert.by_name or "",
            document_id=alert.document_id,
            training=bool(alert.training),
            passed_on=alert.passed_on_from is not None,
        )
        for alert in db.execute(_open_alerts(viewer), policy.who(viewer))
    ]


def history(db: SchoolSession, viewer: Viewer) -> list[Row]:
    """What the viewer recorded in the last seven days, newest first (DSH-04). `describe` tells what it was
    about."""
    since = viewer.now() - HISTORY
    return [
        Row(
            own.kind,
            own.id,
            own.number,
            viewer.local(own.created),
            age(own.created, viewer.now()),
            read_count=own.read_count,
            visible=bool(own.visible),
            training=own.training,
        )
        for own in db.execute(_own_records(viewer), policy.who(viewer, since=since))
    ]


def forget_later_categories(db: SchoolSession, viewer: Viewer, rows: Sequence[Row]) -> None:
    """An author who may not open what they wrote is shown the categories that they chose, and none that a
    colleague added since (USR-12.7)."""
    closed = list({row.incident_id for row in rows if row.incident_id and not row.visible})
    if not closed:
        return
    chosen = {
        version.incident_id: set(version.content["categories"])
        for version in db.execute(FIRST_VERSIONS, {"incidents": closed, "author": viewer.user_id})
    }
    for row in rows:
        if not row.visible:
            own = chosen.get(row.incident_id, set()) if row.incident_id else set()
            row.categories = [category for category in row.categories if str(category.id) in own]


def describe(db: SchoolSession | PluginSession, viewer: Viewer, rows: Sequence[Row]) -> None:
    """Whom each row is about, and its categories. The viewer's right to each was asked before; a child
    outside their classes is "another student" here as on the incident."""
    _describe_files(db, viewer, [row for row in rows if row.document_id])
    ids = list({row.incident_id for row in rows if row.incident_id})
    if not ids:
        return
    about: dict[uuid.UUID, tuple[str, str]] = {}
    for student in db.execute(_subjects(viewer), policy.who(viewer, incidents=ids)):
        rightful = student.rightful
        name = name_for(viewer, student, nameable=student.nameable, rightful=rightful)
        about[student.incident_id] = (name, note_of(student) if student.nameable or not rightful else "")
    categories: defaultdict[uuid.UUID, list[CategoryShown]] = defaultdict(list)
    for incident_id, category in categories_of(db, ids):
        categories[incident_id].append(category)
    for row in rows:
        if row.incident_id is not None:
            row.categories = categories[row.incident_id]
            row.about, row.note = about.get(row.incident_id, (row.about, row.note))


def _describe_files(db: SchoolSession | PluginSession, viewer: Viewer, rows: Sequence[Row]) -> None:
    """Asked only where there is an alert to a file, which is seldom."""
    if not rows:
        return
    found = files_about(db, viewer, {row.document_id for row in rows if row.document_id})
    for row in rows:
        if row.document_id is not None and (file := found.get(row.document_id)):
            row.file, row.about, row.note = file.name, file.about, file.note
