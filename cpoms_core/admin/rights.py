"""What a user group may do (USR-04), as the administration shows and changes it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from sqlalchemy import select

from cpoms_core.access.models import GroupCategory, GroupPermission, UserGroup
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.types import Permission
from cpoms_core.incidents.models import Category
from cpoms_core.modules.routes import CORE
from cpoms_core.tenancy.scope import SchoolSession

RIGHTS = {
    "view_students": "View students",
    "view_incidents": "View incidents",
    "add_incidents": "Add incidents",
}
"""The columns of the category matrix, by the columns of `GroupCategory`."""


@dataclass(frozen=True, slots=True)
class GroupState:
    """A user group as its page shows it. `permissions` are those that can be given now; those of modules
    that are off are no part of it, so that a change leaves them alone. `rights`: for each of RIGHTS the
    categories it is given on."""

    name: str = ""
    permissions: frozenset[str] = frozenset()
    rights: dict[str, frozenset[uuid.UUID]] = field(
        default_factory=lambda: dict.fromkeys(RIGHTS, frozenset())
    )


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A row of the matrix; a sub-category follows its parent."""

    id: uuid.UUID
    name: str
    colour: str
    parent_name: str | None
    disabled: bool


def grantable(db: SchoolSession, viewer: Viewer) -> dict[str, Permission]:
    """The permissions that can be given at the viewer's school: the core's, and those of modules that are
    on, in the order in which they are shown."""
    return {
        name: permission
        for name, (module, permission) in db.app.permissions.items()
        if module == CORE or module in viewer.modules
    }


def group_state(db: SchoolSession, viewer: Viewer, group_id: uuid.UUID) -> GroupState:
    """What is stored of a user group. Raises NothingThere."""
    name = db.scalar(select(UserGroup.name).where(UserGroup.id == group_id))
    if name is None:
        raise NothingThere
    held = db.scalars(select(GroupPermission.permission).where(GroupPermission.group_id == group_id))
    offered = grantable(db, viewer)
    columns = [getattr(GroupCategory, right) for right in RIGHTS]
    rows = db.execute(
        select(GroupCategory.category_id, *columns).where(GroupCategory.group_id == group_id)
    ).all()
    return GroupState(
        name,
        frozenset(permission for permission in held if permission in offered),
        {
            right: frozenset(category for category, *given in rows if given[at])
            for at, right in enumerate(RIGHTS)
        },
    )


def category_rows(db: SchoolSession) -> list[CategoryRow]:
    """Every category of the school by name, sub-categories under their parents, disabled ones included:
    what was recorded under those is still read by right of them."""
    rows = db.execute(
        select(Category.id, Category.name, Category.colour, Category.parent_id, Category.disabled_at)
    ).all()
    subs: dict[uuid.UUID | None, list[CategoryRow]] = {}
    names = {row.id: row.name for row in rows}
    for row in sorted(rows, key=lambda row: (row.name.casefold(), row.id)):
        subs.setdefault(row.parent_id, []).append(
            CategoryRow(
                row.id,
                row.name,
                row.colour,
                names.get(row.parent_id) if row.parent_id else None,
                row.disabled_at is not None,
            )
        )
    return [row for parent in subs.get(None, []) for row in (parent, *subs.get(parent.id, []))]
