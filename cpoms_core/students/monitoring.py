"""Monitoring students for categories: from a moment until it is ended; history is kept."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import bindparam, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import Id, new_id
from cpoms_core.students.models import Monitoring
from cpoms_core.tenancy.scope import SchoolSession, built_once

OPEN = built_once(
    select(Monitoring.student_id, Monitoring.category_id).where(
        Monitoring.student_id.in_(bindparam("students", expanding=True, type_=Id)),
        Monitoring.category_id.in_(bindparam("categories", expanding=True, type_=Id)),
        Monitoring.ended_at.is_(None),
    )
)


def monitor(
    db: SchoolSession,
    viewer: Viewer,
    student_ids: Collection[uuid.UUID],
    category_ids: Collection[uuid.UUID],
    *,
    incident_id: uuid.UUID | None = None,
) -> None:
    """Begins monitoring each student for each category from now on, where it has not begun already.
    Backdating an incident does not move it (INC-09)."""
    if not student_ids or not category_ids:
        return
    open_now = db.execute(OPEN, {"students": list(student_ids), "categories": list(category_ids)})
    present = {(row.student_id, row.category_id) for row in open_now}
    rows = [
        {
            "school_id": viewer.school_id,
            "id": new_id(),
            "student_id": student,
            "category_id": category,
            "started_at": viewer.now(),
            "started_by": viewer.user_id,
            "incident_id": incident_id,
            "ended_at": None,
            "ended_by": None,
        }
        for student in dict.fromkeys(student_ids)
        for category in dict.fromkeys(category_ids)
        if (student, category) not in present
    ]
    insert_rows(db, Monitoring, rows)
