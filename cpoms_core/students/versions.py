"""Versions of what the school itself keeps on a student: each change appends one, none is overwritten, and of
two people who change it at once the second is told (STU-03, STU-04)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.rows import insert_rows
from cpoms_core.errors import NothingThere
from cpoms_core.modules.kept_fields import differing, kept_with_it
from cpoms_core.students.models import Contact, Student, StudentAgency, StudentLink, StudentVersion
from cpoms_core.tenancy.scope import SchoolSession

Content = dict[str, Any]
NOTHING: Content = {
    "summary": "", "keywords": [], "agencies": [], "links": [], "contacts": [], "photo": None, "modules": {}
}  # fmt: skip
"""What the first version of every student holds: it is not stored."""


def number_in(text: str) -> int | None:
    """A version's number as a form or address has it; None for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What others saved since a form was opened: who did it last, when (UTC), and the versions before and
    after. `parts` are the names of what differs."""

    by_name: str
    at: dt.datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    version: int

    @property
    def parts(self) -> list[str]:
        return changed_parts(self.before, self.after)


class ChangedMeanwhile(Exception):
    """Somebody else saved a version since the form was opened; nothing of this one was kept."""

    def __init__(self, meanwhile: Meanwhile) -> None:
        super().__init__("changed meanwhile")
        self.meanwhile = meanwhile


def take_turn(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, seen: int) -> Student:
    """Makes the caller the one who writes the version after `seen`, and answers with the student as it is to
    be changed. Others wait for the row until the transaction ends.

    Raises NothingThere (no such student, or not the viewer's to edit) and ChangedMeanwhile.
    """
    allowed = select(Student.id).where(Student.id == student_id, policy.editable_students(viewer))
    if db.scalar(allowed) is None:
        raise NothingThere
    taken = db.execute(
        update(Student)
        .where(Student.id == student_id, Student.version == seen)
        .values(version=seen + 1)
        .execution_options(synchronize_session=False)
    )
    student = db.get_one(Student, (viewer.school_id, student_id), populate_existing=True)
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise ChangedMeanwhile(_meanwhile(db, student, seen))
    return student


def bump(db: SchoolSession, student_ids: Collection[uuid.UUID]) -> list[Student]:
    """Begins a further version of students whose links are changed from another's record; in one order, so
    that two who do it at once never wait for each other."""
    found = []
    for student_id in sorted(student_ids):
        db.execute(
            update(Student)
            .where(Student.id == student_id)
            .values(version=Student.version + 1)
            .execution_options(synchronize_session=False)
        )
        found.append(db.get_one(Student, (db.school_id, student_id), populate_existing=True))
    return found


def keep(
    db: SchoolSession,
    viewer: Viewer,
    student: Student,
    modules: Mapping[str, Any] | None = None,
    not_taken: Mapping[str, Sequence[str]] | None = None,
) -> Content:
    """Writes the student's present version, as everything now is, and answers with it. `modules`: as of
    `content_of`. `not_taken`: what was typed in fields that are gone, kept with this version only."""
    db.flush()
    content = {**content_of(db, student, modules), **kept_with_it(not_taken or {})}
    row = {
        "school_id": viewer.school_id,
        "student_id": student.id,
        "version": student.version,
        "content": content,
        "made_by": viewer.user_id,
        "made_at": viewer.now(),
    }
    insert_rows(db, StudentVersion, [row])
    return content


def content_of(db: SchoolSession, student: Student, modules: Mapping[str, Any] | None = None) -> Content:
    """All that the school itself keeps on a student, as plain JSON values. `modules`: what was typed in
    modules' fields, by name (FRM-03); the others are as in the newest version."""
    agencies = db.scalars(
        select(StudentAgency.agency_id)
        .where(StudentAgency.student_id == student.id)
        .order_by(StudentAgency.agency_id)
    )
    links = db.execute(
        select(StudentLink.other_id, StudentLink.kind)
        .where(StudentLink.student_id == student.id, StudentLink.from_mis.is_(False))
        .order_by(StudentLink.other_id)
    )
    contacts = db.scalars(
        select(Contact).where(Contact.student_id == student.id, Contact.mis_id == "").order_by(Contact.id)
    )
    return {
        "summary": student.summary,
        "keywords": list(student.keywords),
        "agencies": [str(one) for one in agencies],
        "links": [{"student": str(row.other_id), "kind": row.kind} for row in links],
        "contacts": [contact_content(one) for one in contacts],
        "photo": str(student.photo_id) if student.photo_id else None,
        "modules": {**modules_values(db, student.id), **(modules or {})},
    }


def modules_values(db: SchoolSession, student_id: uuid.UUID) -> Content:
    """What the newest version of a student keeps of modules' fields, by their names."""
    newest = db.scalar(
        select(StudentVersion.content)
        .where(StudentVersion.student_id == student_id)
        .order_by(StudentVersion.version.desc())
        .limit(1)
    )
    found: Content = (newest or {}).get("modules", {})
    return found


def changed_parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of the parts that differ between two contents."""
    return [
        part
        for part in NOTHING
        if (differing(before[part], after[part]) if part == "modules" else before[part] != after[part])
    ]


def contact_content(contact: Contact) -> Content:
    """A contact of the school's own as a version keeps it."""
    return {
        "id": str(contact.id),
        "name": contact.name,
        "relationship": contact.relationship_to_student,
        "priority": contact.priority,
        "parental_responsibility": contact.parental_responsibility,
        **contact.details,
        "ended": contact.ended_at.isoformat() if contact.ended_at else None,
    }


def _meanwhile(db: SchoolSession, student: Student, seen: int) -> Meanwhile:
    row = db.execute(
        select(StudentVersion.made_at, StudentVersion.content, staff_name().label("by_name"))
        .outerjoin(User, User.id == StudentVersion.made_by)
        .where(StudentVersion.student_id == student.id, StudentVersion.version == student.version)
    ).first()
    before = db.scalar(
        select(StudentVersion.content).where(
            StudentVersion.student_id == student.id, StudentVersion.version == seen
        )
    )
    return Meanwhile(
        (row.by_name if row else None) or "Somebody",
        row.made_at if row else student.created_at,
        {**NOTHING, **(before or {})},
        {**NOTHING, **(row.content if row else {})},
        student.version,
    )
