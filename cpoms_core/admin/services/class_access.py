"""Who may see the students of a class while class restrictions are on (USR-09)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from sqlalchemy import delete, func, insert, select, update

from cpoms_core.access.models import ClassAccess, ClassRestriction, NewClass, User, UserGroup
from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.classes import KINDS, holders, one_class, restricted_kinds
from cpoms_core.admin.guards import begin_change, refuse_if_changed
from cpoms_core.audit import services as audit
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.tenancy.scope import SchoolSession

Ids = frozenset[uuid.UUID]


def switch_restriction(db: SchoolSession, viewer: Viewer, kind: str, *, on: bool) -> None:
    """Switches class restrictions for one kind of student group. The lists stay as they are, so that they are
    there when it is switched on again. Felt by everyone's next request. Raises NothingThere."""
    begin_change(db, viewer)
    if kind not in KINDS:
        raise NothingThere
    if on == (kind in restricted_kinds(db)):
        return
    if on:
        db.add(ClassRestriction(school_id=db.school_id, kind=kind))
        db.flush()
    else:
        db.execute(
            delete(ClassRestriction)
            .where(ClassRestriction.kind == kind)
            .execution_options(synchronize_session=False)
        )
    audit.record(db, viewer, "class.restricted", [], kind=kind, on=on)


def listed_now(db: SchoolSession, group_id: uuid.UUID) -> Ids:
    """Who is listed for a class, deactivated users aside: what its page shows, for its mark."""
    return frozenset(one.id for one in holders(db, group_id).get(group_id, []) if one.active)


def change_class(
    db: SchoolSession, viewer: Viewer, group_id: uuid.UUID, wanted: Collection[uuid.UUID], seen: str
) -> None:
    """Lists users and whole user groups for a class. Deactivated users who are listed stay: they are back
    with their reactivation. An empty list is allowed: nobody sees its students then.

    seen: the mark of who was listed when the page was shown. Raises ChangedMeanwhile, Refused, NothingThere.
    """
    begin_change(db, viewer)
    one_class(db, group_id)
    stored, chosen = listed_now(db, group_id), frozenset(wanted)
    refuse_if_changed("this class", seen, stored)
    _refuse_unknown(db, chosen)
    given, taken = chosen - stored, stored - chosen
    change_lists(
        db, viewer, given=[(group_id, one) for one in given], taken=[(group_id, one) for one in taken]
    )
    clear_notices(db, viewer, [group_id])
    if given or taken:
        audit.record(
            db,
            viewer,
            "class.changed",
            [group_id, *sorted(given | taken)],
            given=sorted(map(str, given)),
            taken=sorted(map(str, taken)),
        )


def change_lists(
    db: SchoolSession,
    viewer: Viewer,
    *,
    given: Iterable[tuple[uuid.UUID, uuid.UUID]],
    taken: Iterable[tuple[uuid.UUID, uuid.UUID]],
) -> None:
    """Writes what changes in the lists, as (class, user or user group), from the class's page or the user's.
    A class that somebody is listed for is no longer new. Rights and audit are for who calls."""
    given, taken = sorted(given), sorted(taken)
    for student_group, holder in taken:
        db.execute(
            delete(ClassAccess)
            .where(ClassAccess.student_group_id == student_group, ClassAccess.holder_id == holder)
            .execution_options(synchronize_session=False)
        )
    if given:
        db.execute(
            insert(ClassAccess),
            [
                {"school_id": db.school_id, "student_group_id": student_group, "holder_id": holder}
                for student_group, holder in given
            ],
        )
    clear_notices(db, viewer, {student_group for student_group, _ in given})


def see_new_classes(db: SchoolSession, viewer: Viewer, group_ids: Collection[uuid.UUID]) -> None:
    """Marks new classes as seen, those that the notice showed; nobody is listed for them by that. Raises
    NothingThere."""
    begin_change(db, viewer)
    if clear_notices(db, viewer, group_ids):
        audit.record(db, viewer, "new-classes.seen", sorted(group_ids))


def clear_notices(db: SchoolSession, viewer: Viewer, group_ids: Collection[uuid.UUID]) -> int:
    """Ends the notices of classes; answers how many there were."""
    if not group_ids:
        return 0
    cleared = db.execute(
        update(NewClass)
        .where(NewClass.student_group_id.in_(group_ids), NewClass.seen_at.is_(None))
        .values(seen_at=viewer.now())
        .execution_options(synchronize_session=False)
    )
    return int(cleared.rowcount)  # type: ignore[attr-defined]


def _refuse_unknown(db: SchoolSession, chosen: Ids) -> None:
    if not chosen:
        return
    users = select(func.count()).select_from(User).where(User.id.in_(chosen), User.deactivated_at.is_(None))
    groups = select(func.count()).select_from(UserGroup).where(UserGroup.id.in_(chosen))
    if (db.scalar(users) or 0) + (db.scalar(groups) or 0) != len(chosen):
        raise Refused("Somebody you chose is not an active user any more. Choose again.", field="holders")
