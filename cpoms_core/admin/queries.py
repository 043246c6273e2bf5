"""What the administration shows. Each is a fixed number of statements, whatever the size of the school."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from sqlalchemy import exists, func, select

from cpoms_core.access import policy
from cpoms_core.access.models import AlertGroup, AlertGroupMember, GroupPermission, User, UserGroup
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.modules.models import ModuleFailure
from cpoms_core.outbox.queries import Owed, owed
from cpoms_core.tenancy.scope import SchoolSession

FAILURES_SHOWN = 20
LATE = dt.timedelta(minutes=30)
"""What waits longer than this in the outbox waits for a worker that does not run."""


# --- overview --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failures:
    """Module failures that nobody has seen: the newest of them, and how many there are."""

    newest: list[ModuleFailure]
    count: int


def unseen_failures(db: SchoolSession) -> Failures:
    """The school's module failures that no administrator has seen yet, newest first (MOD-04)."""
    unseen = ModuleFailure.seen_at.is_(None)
    newest = db.scalars(
        select(ModuleFailure).where(unseen).order_by(ModuleFailure.id.desc()).limit(FAILURES_SHOWN)
    )
    rows = list(newest)
    if len(rows) < FAILURES_SHOWN:
        return Failures(rows, len(rows))
    return Failures(rows, db.scalar(select(func.count()).select_from(ModuleFailure).where(unseen)) or 0)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the outbox could not do: how much was given up, and since when (UTC) something waits too long."""

    given_up: int
    late: int
    oldest: dt.datetime | None


def outgoing(db: SchoolSession, viewer: Viewer) -> Outgoing:
    """Mails and tasks of the school that need a person."""
    items: list[Owed] = owed(db)
    late = [item for item in items if item.waiting and item.oldest and item.oldest < viewer.now() - LATE]
    return Outgoing(
        sum(item.given_up for item in items),
        sum(item.waiting for item in late),
        min((item.oldest for item in late if item.oldest), default=None),
    )


# --- user groups -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A user group in the list: its active users, those of them who have a key, and if it administers."""

    id: uuid.UUID
    name: str
    users: int = 0
    key_holders: int = 0
    administers: bool = False


def groups(db: SchoolSession, group_id: uuid.UUID | None = None) -> list[GroupRow]:
    """The user groups by name, or the one that is asked for, with how many are in them. Two queries."""
    counts = {
        row.group_id: (row.users, row.keyed)
        for row in db.execute(
            select(
                User.group_id,
                func.count().label("users"),
                func.count().filter(policy.key_holders()).label("keyed"),
            )
            .where(User.deactivated_at.is_(None))
            .group_by(User.group_id)
        )
    }
    administers = exists(
        select(GroupPermission.permission).where(
            GroupPermission.group_id == UserGroup.id, GroupPermission.permission == "admin"
        )
    )
    query = select(UserGroup.id, UserGroup.name, administers.label("administers"))
    if group_id is not None:
        query = query.where(UserGroup.id == group_id)
    rows = sorted(db.execute(query).all(), key=lambda row: (row.name.casefold(), row.id))
    return [GroupRow(row.id, row.name, *counts.get(row.id, (0, 0)), row.administers) for row in rows]


# --- alert groups ----------------------------------------------------------------------------------------


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
