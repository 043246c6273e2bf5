"""Alert groups and who can be in them (USR-06)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from sqlalchemy import func, select

from cpoms_core.access.models import AlertGroup, AlertGroupMember, User, UserGroup
from cpoms_core.errors import NothingThere
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(slots=True)
class AlertGroupRow:
    """An alert group in the list, with the names of its active members."""

    id: uuid.UUID
    name: str
    members: list[str] = field(default_factory=list)


def alert_groups(db: SchoolSession) -> list[AlertGroupRow]:
    """The alert groups by name. Two queries."""
    named = db.execute(select(AlertGroup.id, AlertGroup.name)).all()
    found = {
        row.id: AlertGroupRow(row.id, row.name)
        for row in sorted(named, key=lambda row: (row.name.casefold(), row.id))
    }
    members = db.execute(
        select(AlertGroupMember.group_id, User)
        .join(User, User.id == AlertGroupMember.user_id)
        .where(User.deactivated_at.is_(None))
        .order_by(User.surname, User.forename)
    )
    for group_id, user in members:
        found[group_id].members.append(user.name)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class AlertGroupShown:
    """An alert group on its page: its name, and how many of its members are deactivated."""

    name: str
    deactivated: int


def alert_group(db: SchoolSession, group_id: uuid.UUID) -> AlertGroupShown:
    """One alert group. Raises NothingThere."""
    name = db.scalar(select(AlertGroup.name).where(AlertGroup.id == group_id))
    if name is None:
        raise NothingThere
    gone = db.scalar(
        select(func.count())
        .select_from(AlertGroupMember)
        .join(User, User.id == AlertGroupMember.user_id)
        .where(AlertGroupMember.group_id == group_id, User.deactivated_at.is_not(None))
    )
    return AlertGroupShown(name, gone or 0)


@dataclass(frozen=True, slots=True)
class UserChoice:
    """An active user as a choice on a form, with the name of their user group."""

    id: uuid.UUID
    name: str
    group: str


def active_users(db: SchoolSession) -> list[UserChoice]:
    """The school's active users by name."""
    rows = db.execute(
        select(User, UserGroup.name)
        .join(UserGroup, UserGroup.id == User.group_id)
        .where(User.deactivated_at.is_(None))
        .order_by(User.surname, User.forename, User.id)
    )
    return [UserChoice(user.id, user.name, group) for user, group in rows]
