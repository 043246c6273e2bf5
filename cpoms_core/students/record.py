"""A student's record as every page of it begins: who it is, and that the viewer may open it (STU-01)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.errors import NothingThere
from cpoms_core.students.models import Student
from cpoms_core.students.queries import SHOWN, MonitoredFor, monitored_for, note_of
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Record:
    """What is always in sight on a student's record. `name` is the viewer's to see; `note` is year and class
    in words; `monitored` are the categories of those whose monitoring the viewer may see (USR-12.5);
    `photo_id` is None where there is no photo, or while names are hidden (DSH-08)."""

    id: uuid.UUID
    name: str
    note: str
    year_group: str
    tutor_group: str
    archived: bool
    photo_id: uuid.UUID | None
    monitored: list[MonitoredFor] = field(default_factory=list)


@policy.for_rights
def _record(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return select(*SHOWN, Student.photo_id).where(
        Student.id == bindparam("student", type_=Id), policy.student_records(sight)
    )


def open_record(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> Record:
    """A student whose record the viewer may open, in two queries. Raises NothingThere."""
    student = db.execute(_record(viewer), policy.who(viewer, student=student_id)).first()
    if student is None:
        raise NothingThere
    return Record(
        id=student.id,
        name=viewer.name(student),
        note=note_of(student),
        year_group=student.year_group,
        tutor_group=student.tutor_group,
        archived=student.archived_at is not None,
        photo_id=None if viewer.names_hidden else student.photo_id,
        monitored=monitored_for(db, viewer, [student.id]).get(student.id, []),
    )
