"""Monitoring students for categories: from a moment until it is ended; history is kept."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import ColumnElement, Select, bindparam, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import Id, new_id
from cpoms_core.incidents.models import Action, Incident, IncidentCategory, IncidentStudent
from cpoms_core.students.models import Monitoring, Student
from cpoms_core.tenancy.scope import SchoolSession, built_once

OPEN = built_once(
    select(Monitoring.student_id, Monitoring.category_id).where(
        Monitoring.student_id.in_(bindparam("students", expanding=True, type_=Id)),
        Monitoring.category_id.in_(bindparam("categories", expanding=True, type_=Id)),
        Monitoring.ended_at.is_(None),
    )
)
THESE = bindparam("ids", expanding=True, type_=Id)


def locked_students(condition: ColumnElement[bool]) -> Select[uuid.UUID]:
    """Locks students until the transaction ends, so that nobody else begins or ends to monitor them; rows
    that only refer to them may be added. Lock all of an incident's at once, and after it
    (docs/architecture.md, Locks)."""
    rows = select(Student.id).where(condition).order_by(Student.id)
    return rows.with_for_update(of=Student, key_share=True)


STUDENTS = built_once(locked_students(Student.id.in_(THESE)))
ON_INCIDENTS = select(IncidentStudent.student_id).where(IncidentStudent.incident_id.in_(THESE))
STUDENTS_OF = built_once(locked_students(Student.id.in_(ON_INCIDENTS)))


def lock_students_of(db: SchoolSession, incident_ids: Collection[uuid.UUID]) -> None:
    """Locks the students of incidents, as `locked_students` says."""
    db.execute(STUDENTS_OF, {"ids": list(incident_ids)})


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
    if incident_id is None:
        db.execute(STUDENTS, {"ids": list(student_ids)})
    else:
        lock_students_of(db, [incident_id])
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


def withdraw(
    db: SchoolSession,
    viewer: Viewer,
    incident_ids: Collection[uuid.UUID],
    *,
    category_ids: Collection[uuid.UUID] | None = None,
) -> None:
    """Takes back the monitoring that only these incidents began, because they are no longer there, or no
    longer in these categories (EDT-02). Where another living incident of the student in that category would
    have begun it as well, it goes on as that one's: in doubt a child stays monitored."""
    ids = with_merged(db, incident_ids)
    lock_students_of(db, ids)
    began = [Monitoring.incident_id.in_(ids), Monitoring.withdrawn_at.is_(None)]
    if category_ids is not None:
        began.append(Monitoring.category_id.in_(category_ids))
    rows = db.scalars(select(Monitoring).where(*began).execution_options(populate_existing=True)).all()
    if not rows:
        return
    others = _others(db, rows, [] if category_ids is not None else ids)
    now = viewer.now()
    for row in rows:
        other = others.get((row.student_id, row.category_id))
        if other is not None:
            row.incident_id = other
            continue
        row.withdrawn_at = now
        if row.ended_at is None:  # the same moment in both says that it was going on until then
            row.ended_at, row.ended_by = now, viewer.user_id
    db.flush()


def with_merged(db: SchoolSession, incident_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Incidents with those that were merged into them."""
    found, last = list(incident_ids), list(incident_ids)
    while last:
        under = select(Action.id).where(Action.incident_id.in_(last))
        last = list(db.scalars(select(Incident.id).where(Incident.merged_into.in_(under))))
        last = [one for one in last if one not in found]
        found += last
    return found


def _others(
    db: SchoolSession, rows: Collection[Monitoring], without: Collection[uuid.UUID]
) -> dict[tuple[uuid.UUID, uuid.UUID], uuid.UUID]:
    """For each student and category, the first other living incident that monitors the one for the other."""
    found = db.execute(
        select(IncidentStudent.student_id, IncidentCategory.category_id, Incident.id)
        .join(Incident, Incident.id == IncidentStudent.incident_id)
        .join(IncidentCategory, IncidentCategory.incident_id == Incident.id)
        .where(
            IncidentStudent.student_id.in_({row.student_id for row in rows}),
            IncidentStudent.monitored,
            IncidentCategory.category_id.in_({row.category_id for row in rows}),
            Incident.deleted_at.is_(None),
            Incident.id.not_in(list(without)),
        )
        .order_by(Incident.created_at.desc(), Incident.id.desc())
    )
    return {(student_id, category_id): incident_id for student_id, category_id, incident_id in found}


def reinstate(
    db: SchoolSession,
    viewer: Viewer,
    incident_ids: Collection[uuid.UUID],
    *,
    category_ids: Collection[uuid.UUID] | None = None,
) -> None:
    """Brings back the monitoring that `withdraw` took with these incidents, which are there again, or are in
    these categories again. What was going on then goes on, up to where something else has begun
    meanwhile; what would end before it began stays withdrawn."""
    ids = with_merged(db, incident_ids)
    lock_students_of(db, ids)
    theirs = [IncidentStudent.incident_id.in_(ids), IncidentStudent.monitored]
    if category_ids is not None:
        theirs.append(IncidentCategory.category_id.in_(category_ids))
    pairs = db.execute(
        select(IncidentStudent.student_id, IncidentCategory.category_id, IncidentStudent.incident_id)
        .join(IncidentCategory, IncidentCategory.incident_id == IncidentStudent.incident_id)
        .where(*theirs)
    ).all()
    for student_id, category_id, incident_id in pairs:
        _reinstate(db, student_id, category_id, incident_id, ids)
    db.flush()


def _reinstate(
    db: SchoolSession,
    student_id: uuid.UUID,
    category_id: uuid.UUID,
    incident_id: uuid.UUID,
    ids: Collection[uuid.UUID],
) -> None:
    rows = db.scalars(
        select(Monitoring)
        .where(Monitoring.student_id == student_id, Monitoring.category_id == category_id)
        .order_by(Monitoring.started_at, Monitoring.id)
        .execution_options(populate_existing=True)
    ).all()
    going_on = next((row for row in rows if row.ended_at is None), None)
    withdrawn = [row for row in rows if row.withdrawn_at is not None]
    chosen = [row for row in withdrawn if row.incident_id in ids]
    cut_short = [row for row in withdrawn if row.ended_at == row.withdrawn_at]
    if not chosen and going_on is None:
        # another incident that is gone now had taken it over: it was this one's as well
        chosen = cut_short[-1:]
    for row in chosen:
        was_open = row in cut_short
        if was_open and going_on is not None and going_on.started_at <= row.started_at:
            continue  # all of it is in what goes on, which is this incident's as well
        row.withdrawn_at = None
        row.incident_id = incident_id
        if was_open:
            row.ended_at = going_on.started_at if going_on else None
            row.ended_by = None
            going_on = going_on or row
    db.flush()
