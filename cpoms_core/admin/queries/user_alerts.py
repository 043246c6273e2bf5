"""What a user's Alerts page offers and says (USR-07)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, true

from cpoms_core.access import policy
from cpoms_core.access.models import GroupCategory, User
from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.rights import category_rows
from cpoms_core.students.models import Student
from cpoms_core.students.queries import SUGGESTIONS, containing, note_of
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class CategoryChoice:
    """A category to be told of. `reaches`: the user's group has what an automatic alert needs on it."""

    id: uuid.UUID
    name: str
    colour: str
    parent_name: str | None
    disabled: bool
    reaches: bool


@dataclass(frozen=True, slots=True)
class StudentChoice:
    """A student who is chosen, or can be. `note` tells two of one name apart."""

    id: uuid.UUID
    name: str
    note: str


def category_choices(db: SchoolSession, group_id: uuid.UUID) -> list[CategoryChoice]:
    """Every category, for a user of this user group. Two queries."""
    reached = set(
        db.scalars(
            select(GroupCategory.category_id).where(
                GroupCategory.group_id == group_id, GroupCategory.view_students, GroupCategory.view_incidents
            )
        )
    )
    return [
        CategoryChoice(row.id, row.name, row.colour, row.parent_name, row.disabled, row.id in reached)
        for row in category_rows(db)
    ]


def can_be_told(db: SchoolSession, user_id: uuid.UUID) -> bool:
    """Whether automatic alerts can reach a user at all, whatever the categories: what their group permits
    beside its rights on categories allows it. One query."""
    told = policy.told_automatically([], [], true())
    return db.scalar(select(User.id).where(User.id == user_id, told)) is not None


def students_named(db: SchoolSession, viewer: Viewer, ids: Collection[uuid.UUID]) -> list[StudentChoice]:
    """Those of the students whom the viewer may see, by name."""
    if not ids:
        return []
    return _shown(db, viewer, Student.id.in_(ids), len(ids))


def students_found(db: SchoolSession, viewer: Viewer, words: str) -> list[StudentChoice]:
    """Students to choose from, by part of a name: of those whom the viewer may see."""
    return _shown(db, viewer, containing(words), SUGGESTIONS) if words.strip() else []


def _shown(db: SchoolSession, viewer: Viewer, condition: object, most: int) -> list[StudentChoice]:
    rows = db.scalars(
        select(Student)
        .where(condition, policy.visible_students(viewer))  # type: ignore[arg-type]
        .order_by(Student.archived_at.is_not(None), Student.surname_key, Student.forename_key, Student.id)
        .limit(most)
    )
    return [
        StudentChoice(
            student.id,
            viewer.name(student),
            note_of(student) + (" · archived" if student.archived_at else ""),
        )
        for student in rows
    ]
