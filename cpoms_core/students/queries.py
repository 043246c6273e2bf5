"""Finding students: quick search, registers, who is monitored (DSH-01)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, or_, select, tuple_

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import Category
from cpoms_core.students.full_names import of_full_name
from cpoms_core.students.models import GroupMember, Monitoring, Student, StudentGroup
from cpoms_core.students.names import NAME_PARTS, fold, name_parts
from cpoms_core.students.typed_in import matched_now
from cpoms_core.tenancy.scope import SchoolSession, built_once

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
    monitored: list[MonitoredFor] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MonitoredFor:
    """A category that a student is monitored for, as lozenges read it."""

    name: str
    colour: str
    parent_name: None = None


SHOWN = (Student.id, *NAME_PARTS, Student.year_group, Student.tutor_group, Student.archived_at)
"""What a list shows of a student."""


def containing(words: str) -> ColumnElement[bool]:
    """Condition on Student: every word is part of one of the names (or of the UPN). Wildcards that a
    person types are letters here, not wildcards."""
    return and_(*(Student.search_text.like(pattern, escape="!") for pattern in _patterns(words)))


def _patterns(words: str) -> list[str]:
    return [f"%{_literally(word)}%" for word in fold(words).split()[:10]]


def _literally(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def search(
    db: SchoolSession, viewer: Viewer, asked: Search, most: int = PAGE
) -> tuple[list[StudentShown], uuid.UUID | None]:
    """A page of the students that match, by surname, and the id to go on after (None at the end)."""
    patterns = _patterns(asked.words)
    given = policy.who(viewer, group=asked.group_id, category=asked.category_id)
    given.update((f"word_{index}", pattern) for index, pattern in enumerate(patterns))
    if asked.after:
        last = db.execute(_place(viewer), policy.who(viewer, student=asked.after)).first()
        if last is None:
            raise NothingThere
        given.update(surname=last.surname_key, forename=last.forename_key, last=last.id)
    statement = _matching(
        viewer,
        words=len(patterns),
        archived=asked.archived,
        group=bool(asked.group_id),
        monitored=asked.monitored,
        category=bool(asked.category_id),
        later=bool(asked.after),
        most=most,
    )
    students = db.execute(statement, given).all()
    more = len(students) > most
    return show(db, viewer, students[:most], asked.words), students[most - 1].id if more else None


@policy.for_rights
def _matching(
    sight: policy.Sight,
    *,
    words: int,
    archived: bool,
    group: bool,
    monitored: bool,
    category: bool,
    later: bool,
    most: int,
) -> Select[*tuple[Any, ...]]:
    """The student list for each combination of what can be asked of it."""
    statement = (
        select(*SHOWN)
        .where(policy.visible_students(sight))
        .order_by(Student.surname_key, Student.forename_key, Student.id)
        .limit(most + 1)
    )
    for index in range(words):
        pattern: BindParameter[str] = bindparam(f"word_{index}")
        found: ColumnElement[bool] = Student.search_text.like(pattern, escape="!")
        if sight.may("students:details"):  # keywords are part of the record, names are not
            found = or_(found, Student.keyword_text.like(pattern, escape="!"))
        statement = statement.where(found)
    if not archived:
        statement = statement.where(Student.archived_at.is_(None))
    if group:
        members = select(GroupMember.student_id).where(GroupMember.group_id == bindparam("group", type_=Id))
        statement = statement.where(Student.id.in_(members))
    if monitored or category:
        of_category = (
            select(Monitoring.student_id)
            .join(Category, Category.id == Monitoring.category_id)
            .where(Monitoring.ended_at.is_(None), policy.monitored_categories(sight))
        )
        if category:
            of_category = of_category.where(Category.id == bindparam("category", type_=Id))
        statement = statement.where(Student.id.in_(of_category))
    if later:
        last = tuple_(bindparam("surname"), bindparam("forename"), bindparam("last", type_=Id))
        statement = statement.where(tuple_(Student.surname_key, Student.forename_key, Student.id) > last)
    return statement


@policy.for_rights
def _place(sight: policy.Sight) -> Select[str, str, uuid.UUID]:
    return select(Student.surname_key, Student.forename_key, Student.id).where(
        Student.id == bindparam("student", type_=Id), policy.visible_students(sight)
    )


@policy.for_rights
def _monitored_for(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(Monitoring.student_id, Category.name, Category.colour)
        .join(Category, Category.id == Monitoring.category_id)
        .where(
            Monitoring.student_id.in_(bindparam("students", expanding=True, type_=Id)),
            Monitoring.ended_at.is_(None),
            policy.monitored_categories(sight),
        )
        .order_by(Category.name)
    )


def show(db: SchoolSession, viewer: Viewer, students: Sequence[Any], words: str = "") -> list[StudentShown]:
    """Students (rows of `SHOWN`) with the categories they are monitored for, of those that the viewer may
    see (USR-12.5)."""
    labels = monitored_for(db, viewer, [student.id for student in students])
    return [
        StudentShown(
            student.id,
            viewer.name(student),
            note_of(student, found_otherwise(viewer, student, words)),
            student.archived_at is not None,
            labels.get(student.id, []),
        )
        for student in students
    ]


def monitored_for(
    db: SchoolSession, viewer: Viewer, student_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[MonitoredFor]]:
    """The categories that each student is monitored for, of those that the viewer may see (USR-12.5)."""
    labels: defaultdict[uuid.UUID, list[MonitoredFor]] = defaultdict(list)
    if student_ids and viewer.elevated:
        for row in db.execute(_monitored_for(viewer), policy.who(viewer, students=student_ids)):
            labels[row.student_id].append(MonitoredFor(row.name, row.colour))
    return labels


def note_of(student: Any, otherwise: bool = False) -> str:
    """What tells two students of one name apart: year and class. `otherwise`: what was searched for is not in
    the name that is shown; it is said without naming it, because a legal name may be nobody's business."""
    year = f"Year {student.year_group}" if student.year_group.isdigit() else student.year_group
    said = "found by another name or a keyword" if otherwise else ""
    return " · ".join(part for part in (", ".join(filter(None, (year, student.tutor_group))), said) if part)


