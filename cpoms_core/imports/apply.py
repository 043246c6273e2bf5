"""Writes what a comparison found, in the caller's one transaction: all of it or nothing (MIS-02)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import and_, delete, insert, select, update

from cpoms_core.access.models import ClassRestriction, NewClass
from cpoms_core.imports.changes import Changes, PeopleChanges, Row, chunks
from cpoms_core.imports.compare import COUNTER
from cpoms_core.students.models import (
    AttendanceMark,
    Contact,
    GroupMember,
    StaffMember,
    Student,
    StudentGroup,
    StudentLink,
)
from cpoms_core.tenancy.models import Counter
from cpoms_core.tenancy.scope import SchoolSession

ROWS = 5_000  # rows in one round trip


class ImportedMeanwhile(Exception):
    """Another import was applied since the comparison was made."""


def take_turn(db: SchoolSession, version: int) -> None:
    """Makes this the next import of the school. Others wait for the row until this transaction ends, and then
    find that their number is old. Raises ImportedMeanwhile."""
    taken = db.execute(
        update(Counter)
        .where(Counter.name == COUNTER, Counter.value == version)
        .values(value=version + 1)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise ImportedMeanwhile


def write(db: SchoolSession, changes: Changes, now: dt.datetime) -> None:
    """Writes the changes, in the order in which rows refer to each other. `now`: the moment (UTC) of
    archiving. No row is written that does not change."""
    _write_people(db, Student, changes.students, "archived_at", now)
    _insert(db, StudentGroup, changes.groups.groups)
    _insert(db, GroupMember, changes.groups.joined)
    for group, students in changes.groups.left.items():
        _delete(db, GroupMember, GroupMember.group_id == group, GroupMember.student_id, students)
    _insert(db, StudentLink, changes.links.new)
    for student, others in changes.links.gone.items():
        condition = and_(StudentLink.student_id == student, StudentLink.from_mis)
        _delete(db, StudentLink, condition, StudentLink.other_id, others)
    _insert(db, Contact, changes.contacts.new)
    _update(db, Contact, changes.contacts.changed)
    _write_people(db, StaffMember, changes.staff, "left_at", now)
    _insert(db, AttendanceMark, changes.marks.new)
    _update(db, AttendanceMark, changes.marks.changed)


def note_new_classes(db: SchoolSession, changes: Changes, now: dt.datetime) -> None:
    """Notes the student groups that are new while class restrictions are on for their kind: nobody is listed
    for them, and administrators are told (USR-09). `now`: UTC."""
    restricted = set(db.scalars(select(ClassRestriction.kind)))
    rows = [
        {"school_id": db.school_id, "student_group_id": row["id"], "noticed_at": now}
        for row in changes.groups.groups
        if row["kind"] in restricted
    ]
    _insert(db, NewClass, rows)


def _write_people(
    db: SchoolSession,
    table: type[Student] | type[StaffMember],
    people: PeopleChanges,
    gone: str,
    now: dt.datetime,
) -> None:
    _insert(db, table, people.new)
    _update(db, table, people.changed)
    _update(db, table, people.rehashed)
    for ids, moment in ((people.archived, now), (people.restored, None)):
        _update(db, table, [{"school_id": db.school_id, "id": id, gone: moment} for id in ids])


def _insert(db: SchoolSession, table: Any, rows: list[Row]) -> None:
    for chunk in chunks(rows, ROWS):
        db.execute(insert(table), chunk)


def _update(db: SchoolSession, table: Any, rows: list[Row]) -> None:
    """Updates rows by key, past the ORM's unit of work."""
    for chunk in chunks(rows, ROWS):
        db.execute(update(table), chunk)


def _delete(db: SchoolSession, table: Any, condition: Any, column: Any, ids: list[uuid.UUID]) -> None:
    for chunk in chunks(ids):
        db.execute(
            delete(table).where(condition, column.in_(chunk)).execution_options(synchronize_session=False)
        )
