"""Compares attendance marks with those the school has for the same days (STU-06). A year of marks is half a
million rows, so they are compared in large chunks by student. Marks that a delivery does not hold stay."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from cpoms_core.imports.changes import MarkChanges, chunks
from cpoms_core.imports.records import MarkRecord
from cpoms_core.students.models import AttendanceMark
from cpoms_core.tenancy.scope import SchoolSession

Session = tuple[dt.date, str]


def compare_marks(
    db: SchoolSession,
    ids: Mapping[str, uuid.UUID],
    new_students: set[str],
    records: Sequence[MarkRecord],
) -> MarkChanges:
    """New and changed marks; `ids`: students by the MIS's id, `new_students`: those who cannot have any."""
    found = MarkChanges()
    by_student: dict[str, list[MarkRecord]] = {}
    for record in records:
        if record.student_mis_id in ids:
            by_student.setdefault(record.student_mis_id, []).append(record)
        else:
            found.strangers += 1
    if not by_student:
        return found
    days = {record.date for record in records}
    for mis_id in by_student.keys() & new_students:
        _compare(db, found, ids[mis_id], by_student[mis_id], {})
    for chunk in chunks([mis_id for mis_id in by_student if mis_id not in new_students]):
        present = _present(db, [ids[mis_id] for mis_id in chunk], min(days), max(days))
        for mis_id in chunk:
            _compare(db, found, ids[mis_id], by_student[mis_id], present.get(ids[mis_id], {}))
    return found


def _present(
    db: SchoolSession, student_ids: list[uuid.UUID], first: dt.date, last: dt.date
) -> dict[uuid.UUID, dict[Session, str]]:
    rows = db.execute(
        select(AttendanceMark.student_id, AttendanceMark.date, AttendanceMark.session, AttendanceMark.code)
        .where(AttendanceMark.student_id.in_(student_ids), AttendanceMark.date.between(first, last))
    )  # fmt: skip
    found: dict[uuid.UUID, dict[Session, str]] = {}
    for student_id, date, session, code in rows:
        found.setdefault(student_id, {})[date, session] = code
    return found


def _compare(
    db: SchoolSession,
    found: MarkChanges,
    student_id: uuid.UUID,
    records: Sequence[MarkRecord],
    present: Mapping[Session, str],
) -> None:
    for record in records:
        code = present.get((record.date, record.session))
        if code == record.code:
            found.counts.unchanged += 1
            continue
        row = {
            "school_id": db.school_id, "student_id": student_id, "date": record.date,
            "session": record.session, "code": record.code,
        }  # fmt: skip
        if code is None:
            found.new.append(row)
            found.counts.added += 1
        else:
            found.changed.append(row)
            found.counts.changed += 1