def found_otherwise(viewer: Viewer, student: Any, words: str) -> bool:
    """Whether the words searched for are elsewhere than in the name that the school shows."""
    shown = fold(" ".join(name_parts(student, viewer.school)))
    return any(word not in shown for word in fold(words).split())


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
    return _as_choices(viewer, rows, words)


def exact_choices(db: SchoolSession, viewer: Viewer, name: str) -> list[StudentShown]:
    """Students to choose from on a form, by their full name only (INC-01)."""
    return _as_choices(viewer, of_full_name(db, viewer, name), name.replace(",", " "))


def _as_choices(viewer: Viewer, students: Sequence[Any], words: str) -> list[StudentShown]:
    return [
        StudentShown(
            student.id,
            viewer.name(student),
            note_of(student, found_otherwise(viewer, student, words)),
            student.archived_at is not None,
        )
        for student in students
    ]


def seen_choices(db: SchoolSession, viewer: Viewer, words: str) -> list[StudentShown]:
    """Students to choose from by part of a name, of those whom the viewer sees."""
    if not words.strip():
        return []
    return _listed(db, viewer, containing(words), SUGGESTIONS, words)


def chosen_students(db: SchoolSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> list[StudentShown]:
    """Students already chosen, by id, of those whom the viewer sees; the others are left out."""
    return _listed(db, viewer, Student.id.in_(ids), len(ids)) if ids else []


def _listed(
    db: SchoolSession, viewer: Viewer, condition: ColumnElement[bool], most: int, words: str = ""
) -> list[StudentShown]:
    rows = db.execute(
        select(*SHOWN)
        .where(policy.visible_students(viewer), condition)
        .order_by(Student.archived_at.is_not(None), Student.surname_key, Student.forename_key, Student.id)
        .limit(most)
    ).all()
    return _as_choices(viewer, rows, words)


def chosen(db: SchoolSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> list[StudentShown]:
    """Students already chosen on a form, by id; those that may not be chosen are left out."""
    if not ids:
        return []
    rows = db.scalars(select(Student).where(Student.id.in_(ids), policy.choosable_students(viewer)))
    return [StudentShown(s.id, viewer.name(s), note_of(s), s.archived_at is not None) for s in rows]


def chosen_now(db: SchoolSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, StudentShown]:
    """As `chosen`, by the id that was asked for: a form or a draft may still name who was typed in and has
    been matched since, and means the child of the register (INC-02)."""
    found = {student.id: student for student in chosen(db, viewer, ids)}
    if missing := [one for one in ids if one not in found]:
        now = matched_now(db, missing)
        children = {student.id: student for student in chosen(db, viewer, list(now.values()))}
        found |= {old: children[new] for old, new in now.items() if new in children}
    return found


GROUPS = built_once(
    select(StudentGroup.id, StudentGroup.name)
    .where(StudentGroup.kind == bindparam("kind"))
    .order_by(StudentGroup.name)
)


def groups(db: SchoolSession, viewer: Viewer) -> Sequence[tuple[uuid.UUID, str]]:
    """The groups that the dashboard filters by, id and name (DSH-01)."""
    return db.execute(GROUPS, {"kind": viewer.school.setting("dashboard_group_kind")}).all()


@policy.for_rights
def _monitored_categories(sight: policy.Sight) -> Select[uuid.UUID, str]:
    return (
        select(Category.id, Category.name)
        .where(policy.monitored_categories(sight), Category.disabled_at.is_(None))
        .order_by(Category.name)
    )


def monitored_categories(db: SchoolSession, viewer: Viewer) -> Sequence[tuple[uuid.UUID, str]]:
    """The categories whose monitoring the viewer may see, id and name."""
    return db.execute(_monitored_categories(viewer), policy.who(viewer)).all()
