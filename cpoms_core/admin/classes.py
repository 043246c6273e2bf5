"""Class restrictions (USR-09) as the administration reads them: which kinds of student group are restricted,
who is listed for which class, and which classes are new."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from cpoms_core.access.models import ClassAccess, ClassRestriction, NewClass, User, UserGroup
from cpoms_core.errors import NothingThere
from cpoms_core.students.models import StudentGroup
from cpoms_core.students.names import group_name
from cpoms_core.tenancy.scope import SchoolSession, built_once

KINDS = {"tutor": "Tutor groups", "year": "Year groups"}


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """A student group that can be listed."""

    id: uuid.UUID
    kind: str
    name: str

    @property
    def label(self) -> str:
        return group_name(self.kind, self.name)


def restricted_kinds(db: SchoolSession) -> list[str]:
    """The kinds of student group for which restrictions are on, in the order of KINDS."""
    on = set(db.scalars(select(ClassRestriction.kind)))
    return [kind for kind in KINDS if kind in on]


def class_choices(db: SchoolSession, kinds: Iterable[str] = tuple(KINDS)) -> list[ClassChoice]:
    """The student groups of the kinds, by name; years in the order of their numbers."""
    rows = db.execute(
        select(StudentGroup.id, StudentGroup.kind, StudentGroup.name).where(
            StudentGroup.kind.in_(tuple(kinds))
        )
    )
    found = [ClassChoice(*row) for row in rows]
    return sorted(found, key=lambda one: (one.kind, not one.name.isdigit(), one.name.zfill(8).casefold()))


def classes_of(db: SchoolSession, holder_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The student groups that list a user, or a whole user group."""
    return frozenset(
        db.scalars(select(ClassAccess.student_group_id).where(ClassAccess.holder_id == holder_id))
    )


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is listed for a class: a user, or a whole user group. `active`: False for a deactivated user."""

    id: uuid.UUID
    name: str
    whole: bool
    active: bool = True


def holders(db: SchoolSession, group_id: uuid.UUID | None = None) -> dict[uuid.UUID, list[Holder]]:
    """Who is listed for each class, or for one, whole user groups first. Two queries."""
    narrowed = [ClassAccess.student_group_id == group_id] if group_id else []
    groups = db.execute(
        select(ClassAccess.student_group_id, UserGroup.id, UserGroup.name)
        .join(UserGroup, UserGroup.id == ClassAccess.holder_id)
        .where(*narrowed)
        .order_by(UserGroup.name)
    )
    users = db.execute(
        select(ClassAccess.student_group_id, User)
        .join(User, User.id == ClassAccess.holder_id)
        .where(*narrowed)
        .order_by(User.surname_key, User.forename_key, User.id)
    )
    found: dict[uuid.UUID, list[Holder]] = {}
    for student_group, holder_id, name in groups:
        found.setdefault(student_group, []).append(Holder(holder_id, name, whole=True))
    for student_group, user in users:
        active = user.deactivated_at is None
        found.setdefault(student_group, []).append(Holder(user.id, user.name, whole=False, active=active))
    return found


def one_class(db: SchoolSession, group_id: uuid.UUID | None) -> ClassChoice:
    """A class. Raises NothingThere."""
    row = db.get(StudentGroup, (db.school_id, group_id)) if group_id else None
    if row is None:
        raise NothingThere
    return ClassChoice(row.id, row.kind, row.name)


NEW_CLASSES = built_once(
    select(StudentGroup.id, StudentGroup.kind, StudentGroup.name)
    .join(NewClass, NewClass.student_group_id == StudentGroup.id)
    .join(ClassRestriction, ClassRestriction.kind == StudentGroup.kind)
    .where(NewClass.seen_at.is_(None))
    .order_by(StudentGroup.kind, StudentGroup.name)
)


def new_classes(db: SchoolSession) -> list[ClassChoice]:
    """Classes that an import brought while their kind was restricted, and which nobody has edited or marked
    as seen since."""
    return [ClassChoice(*row) for row in db.execute(NEW_CLASSES)]
