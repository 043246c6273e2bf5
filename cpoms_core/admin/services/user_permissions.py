"""What one user may do: their user group, and which classes they see (USR-03, USR-09)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from cpoms_core.access.models import User, UserGroup
from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.classes import class_choices, classes_of, restricted_kinds
from cpoms_core.admin.guards import begin_change, keep_an_administrator, refuse_if_changed
from cpoms_core.admin.services.class_access import change_lists
from cpoms_core.admin.services.groups import administers
from cpoms_core.admin.services.users import LAST_ADMINISTRATOR
from cpoms_core.audit import services as audit
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class PermissionState:
    """What a user's Permissions page shows. `classes`: the student groups that list this user, of the kinds
    for which restrictions are on; those of other kinds are no part of it, so that a change leaves them."""

    group_id: uuid.UUID | None
    sees_ungrouped: bool
    classes: frozenset[uuid.UUID]


def permission_state(db: SchoolSession, user_id: uuid.UUID) -> PermissionState:
    """What is stored of a user. Raises NothingThere."""
    user = db.get(User, (db.school_id, user_id))
    if user is None:
        raise NothingThere
    listed = classes_of(db, user_id) & _offered(db)
    return PermissionState(user.group_id, user.sees_ungrouped, listed)


def permissions_shown(db: SchoolSession, state: PermissionState) -> tuple[Any, ...]:
    """What the page shows, for its mark: what is given, and what could be."""
    return state.group_id, state.sees_ungrouped, state.classes, _offered(db)


def change_permissions(
    db: SchoolSession, viewer: Viewer, user_id: uuid.UUID, wanted: PermissionState, seen: str
) -> None:
    """Puts a user into a user group and lists them for classes; felt by their next request.

    seen: the mark of what the page showed. Raises ChangedMeanwhile, Refused, NothingThere.
    """
    begin_change(db, viewer)
    stored = permission_state(db, user_id)
    refuse_if_changed("this user", seen, *permissions_shown(db, stored))
    if wanted.group_id is None or db.get(UserGroup, (db.school_id, wanted.group_id)) is None:
        raise Refused("Choose a user group.", field="group")
    if not wanted.classes <= _offered(db):
        raise Refused("The form names a class that the school does not have. Open the page again.")
    user = db.get_one(User, (db.school_id, user_id))
    details: dict[str, Any] = {}
    if wanted.group_id != stored.group_id:
        _refuse_last_administrator(db, user, wanted.group_id)
        details["group"] = [str(stored.group_id), str(wanted.group_id)]
    if wanted.sees_ungrouped != stored.sees_ungrouped:
        details["sees_ungrouped"] = wanted.sees_ungrouped
    user.group_id, user.sees_ungrouped = wanted.group_id, wanted.sees_ungrouped
    _change_classes(db, viewer, user_id, stored.classes, wanted.classes, details)
    if details:
        groups = {wanted.group_id, stored.group_id} if "group" in details else set()
        audit.record(db, viewer, "user.permissions-changed", [user_id, *filter(None, groups)], **details)
    db.flush()


def _offered(db: SchoolSession) -> frozenset[uuid.UUID]:
    kinds = restricted_kinds(db)
    return frozenset(one.id for one in class_choices(db, kinds)) if kinds else frozenset()


def _refuse_last_administrator(db: SchoolSession, user: User, group_id: uuid.UUID) -> None:
    if not administers(db, group_id):
        keep_an_administrator(db, [user.id], LAST_ADMINISTRATOR.format(name=user.name))


def _change_classes(
    db: SchoolSession,
    viewer: Viewer,
    user_id: uuid.UUID,
    stored: frozenset[uuid.UUID],
    wanted: frozenset[uuid.UUID],
    details: dict[str, Any],
) -> None:
    given, taken = wanted - stored, stored - wanted
    change_lists(db, viewer, given=[(one, user_id) for one in given], taken=[(one, user_id) for one in taken])
    if taken:
        details["classes_taken"] = sorted(map(str, taken))
    if given:
        details["classes_given"] = sorted(map(str, given))
