"""Why a user sees an incident, or does not (USR-13): the rules of USR-12 one by one, each as policy has it.

The administrator who asks may not see the incident. Then they learn how the rules answer, and nothing of what
it is about: no category, student or class is named, and lines are not in the order of hidden names. That an
incident of this number exists is no news, since numbers count up by one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.models import ClassAccess, ClassRestriction, User, UserGroup
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.beside import name_for
from cpoms_core.incidents.models import Category, Incident, IncidentCategory, IncidentStudent
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.students.names import group_name
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """One of the incident's categories. `name`: None where the reader may not be told."""

    name: str | None
    sees: bool


@dataclass(frozen=True, slots=True)
class StudentLine:
    """One of the incident's students, and on what class access to them rests. `name`: None where the reader
    may not be told; `grouped`: in a class, of a kind that is restricted where restrictions are on; `lists`:
    the classes that list the user or their user group, as far as the same goes."""

    name: str | None
    in_class: bool
    grouped: bool
    listed: bool
    sees_ungrouped: bool
    typed_in: bool
    lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """How each rule answers for one user and one incident, and what follows."""

    user_id: uuid.UUID
    incident_id: uuid.UUID
    number: int
    user_name: str
    group_name: str
    deleted: bool
    active: bool
    key: bool
    details: bool
    alerted: bool
    restricted: bool  # class restrictions are on, for one kind of group or both
    whole_school: bool
    key_for_everyone: bool
    categories: tuple[CategoryLine, ...] = ()
    students: tuple[StudentLine, ...] = ()

    @property
    def all_categories(self) -> bool:
        return all(one.sees for one in self.categories)

    @property
    def class_access(self) -> bool:
        return self.whole_school or any(one.in_class for one in self.students)

    @property
    def by_right(self) -> bool:
        """USR-12.3: sees it with their key by their user group and classes (`policy.who_sees`)."""
        return (
            not self.deleted
            and self.active
            and self.key
            and self.details
            and self.all_categories
            and self.class_access
        )

    @property
    def by_alert(self) -> bool:
        """USR-12.4."""
        return not self.deleted and self.active and self.alerted

    @property
    def sees_with_key(self) -> bool:
        """In an elevated session, which takes a key."""
        return self.key and (self.by_right or self.by_alert)

    @property
    def sees_without_key(self) -> bool:
        """In a restricted session, which reaches nothing where the school asks all for a key (ACC-15)."""
        return self.by_alert and not self.key_for_everyone


def everyone(db: SchoolSession) -> list[tuple[uuid.UUID, str]]:
    """Every user to ask about, by name; deactivated ones are said to be."""
    rows = db.execute(
        select(User, UserGroup.name)
        .join(UserGroup, UserGroup.id == User.group_id)
        .order_by(User.surname_key, User.forename_key, User.id)
    )
    return [
        (user.id, f"{user.name} ({group})" + (", deactivated" if user.deactivated_at else ""))
        for user, group in rows
    ]


def explain(db: SchoolSession, viewer: Viewer, user_id: uuid.UUID, number: int) -> Explanation | None:
    """Explains what one user sees of the incident of a number, as far as the viewer may be told; None where
    the school has no incident of this number. Raises NothingThere for what is no user of the school."""
    user = db.get(User, (db.school_id, user_id))
    if user is None:
        raise NothingThere
    found = _read(db, viewer, user_id, number)
    if found is None:
        return None
    told, rightful, whole = found
    seen, by_right = rightful
    return replace(
        told,
        whole_school=whole,
        categories=_categories(db, told, named=seen),
        students=_students(db, viewer, told, named=seen, by_right=by_right),
    )


