"""A line of the dashboard's lists, and whom it is about."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.dashboard.file_alerts import files_about
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.beside import categories_of, name_for
from cpoms_core.incidents.models import Incident, IncidentStudent
from cpoms_core.incidents.on_page import INCIDENTS, CategoryShown
from cpoms_core.students.models import Student
from cpoms_core.students.queries import SHOWN, note_of
from cpoms_core.tenancy.scope import SchoolSession


@policy.for_rights
def _subjects(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(
            IncidentStudent.incident_id,
            *SHOWN,
            policy.student_names_in(sight).label("nameable"),
            policy.names_told_in(sight).label("told"),
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


def age(moment: dt.datetime, now: dt.datetime) -> str:
    """How long ago, in words."""
    minutes = int((now - moment).total_seconds() // 60)
    for size, word in ((525_600, "year"), (43_200, "month"), (1_440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def describe(db: SchoolSession | PluginSession, viewer: Viewer, rows: Sequence[Row]) -> None:
    """Whom each row is about, and its categories. The viewer's right to each was asked before, or they wrote
    it; a child outside their classes is "another student" here as on the incident."""
    _describe_files(db, viewer, [row for row in rows if row.document_id])
    ids = list({row.incident_id for row in rows if row.incident_id})
    if not ids:
        return
    about: dict[uuid.UUID, tuple[str, str]] = {}
    for student in db.execute(_subjects(viewer), policy.who(viewer, incidents=ids)):
        name = name_for(viewer, student, nameable=student.nameable, rightful=not student.told)
        about[student.incident_id] = (name, note_of(student) if student.nameable or student.told else "")
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
