"""What the core's newest version of a record says was put into its fields: for calls that are made late."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import ActionVersion, IncidentVersion
from cpoms_core.modules.kept_fields import MODULES, differing
from cpoms_core.students.models import Student, StudentVersion

VERSIONS: dict[str, tuple[Any, Any]] = {
    "incident": (IncidentVersion, IncidentVersion.incident_id),
    "action": (ActionVersion, ActionVersion.action_id),
    "student": (StudentVersion, StudentVersion.student_id),
}
"""The versions of what is recorded on each form, and the column that says of what."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest version of a record. subject_id: the record's, or of the one that its child has now; values:
    what its fields hold by name, those that the version was saved without as in the one before."""

    subject_id: uuid.UUID
    version: int
    values: Mapping[str, Any]

    def says(self, name: str, value: Any) -> bool:
        """Whether a field still holds a value; nothing put in is as not being asked."""
        return not differing({name: self.values.get(name)}, {name: value})


def later_than(db: PluginSession, form: str, subject_id: uuid.UUID, version: int) -> Newest | None:
    """The newest version of a record where it is newer than a given one, or where it is of another record
    because the child was matched since (INC-02); else None. One query, and a second of a student who is not
    at hand."""
    now_id = _matched(db, subject_id) if form == "student" else subject_id
    versions, column = VERSIONS[form]
    statement = select(versions).where(column == now_id).order_by(versions.version.desc()).limit(1)
    if now_id == subject_id:
        statement = statement.where(versions.version > version)
    found = db.scalars(statement).first()
    return None if found is None else Newest(now_id, found.version, found.content.get(MODULES, {}))


def _matched(db: PluginSession, student_id: uuid.UUID) -> uuid.UUID:
    student = db.get(Student, (db.school_id, student_id))
    return student_id if student is None else (student.matched_to or student_id)
