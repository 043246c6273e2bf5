"""The names of students on an incident, as the viewer may see them written there."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.beside import name_for
from cpoms_core.students.models import Student
from cpoms_core.students.names import NAME_PARTS
from cpoms_core.tenancy.scope import SchoolSession


def students_named(db: SchoolSession, viewer: Viewer, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of students of an incident that the viewer sees by right: outside their classes "another
    student" (USR-12.3)."""
    if not ids:
        return {}
    rows = db.execute(
        select(Student.id, *NAME_PARTS, policy.student_names_in(viewer).label("nameable"))
        .where(Student.id.in_(set(ids)))
        .order_by(Student.surname_key, Student.forename_key)
    )
    return {row.id: name_for(viewer, row, nameable=row.nameable, rightful=True) for row in rows}
