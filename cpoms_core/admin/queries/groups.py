"""User groups (USR-04, USR-05)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import exists, func, select

from cpoms_core.access import policy
from cpoms_core.access.models import GroupPermission, User, UserGroup
from cpoms_core.tenancy.scope import SchoolSession


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
