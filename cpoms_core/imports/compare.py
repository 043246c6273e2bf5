"""Compares a delivery with what the school has (MIS-01, MIS-03). Reads only: it runs outside the write lock,
and what it found is written by `apply.py`."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select

from cpoms_core.imports.changes import Changes
from cpoms_core.imports.contacts import compare_contacts
from cpoms_core.imports.groups import compare_groups
from cpoms_core.imports.hashes import fields_of
from cpoms_core.imports.links import compare_links
from cpoms_core.imports.marks import compare_marks
from cpoms_core.imports.people import BY_LEGAL_NAMES, STAFF, STUDENTS, People, known_ids
from cpoms_core.imports.records import Extract, StaffRecord, StudentRecord
from cpoms_core.students.models import Student
from cpoms_core.tenancy.models import Counter, Setting
from cpoms_core.tenancy.scope import SchoolSession

COUNTER = "import"
"""Rises with every import that is applied, and with the school's own captions: tells whether what was read
before would come out otherwise now."""


def compare(db: SchoolSession, source: str, extract: Extract, now: dt.datetime) -> Changes:
    """What the delivery would change, `now` (UTC) being the moment that new and archived rows carry.

    Students and staff are matched by the source's own ids and by nothing else; rows of other sources, and
    what staff typed in, are never looked at. A few queries, whatever the number of rows.
    """
    # first of all: what is read after it can only be newer, and then the number has risen too
    version = db.scalar(select(Counter.value).where(Counter.name == COUNTER)) or 0
    current = db.scalar(select(func.count()).select_from(Student).where(Student.archived_at.is_(None)))
    changes = Changes(version, current or 0)
    if extract.students is None:
        changes.students.ids = known_ids(db, STUDENTS, source)
    else:
        _compare_students(db, source, changes, extract, now)
    if extract.staff is not None:
        fields = fields_of(StaffRecord, extract.staff_fields)
        changes.staff = People(db, STAFF, source, fields, now).compare(extract.staff)
    if extract.marks:
        changes.marks = compare_marks(db, changes.students.ids, changes.students.added, extract.marks)
    return changes


def _compare_students(
    db: SchoolSession, source: str, changes: Changes, extract: Extract, now: dt.datetime
) -> None:
    records = extract.students or ()
    fields = fields_of(StudentRecord, extract.student_fields)
    legal = db.scalar(select(Setting.value).where(Setting.name == "student_names")) == "legal"
    kind = BY_LEGAL_NAMES if legal else STUDENTS
    changes.students = People(db, kind, source, fields, now).compare(records)
    changes.contacts = compare_contacts(db, changes.students, records, fields, now)
    changes.groups = compare_groups(db, source, changes.students, records, fields)
    changes.links = compare_links(db, changes.students, records, fields)
