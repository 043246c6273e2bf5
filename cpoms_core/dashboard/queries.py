"""What the dashboard lists: open alerts and the user's own last seven days."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, func, literal, select, union_all
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.beside import CategoryShown, categories_of, name_for
from cpoms_core.incidents.models import Action, Incident, IncidentStudent, IncidentVersion
from cpoms_core.students.models import Student
from cpoms_core.students.queries import note_of
from cpoms_core.tenancy.scope import SchoolSession

HISTORY = dt.timedelta(days=7)
MOST = 100


def _own_records() -> Select[Any]:
    """What `:author` recorded after `:since`, newest first."""

    def of(record: type[Incident] | type[Action], kind: str, incident_id: Any) -> Select[Any]:
        return select(
            literal(kind).label("kind"),
            incident_id.label("incident_id"),
            record.created_at.label("created"),
        ).where(
            record.author_id == bindparam("author", type_=Id),
            record.created_at > bindparam("since", type_=UtcDateTime),
            record.deleted_at.is_(None),
        )

    own = union_all(
        of(Incident, "Incident", Incident.id), of(Action, "Action", Action.incident_id)
    ).subquery()
    return (
        select(own.c.kind, own.c.created, Incident.id, Incident.number)
        .join(Incident, Incident.id == own.c.incident_id)
        .order_by(own.c.created.desc())
        .limit(MOST)
    )


OWN_RECORDS = _own_records()  # built once: building it took longer than running it


@dataclass(slots=True)
class Row:
    """A line of the dashboard about an incident or action."""

    kind: str
    incident_id: uuid.UUID
    number: int
    created: dt.datetime
    age: str
    about: str = "Whole school"
    note: str = ""
    by_name: str = ""
    categories: list[CategoryShown] = field(default_factory=list)
    read_count: int = 0


def age(moment: dt.datetime, now: dt.datetime) -> str:
    """How long ago, in words."""
    minutes = int((now - moment).total_seconds() // 60)
    for size, word in ((525_600, "year"), (43_200, "month"), (1_440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def open_alerts(db: SchoolSession, viewer: Viewer) -> list[Row]:
    """The viewer's open alerts, newest first (DSH-02)."""
    sender = aliased(User)
    rows = db.execute(
        select(Alert, Incident, sender)
        .join(Incident, Incident.id == Alert.incident_id)
        .outerjoin(sender, sender.id == Alert.sender_id)
        .where(policy.own_alerts(viewer), policy.visible_incidents(viewer))
        .order_by(Alert.created_at.desc(), Alert.id.desc())
        .limit(MOST)
    ).all()
    shown = [
        Row(
            "Action" if alert.action_id else "Incident",
            incident.id,
            incident.number,
            viewer.local(alert.created_at),
            age(alert.created_at, viewer.now()),
            by_name=by.name if by else "",
        )
        for alert, incident, by in rows
    ]
    describe(db, viewer, shown)
    return shown


def history(db: SchoolSession, viewer: Viewer) -> list[Row]:
    """What the viewer recorded in the last seven days, newest first (DSH-04)."""
    rows = db.execute(OWN_RECORDS, {"author": viewer.user_id, "since": viewer.now() - HISTORY}).all()
    shown = [
        Row(row.kind, row.id, row.number, viewer.local(row.created), age(row.created, viewer.now()))
        for row in rows
    ]
    describe(db, viewer, shown)
    _forget_later_categories(db, viewer, shown)
    _count_readers(db, shown)
    return shown


def _forget_later_categories(db: SchoolSession, viewer: Viewer, rows: Sequence[Row]) -> None:
    """An author who may not open what they wrote is shown the categories that they chose, and none that a
    colleague added since (USR-12.7)."""
    ids = list({row.incident_id for row in rows})
    if not ids:
        return
    visible = set(
        db.scalars(select(Incident.id).where(Incident.id.in_(ids), policy.visible_incidents(viewer)))
    )
    closed = [one for one in ids if one not in visible]
    if not closed:
        return
    chosen: dict[uuid.UUID, set[str]] = {
        version.incident_id: set(version.content["categories"])
        for version in db.scalars(
            select(IncidentVersion).where(
                IncidentVersion.incident_id.in_(closed),
                IncidentVersion.version == 1,
                IncidentVersion.made_by == viewer.user_id,
            )
        )
    }
    for row in rows:
        if row.incident_id not in visible:
            own = chosen.get(row.incident_id, set())
            row.categories = [category for category in row.categories if str(category.id) in own]


def describe(db: SchoolSession | PluginSession, viewer: Viewer, rows: Sequence[Row]) -> None:
    """Whom each row is about, and its categories. The viewer's right to each was asked before; a child
    outside their classes is "another student" here as on the incident."""
    ids = list({row.incident_id for row in rows})
    if not ids:
        return
    about: dict[uuid.UUID, tuple[str, str]] = {}
    for incident_id, student, nameable, rightful in db.execute(
        select(
            IncidentStudent.incident_id,
            Student,
            policy.student_names_in(viewer).label("nameable"),
            policy.rightful_incidents(viewer).label("rightful"),
        )
        .join(Student, Student.id == IncidentStudent.student_id)
        .join(Incident, Incident.id == IncidentStudent.incident_id)
        .where(IncidentStudent.incident_id.in_(ids), ~IncidentStudent.linked)
    ):
        name = name_for(viewer, student, nameable=nameable, rightful=rightful)
        about[incident_id] = (name, note_of(student) if nameable or not rightful else "")
    categories: defaultdict[uuid.UUID, list[CategoryShown]] = defaultdict(list)
    for incident_id, category in categories_of(db, ids):
        categories[incident_id].append(category)
    for row in rows:
        row.categories = categories[row.incident_id]
        if row.incident_id in about:
            row.about, row.note = about[row.incident_id]


def _count_readers(db: SchoolSession, rows: Sequence[Row]) -> None:
    ids = list({row.incident_id for row in rows})
    if not ids:
        return
    counts = dict(
        db.execute(
            select(Alert.incident_id, func.count(func.distinct(Alert.recipient_id)))
            .where(Alert.incident_id.in_(ids), Alert.read_at.is_not(None))
            .group_by(Alert.incident_id)
        )
        .tuples()
        .all()
    )
    for row in rows:
        row.read_count = counts.get(row.incident_id, 0)
