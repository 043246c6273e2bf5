"""Whom to tell: groups, configured people, people who could not normally see the incident."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import AlertGroup, AlertGroupMember, GroupCategory, User
from cpoms_core.alerts.models import Alert, AutomaticAlert
from cpoms_core.incidents.models import Category
from cpoms_core.students.models import GroupMember, StudentGroup
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Person:
    """A user whom a form can name."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class Configured:
    """A user who is alerted automatically, and why (USR-07)."""

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


def configured(
    db: SchoolSession, student_ids: Collection[uuid.UUID], category_ids: Collection[uuid.UUID]
) -> list[Configured]:
    """Who is alerted automatically to an incident with these students and categories (USR-07): by student,
    by category or by student group, if their group has View students and View incidents on all of its
    categories."""
    if not category_ids:
        return []
    rights = (
        select(func.count())
        .select_from(GroupCategory)
        .where(
            GroupCategory.group_id == User.group_id,
            GroupCategory.category_id.in_(category_ids),
            GroupCategory.view_incidents,
            GroupCategory.view_students,
        )
        .correlate_except(GroupCategory)
        .scalar_subquery()
    )
    groups = select(GroupMember.group_id).where(GroupMember.student_id.in_(student_ids))
    rows = db.execute(
        select(User, Category.name, StudentGroup.name)
        .join(AutomaticAlert, AutomaticAlert.user_id == User.id)
        .outerjoin(Category, Category.id == AutomaticAlert.category_id)
        .outerjoin(StudentGroup, StudentGroup.id == AutomaticAlert.student_group_id)
        .where(
            User.deactivated_at.is_(None),
            or_(
                AutomaticAlert.category_id.in_(category_ids),
                AutomaticAlert.student_id.in_(student_ids),
                AutomaticAlert.student_group_id.in_(groups),
            ),
            rights == len(set(category_ids)),
        )
        .order_by(User.surname, User.forename)
    )
    found: dict[uuid.UUID, Configured] = {}
    for user, category, group in rows:
        why = (
            f"told of every {category} incident"
            if category
            else (
                f"told of every incident about {group}"
                if group
                else "told of every incident about this student"
            )
        )
        found.setdefault(user.id, Configured(user.id, user.name, why))
    return list(found.values())


def outsiders(
    db: SchoolSession,
    people: Collection[uuid.UUID],
    category_ids: Collection[uuid.UUID],
    student_ids: Collection[uuid.UUID],
) -> list[Person]:
    """Those of the people who could not normally see such an incident (INC-07)."""
    if not people or not category_ids:
        return []
    rows = db.execute(
        select(User.id, User.forename, User.surname)
        .where(User.id.in_(people), ~policy.who_would_see(category_ids, student_ids))
        .order_by(User.surname, User.forename)
    )
    return [Person(row.id, f"{row.forename} {row.surname}".strip()) for row in rows]


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody who was alerted to an incident, and when they marked it as read."""

    reader: str
    sender: str
    alerted_at: dt.datetime
    read_at: dt.datetime | None


def readings(db: SchoolSession, incident_id: uuid.UUID) -> list[Reading]:
    """Who was alerted to an incident or its actions, and who read it, oldest first (INC-12)."""
    sender = aliased(User)
    rows = db.execute(
        select(User, sender, Alert.created_at, Alert.read_at)
        .join(Alert, Alert.recipient_id == User.id)
        .outerjoin(sender, sender.id == Alert.sender_id)
        .where(Alert.incident_id == incident_id)
        .order_by(Alert.created_at, Alert.id)
    )
    return [Reading(user.name, by.name if by else "", at, read) for user, by, at, read in rows]
