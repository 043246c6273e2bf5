"""Finding students: quick search, registers, who is monitored (DSH-01)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, select, tuple_

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import Category
from cpoms_core.students.models import GroupMember, Monitoring, Student, StudentGroup
from cpoms_core.students.names import fold
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 50
SUGGESTIONS = 20


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of the student list. `after`: id of the last student of the page before."""

    words: str = ""
    monitored: bool = False
    archived: bool = False
    group_id: uuid.UUID | None = None
    category_id: uuid.UUID | None = None
    after: uuid.UUID | None = None

    @property
    def asked(self) -> bool:
        """Whether anything was asked for: an empty search lists nobody."""
        return bool(self.words.strip() or self.monitored or self.group_id or self.category_id)


@dataclass(slots=True)
class StudentShown:
    """A student in a list."""

    id: uuid.UUID
    name: str
    note: str
    archived: bool
    monitored: list[Category] = field(default_factory=list)


def containing(words: str) -> ColumnElement[bool]:
    """Condition on Student: every word is part of one of the names (or of the UPN). Wildcards that a
    person types are letters here, not wildcards."""
    return and_(
        *(Student.search_text.like(f"%{_literally(word)}%", escape="!") for word in fold(words).split()[:10])
    )


def _literally(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def search(db: SchoolSession, viewer: Viewer, asked: Search) -> tuple[list[StudentShown], uuid.UUID | None]:
    """A page of the students that match, by surname, and the id to go on after (None at the end)."""
    statement = select(Student).where(policy.visible_students(viewer))
    if asked.words.strip():
        statement = statement.where(containing(asked.words))
    if not asked.archived:
        statement = statement.where(Student.archived_at.is_(None))
    if asked.group_id:
        members = select(GroupMember.student_id).where(GroupMember.group_id == asked.group_id)
        statement = statement.where(Student.id.in_(members))
    if asked.monitored or asked.category_id:
        statement = statement.where(Student.id.in_(_monitored(viewer, asked.category_id)))
    if asked.after:
        last = select(Student.surname_key, Student.forename_key, Student.id).where(
            Student.id == asked.after, policy.visible_students(viewer)
        )
        row = db.execute(last).first()
        if row is None:
            raise NothingThere
        statement = statement.where(
            tuple_(Student.surname_key, Student.forename_key, Student.id)
            > tuple_(literal(row[0]), literal(row[1]), literal(row[2], Id))
        )
    students = db.scalars(
        statement.order_by(Student.surname_key, Student.forename_key, Student.id).limit(PAGE + 1)
    ).all()
    return show(db, viewer, students[:PAGE], asked.words), students[PAGE - 1].id if len(
        students
    ) > PAGE else None


def _monitored(viewer: Viewer, category_id: uuid.UUID | None) -> Any:
    statement = (
        select(Monitoring.student_id)
        .join(Category, Category.id == Monitoring.category_id)
        .where(Monitoring.ended_at.is_(None), policy.monitored_categories(viewer))
    )
    return statement.where(Category.id == category_id) if category_id else statement


def show(
    db: SchoolSession, viewer: Viewer, students: Sequence[Student], words: str = ""
) -> list[StudentShown]:
    """Students with the categories they are monitored for, of those that the viewer may see (USR-12.5)."""
    labels: defaultdict[uuid.UUID, list[Category]] = defaultdict(list)
    if students and viewer.elevated:
        rows = db.execute(
            select(Monitoring.student_id, Category)
            .join(Category, Category.id == Monitoring.category_id)
            .where(
                Monitoring.student_id.in_([student.id for student in students]),
                Monitoring.ended_at.is_(None),
                policy.monitored_categories(viewer),
            )
            .order_by(Category.name)
        )
        for student_id, category in rows:
            labels[student_id].append(category)
    return [
        StudentShown(
            student.id,
            viewer.name(student),
            note_of(student, words),
            student.archived_at is not None,
            labels[student.id],
        )
        for student in students
    ]


def note_of(student: Student, words: str = "") -> str:
    """What tells two students of one name apart: year and class. Where the words searched for are in a name
    that is not the one shown, it says so without naming it: a legal name may be nobody's business."""
    year = f"Year {student.year_group}" if student.year_group.isdigit() else student.year_group
    shown = fold(student.name)
    otherwise = "" if all(word in shown for word in fold(words).split()) else "found by another name"
    return " · ".join(
        part for part in (", ".join(filter(None, (year, student.tutor_group))), otherwise) if part
    )


def record_of(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> StudentShown:
    """A student whose record the viewer may open. Raises NothingThere."""
    student = db.scalars(
        select(Student).where(Student.id == student_id, policy.student_records(viewer))
    ).first()
    if student is None:
        raise NothingThere
    return show(db, viewer, [student])[0]


def choices(db: SchoolSession, viewer: Viewer, words: str) -> list[StudentShown]:
    """Students to choose from on a form, by part of a name."""
    if not words.strip():
        return []
    rows = db.scalars(
        select(Student)
        .where(policy.choosable_students(viewer), containing(words))
        .order_by(Student.archived_at.is_not(None), Student.surname_key, Student.forename_key, Student.id)
        .limit(SUGGESTIONS)
    ).all()
    return [
        StudentShown(
            student.id,
            viewer.name(student),
            note_of(student, words),
            student.archived_at is not None,
        )
        for student in rows
    ]


def chosen(db: SchoolSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> list[StudentShown]:
    """Students already chosen on a form, by id; those that may not be chosen are left out."""
    if not ids:
        return []
    rows = db.scalars(select(Student).where(Student.id.in_(ids), policy.choosable_students(viewer)))
    return [StudentShown(s.id, viewer.name(s), note_of(s), s.archived_at is not None) for s in rows]


def by_full_name(db: SchoolSession, viewer: Viewer, name: str) -> list[uuid.UUID]:
    """Students with exactly this full name, for schools that do not let the form search (INC-01)."""
    wanted = fold(name)
    if " " not in wanted:
        return []
    rows = db.scalars(
        select(Student)
        .where(policy.choosable_students(viewer), Student.archived_at.is_(None), containing(name))
        .limit(100)
    )
    return [
        student.id
        for student in rows
        if wanted in (fold(student.name), fold(f"{student.legal_forename} {student.legal_surname}"))
    ]


def groups(db: SchoolSession, viewer: Viewer) -> list[StudentGroup]:
    """The groups that the dashboard filters by (DSH-01)."""
    kind = viewer.school.setting("dashboard_group_kind")
    return list(db.scalars(select(StudentGroup).where(StudentGroup.kind == kind).order_by(StudentGroup.name)))


def monitored_categories(db: SchoolSession, viewer: Viewer) -> list[Category]:
    """The categories whose monitoring the viewer may see."""
    return list(
        db.scalars(
            select(Category)
            .where(policy.monitored_categories(viewer), Category.disabled_at.is_(None))
            .order_by(Category.name)
        )
    )
