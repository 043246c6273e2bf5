"""Alert groups (USR-06). They are configuration and no records, so one that is not needed can be deleted."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import delete, insert, select

from cpoms_core.access.models import AlertGroup, AlertGroupMember, User
from cpoms_core.access.users import create_alert_group
from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change, refuse_if_changed, tidy_name
from cpoms_core.audit import services as audit
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.tenancy.scope import SchoolSession


def add_alert_group(
    db: SchoolSession, viewer: Viewer, name: str, members: Collection[uuid.UUID]
) -> uuid.UUID:
    """Makes an alert group of active users; returns its id. Raises Refused and NothingThere."""
    begin_change(db, viewer)
    name = _free_name(db, name, None)
    wanted = _active(db, members)
    group_id = create_alert_group(db, name, sorted(wanted))
    audit.record(db, viewer, "alert-group.added", [group_id, *sorted(wanted)])
    return group_id


def change_alert_group(
    db: SchoolSession,
    viewer: Viewer,
    group_id: uuid.UUID,
    name: str,
    members: Collection[uuid.UUID],
    seen: str,
) -> None:
    """Renames an alert group and changes who is in it. Deactivated members stay: they are back with their
    reactivation. seen: the mark of the name and active members that the page showed.

    Raises ChangedMeanwhile, Refused, NothingThere.
    """
    begin_change(db, viewer)
    group = _group(db, group_id)
    stored = active_members(db, group_id)
    refuse_if_changed("this alert group", seen, group.name, stored)
    name = _free_name(db, name, group_id)
    wanted = _active(db, members)
    added, removed = wanted - stored, stored - wanted
    if removed:
        db.execute(
            delete(AlertGroupMember)
            .where(AlertGroupMember.group_id == group_id, AlertGroupMember.user_id.in_(removed))
            .execution_options(synchronize_session=False)
        )
    if added:
        db.execute(
            insert(AlertGroupMember),
            [{"school_id": db.school_id, "group_id": group_id, "user_id": user} for user in sorted(added)],
        )
    if added or removed or name != group.name:
        audit.record(
            db,
            viewer,
            "alert-group.changed",
            [group_id, *sorted(added | removed)],
            added=sorted(map(str, added)),
            removed=sorted(map(str, removed)),
            renamed=name != group.name,
        )
    group.name = name


def delete_alert_group(db: SchoolSession, viewer: Viewer, group_id: uuid.UUID) -> None:
    """Deletes an alert group; alerts that it brought stay. Raises NothingThere, and Refused for the group
    that unread alerts go on to (INC-16): they would silently go nowhere."""
    begin_change(db, viewer)
    group = _group(db, group_id)
    if viewer.school.setting("pass_on_group") == str(group_id):
        raise Refused(
            "Alerts that are not read are passed on to this group. Name another one in the settings first."
        )
    members = active_members(db, group_id)
    db.execute(
        delete(AlertGroupMember)
        .where(AlertGroupMember.group_id == group_id)
        .execution_options(synchronize_session=False)
    )
    db.delete(group)
    audit.record(db, viewer, "alert-group.deleted", [group_id, *sorted(members)])


def active_members(db: SchoolSession, group_id: uuid.UUID) -> set[uuid.UUID]:
    """The members of an alert group who are not deactivated."""
    return set(
        db.scalars(
            select(AlertGroupMember.user_id)
            .join(User, User.id == AlertGroupMember.user_id)
            .where(AlertGroupMember.group_id == group_id, User.deactivated_at.is_(None))
        )
    )


def _group(db: SchoolSession, group_id: uuid.UUID) -> AlertGroup:
    group = db.get(AlertGroup, (db.school_id, group_id))
    if group is None:
        raise NothingThere
    return group


def _free_name(db: SchoolSession, typed: str, group_id: uuid.UUID | None) -> str:
    name = tidy_name(typed)
    others = db.execute(select(AlertGroup.id, AlertGroup.name)).all()
    if any(row.id != group_id and row.name.casefold() == name.casefold() for row in others):
        raise Refused("There is already an alert group of this name.", field="name")
    return name


def _active(db: SchoolSession, members: Collection[uuid.UUID]) -> set[uuid.UUID]:
    wanted = set(members)
    if not wanted:
        raise Refused("Choose at least one user.", field="members")
    found = set(db.scalars(select(User.id).where(User.id.in_(wanted), User.deactivated_at.is_(None))))
    if found != wanted:
        raise Refused("Somebody you chose is not an active user any more. Choose again.", field="members")
    return wanted