def _read(
    db: SchoolSession, viewer: Viewer, user_id: uuid.UUID, number: int
) -> tuple[Explanation, tuple[bool, bool], bool] | None:
    """What is one answer for the whole incident; whether the viewer sees it, and by right; whether it is
    about the whole school."""
    parts = policy.parts()
    row = db.execute(
        select(
            Incident.id,
            Incident.student_id,
            User,
            UserGroup.name.label("group_name"),
            parts.active.label("active"),
            parts.key.label("key"),
            parts.details.label("details"),
            parts.alerted.label("alerted"),
            parts.deleted.label("deleted"),
            parts.classes.unrestricted.label("unrestricted"),
            policy.visible_incidents(viewer).label("seen"),
            policy.rightful_incidents(viewer).label("rightful"),
        )
        .select_from(Incident)
        .join(User, User.id == user_id)
        .join(UserGroup, UserGroup.id == User.group_id)
        .where(Incident.number == number)
    ).first()
    if row is None:
        return None
    told = Explanation(
        user_id=user_id,
        incident_id=row.id,
        number=number,
        user_name=row.User.name,
        group_name=row.group_name,
        deleted=bool(row.deleted),
        active=bool(row.active),
        key=bool(row.key),
        details=bool(row.details),
        alerted=bool(row.alerted),
        restricted=not row.unrestricted,
        whole_school=False,
        key_for_everyone=bool(viewer.school.setting("key_for_everyone")),
    )
    return told, (bool(row.seen), bool(row.rightful)), row.student_id is None


def _categories(db: SchoolSession, told: Explanation, *, named: bool) -> tuple[CategoryLine, ...]:
    rows = db.execute(
        select(Category.name, policy.parts().category.label("sees"))
        .select_from(IncidentCategory)
        .join(Category, Category.id == IncidentCategory.category_id)
        .join(User, User.id == told.user_id)
        .where(IncidentCategory.incident_id == told.incident_id)
    )
    lines = [CategoryLine(row.name if named else None, bool(row.sees)) for row in rows]
    return tuple(sorted(lines, key=lambda one: (one.name or "", not one.sees)))


def _students(
    db: SchoolSession, viewer: Viewer, told: Explanation, *, named: bool, by_right: bool
) -> tuple[StudentLine, ...]:
    parts = policy.parts()
    rows = db.execute(
        select(
            Student,
            IncidentStudent.student_id,
            parts.in_class.label("in_class"),
            (parts.classes.in_restricted if told.restricted else parts.classes.grouped).label("grouped"),
            parts.classes.listed.label("listed"),
            parts.classes.sees_ungrouped.label("sees_ungrouped"),
            parts.classes.typed_in.label("typed_in"),
            policy.student_names_in(viewer).label("nameable"),
        )
        .select_from(IncidentStudent)
        .join(Student, Student.id == IncidentStudent.student_id)
        .join(User, User.id == told.user_id)
        .where(IncidentStudent.incident_id == told.incident_id)
        .order_by(Student.surname_key, Student.forename_key)
    ).all()
    lists = _lists(db, told)
    lines = []
    for row in rows:
        nameable = named and (bool(row.nameable) or not by_right)
        name = name_for(viewer, row.Student, nameable=nameable, rightful=by_right) if nameable else None
        line = StudentLine(
            name,
            bool(row.in_class),
            bool(row.grouped),
            bool(row.listed),
            bool(row.sees_ungrouped),
            bool(row.typed_in),
            tuple(lists.get(row.student_id, ())) if nameable else (),
        )
        lines.append(line)
    return tuple(lines if named else sorted(lines, key=lambda one: not one.in_class))


def _lists(db: SchoolSession, told: Explanation) -> dict[uuid.UUID, list[str]]:
    """The classes of each student that list the user or their whole user group."""
    rows = db.execute(
        select(IncidentStudent.student_id, StudentGroup.kind, StudentGroup.name, ClassAccess.holder_id)
        .select_from(IncidentStudent)
        .join(User, User.id == told.user_id)
        .join(GroupMember, GroupMember.student_id == IncidentStudent.student_id)
        .join(StudentGroup, StudentGroup.id == GroupMember.group_id)
        .join(ClassRestriction, ClassRestriction.kind == StudentGroup.kind)
        .join(ClassAccess, ClassAccess.student_group_id == StudentGroup.id)
        .where(IncidentStudent.incident_id == told.incident_id, policy.parts().lists)
        .order_by(StudentGroup.kind, StudentGroup.name, ClassAccess.holder_id)
    )
    found: dict[uuid.UUID, list[str]] = {}
    for row in rows:
        through = "" if row.holder_id == told.user_id else f", through the user group {told.group_name}"
        found.setdefault(row.student_id, []).append(f"{group_name(row.kind, row.name)}{through}")
    return found
