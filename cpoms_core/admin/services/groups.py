"""User groups (USR-04): made and changed in one transaction, audited, felt by the next request."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select

from cpoms_core.access.models import ClassAccess, GroupCategory, GroupPermission, User, UserGroup
from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change, keep_an_administrator, refuse_if_changed, tidy_name
from cpoms_core.admin.rights import RIGHTS, GroupState, category_rows, grantable, group_state
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.tenancy.scope import SchoolSession

ADMINISTRATION = "admin"


def add_group(db: SchoolSession, viewer: Viewer, wanted: GroupState) -> uuid.UUID:
    """Makes a user group; returns its id. Raises Refused and NothingThere."""
    begin_change(db, viewer)
    name = _free_name(db, wanted.name, None)
    _refuse_unknown(db, viewer, wanted)
    group = UserGroup(school_id=db.school_id, id=new_id(), name=name)
    db.add(group)
    db.flush()
    details = _change_rights(db, group.id, GroupState(), wanted)
    audit.record(db, viewer, "group.added", [group.id], **details)
    return group.id


def change_group(
    db: SchoolSession, viewer: Viewer, group_id: uuid.UUID, wanted: GroupState, seen: str
) -> None:
    """Changes a user group to what is wanted. Permissions of modules that are off stay as they are.

    seen: the mark of what the page showed (`shown`). Raises ChangedMeanwhile, Refused, NothingThere.
    """
    begin_change(db, viewer)
    stored = group_state(db, viewer, group_id)
    refuse_if_changed("this user group", seen, *shown(db, viewer, stored))
    name = _free_name(db, wanted.name, group_id)
    _refuse_unknown(db, viewer, wanted)
    if ADMINISTRATION in stored.permissions - wanted.permissions:
        _refuse_last_administrators(db, group_id)
    details = _change_rights(db, group_id, stored, wanted)
    if name != stored.name:
        db.get_one(UserGroup, (db.school_id, group_id)).name = name
        details["renamed"] = True
    if details:
        audit.record(db, viewer, "group.changed", [group_id], **details)


def administers(db: SchoolSession, group_id: uuid.UUID) -> bool:
    """Whether a user group has the Administration permission."""
    return db.get(GroupPermission, (db.school_id, group_id, ADMINISTRATION)) is not None


def administers_user(db: SchoolSession, user_id: uuid.UUID) -> bool:
    """Whether a user's group has the Administration permission."""
    return administers(db, db.get_one(User, (db.school_id, user_id)).group_id)


def users_in(db: SchoolSession, group_id: uuid.UUID) -> list[User]:
    """Everyone who is in a user group, deactivated users too, by name."""
    return list(
        db.scalars(
            select(User)
            .where(User.group_id == group_id)
            .order_by(User.surname_key, User.forename_key, User.id)
        )
    )


def delete_group(db: SchoolSession, viewer: Viewer, group_id: uuid.UUID) -> None:
    """Deletes a user group that nobody is in, with its rights and its access to classes (USR-05). Deactivated
    users count: their reactivation would find no group. Raises Refused, NothingThere."""
    begin_change(db, viewer)
    group = db.get(UserGroup, (db.school_id, group_id))
    if group is None:
        raise NothingThere
    if users_in(db, group_id):
        raise Refused("There are users in this user group, so it cannot be deleted.")
    for table, column in (
        (ClassAccess, ClassAccess.holder_id),
        (GroupCategory, GroupCategory.group_id),
        (GroupPermission, GroupPermission.group_id),
    ):
        db.execute(delete(table).where(column == group_id).execution_options(synchronize_session=False))
    audit.record(db, viewer, "group.deleted", [group_id], name=group.name)
    db.delete(group)
    db.flush()


def shown(db: SchoolSession, viewer: Viewer, state: GroupState) -> tuple[Any, ...]:
    """What a group's page shows, for its mark: what is given, and what could be. A permission or category
    that came in between was not on the page, so its missing tick says nothing."""
    return (
        state.name,
        state.permissions,
        state.rights,
        set(grantable(db, viewer)),
        {row.id for row in category_rows(db)},
    )


def _free_name(db: SchoolSession, typed: str, group_id: uuid.UUID | None) -> str:
    name = tidy_name(typed)
    others = db.execute(select(UserGroup.id, UserGroup.name)).all()
    if any(row.id != group_id and row.name.casefold() == name.casefold() for row in others):
        raise Refused("There is already a user group of this name.", field="name")
    return name


def _refuse_unknown(db: SchoolSession, viewer: Viewer, wanted: GroupState) -> None:
    known = {row.id for row in category_rows(db)}
    asked = frozenset().union(*wanted.rights.values())
    if not asked <= known or set(wanted.rights) != set(RIGHTS):
        raise Refused("The form names a category that the school does not have. Open the page again.")
    if not wanted.permissions <= set(grantable(db, viewer)):
        raise Refused("The form names a permission that cannot be given. Open the page again.")


def _refuse_last_administrators(db: SchoolSession, group_id: uuid.UUID) -> None:
    """Somebody who can log in with a key must keep the administration, or nobody could give it back."""
    keep_an_administrator(
        db,
        db.scalars(select(User.id).where(User.group_id == group_id)).all(),
        "This is the only user group with key holders that has the Administration permission. Give it to "
        "another user group with key holders first: otherwise nobody could administer the school.",
    )


def _change_rights(
    db: SchoolSession, group_id: uuid.UUID, stored: GroupState, wanted: GroupState
) -> dict[str, Any]:
    """Writes the difference; returns it for the audit: names of permissions and ids of categories."""
    details: dict[str, Any] = {}
    _note(details, "permissions", stored.permissions, wanted.permissions)
    for right in RIGHTS:
        _note(details, right, stored.rights[right], wanted.rights[right])
    taken = stored.permissions - wanted.permissions
    if taken:
        db.execute(
            delete(GroupPermission)
            .where(GroupPermission.group_id == group_id, GroupPermission.permission.in_(taken))
            .execution_options(synchronize_session=False)
        )
    _insert(
        db,
        GroupPermission,
        group_id,
        [{"permission": name} for name in sorted(wanted.permissions - stored.permissions)],
    )
    _replace_rows(db, group_id, stored, wanted)
    return details


def _replace_rows(db: SchoolSession, group_id: uuid.UUID, stored: GroupState, wanted: GroupState) -> None:
    changed = frozenset().union(*(stored.rights[right] ^ wanted.rights[right] for right in RIGHTS))
    if not changed:
        return
    db.execute(
        delete(GroupCategory)
        .where(GroupCategory.group_id == group_id, GroupCategory.category_id.in_(changed))
        .execution_options(synchronize_session=False)
    )
    rows = [
        {"category_id": category, **{right: category in wanted.rights[right] for right in RIGHTS}}
        for category in sorted(changed)
        if any(category in wanted.rights[right] for right in RIGHTS)
    ]
    _insert(db, GroupCategory, group_id, rows)


def _insert(db: SchoolSession, model: Any, group_id: uuid.UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        db.execute(insert(model), [{"school_id": db.school_id, "group_id": group_id, **row} for row in rows])


def _note(details: dict[str, Any], what: str, before: Collection[Any], after: Collection[Any]) -> None:
    given, taken = set(after) - set(before), set(before) - set(after)
    if given:
        details[f"{what}_given"] = sorted(map(str, given))
    if taken:
        details[f"{what}_taken"] = sorted(map(str, taken))
