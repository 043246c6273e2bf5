"""Whom to tell: groups and configured people; and who has read it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import AlertGroup, AlertGroupMember, User
from cpoms_core.access.names import staff_name
from cpoms_core.alerts import passed_on
from cpoms_core.alerts.models import Alert, AutomaticAlert
from cpoms_core.alerts.passed_on import PassedOn
from cpoms_core.database.types import Id
from cpoms_core.incidents.models import Category
from cpoms_core.students.models import GroupMember, StudentGroup
from cpoms_core.students.names import group_name
from cpoms_core.tenancy.scope import SchoolSession, built_once


@dataclass(frozen=True, slots=True)
class Person:
    """A user whom a form can name."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class Configured:
    """A user who is alerted automatically, and why: "for Behaviour, for this student" (USR-07)."""

    id: uuid.UUID
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class GroupOfPeople:
    """An alert group with its present, active members."""

    id: uuid.UUID
    name: str
    members: Sequence[Person]


def staff(db: SchoolSession) -> list[Person]:
    """Every user who can be alerted, in the order of their names."""
    rows = db.execute(
        select(User.id, User.forename, User.surname)
        .where(User.deactivated_at.is_(None))
        .order_by(User.surname, User.forename, User.id)
    )
    return [Person(row.id, f"{row.forename} {row.surname}".strip()) for row in rows]


def alert_groups(db: SchoolSession) -> list[GroupOfPeople]:
    """The alert groups with their members who can still be alerted."""
    rows = db.execute(
        select(AlertGroup.id, AlertGroup.name, User)
        .join(AlertGroupMember, AlertGroupMember.group_id == AlertGroup.id)
        .join(User, User.id == AlertGroupMember.user_id)
        .where(User.deactivated_at.is_(None))
        .order_by(AlertGroup.name, User.surname, User.forename)
    )
    groups: dict[uuid.UUID, tuple[str, list[Person]]] = {}
    for group_id, name, user in rows:
        groups.setdefault(group_id, (name, []))[1].append(Person(user.id, user.name))
    return [GroupOfPeople(key, name, members) for key, (name, members) in groups.items()]


def _configured() -> Select[uuid.UUID, str, str, uuid.UUID | None, str, str]:
    """Who is configured `:for_categories` or `:for_students`, of those whom automatic alerts reach for an
    incident with `:categories` about `:students`; a row for each reason."""
    told_for = bindparam("for_categories", expanding=True, type_=Id)
    told_about = bindparam("for_students", expanding=True, type_=Id)
    reached = policy.told_automatically(
        bindparam("categories", expanding=True, type_=Id),
        bindparam("students", expanding=True, type_=Id),
        bindparam("everywhere", type_=Boolean),
    )
    groups = select(GroupMember.group_id).where(GroupMember.student_id.in_(told_about))
    return (
        select(
            User.id,
            staff_name(),
            Category.name,
            AutomaticAlert.student_id,
            StudentGroup.kind,
            StudentGroup.name,
        )
        .join(AutomaticAlert, AutomaticAlert.user_id == User.id)
        .outerjoin(Category, Category.id == AutomaticAlert.category_id)
        .outerjoin(StudentGroup, StudentGroup.id == AutomaticAlert.student_group_id)
        .where(
            or_(
                AutomaticAlert.category_id.in_(told_for),
                AutomaticAlert.student_id.in_(told_about),
                AutomaticAlert.student_group_id.in_(groups),
            ),
            reached,
        )
        .order_by(User.surname, User.forename, User.id, Category.name, StudentGroup.name)
    )


CONFIGURED = built_once(_configured())


@dataclass(frozen=True, slots=True)
class About:
    """What an incident is about, as far as it is known. `student_id`: None for the whole school, and while
    no student is chosen; `chosen` tells the two apart."""

    student_id: uuid.UUID | None
    linked_ids: Sequence[uuid.UUID]
    category_ids: Sequence[uuid.UUID]
    chosen: bool = True

    @property
    def student_ids(self) -> list[uuid.UUID]:
        return [one for one in (self.student_id, *self.linked_ids) if one]

    @property
    def whole_school(self) -> bool:
        """Classes do not apply: about the whole school, or about nobody yet."""
        return self.student_id is None and (self.chosen or not self.linked_ids)


def configured(
    db: SchoolSession, about: About, added: Collection[uuid.UUID] | None = None
) -> list[Configured]:
    """Who is alerted automatically to an incident (USR-07): by category, by student or by student group, if
    policy says that such alerts reach them. `added`: only those who are configured for these of its
    categories, because an action adds them."""
    categories = about.category_ids if added is None else added
    students = about.student_ids if added is None else []
    if not categories and not students:
        return []
    rows = db.execute(
        CONFIGURED,
        {
            "for_categories": list(categories),
            "for_students": students,
            "categories": list(about.category_ids),
            "students": about.student_ids,
            "everywhere": about.whole_school,
        },
    )
    names: dict[uuid.UUID, str] = {}
    reasons: dict[uuid.UUID, set[tuple[int, str]]] = {}  # categories first, then children, then classes
    for user_id, name, category, student_id, kind, group in rows:
        names[user_id] = name
        child = "this student" if student_id == about.student_id else "a linked student"
        if category:
            reason = (0, f"for {category}")
        else:
            reason = (2, f"for {group_name(kind, group)}") if group else (1, f"for {child}")
        reasons.setdefault(user_id, set()).add(reason)
    return [
        Configured(key, name, ", ".join(reason for _, reason in sorted(reasons[key])))
        for key, name in names.items()
    ]


def read_count(incident_id: Any) -> ColumnElement[int]:
    """How many people have marked an alert to an incident or its actions as read ("Read by N"), of the
    enclosing statement's incident (INC-12)."""
    return (
        select(func.count(func.distinct(Alert.recipient_id)))
        .where(Alert.incident_id == incident_id, was_read())
        .correlate_except(Alert)
        .scalar_subquery()
    )


def was_read() -> ColumnElement[bool]:
    """Condition on Alert: its recipient marked it as read, and what it is to is still there."""
    return and_(Alert.read_at.is_not(None), Alert.closed_by.is_(None), policy.to_what_is_there())


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody who was alerted to an incident, and when they marked it as read, or when an administrator
    took it off their dashboard unread (USR-08)."""

    reader: str
    sender: str
    alerted_at: dt.datetime
    read_at: dt.datetime | None
    closed_at: dt.datetime | None
    passed_on: PassedOn | None = None  # not read in time: to whom it went on (INC-16)
    passed_to: bool = False  # it came that way


def readings(db: SchoolSession, incident_id: uuid.UUID) -> list[Reading]:
    """Who was alerted to an incident or its actions, and who read it, oldest first (INC-12)."""
    sender = aliased(User)
    rows = db.execute(
        select(User, sender, Alert.created_at, Alert.read_at, Alert.closed_by, Alert.id, Alert.passed_on_from)
        .join(Alert, Alert.recipient_id == User.id)
        .outerjoin(sender, sender.id == Alert.sender_id)
        .where(Alert.incident_id == incident_id, policy.to_what_is_there())
        .order_by(Alert.created_at, Alert.id)
    )
    went_on = {one.alert_id: one for one in passed_on.of_incidents(db, [incident_id])}
    return [
        Reading(
            user.name,
            by.name if by else "",
            alerted,
            ended if closed_by is None else None,
            ended if closed_by is not None else None,
            went_on.get(alert_id),
            came_from is not None,
        )
        for user, by, alerted, ended, closed_by, alert_id, came_from in rows
    ]
