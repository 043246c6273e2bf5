"""Alerting users to incidents and actions, and marking alerts as read."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert, AutomaticAlert
from cpoms_core.audit import services as audit
from cpoms_core.database.types import Id, new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import Category
from cpoms_core.outbox.services import queue_mail
from cpoms_core.students.models import Student, StudentGroup
from cpoms_core.tenancy.scope import SchoolSession, built_once

ACTIVE_AMONG = built_once(
    select(User.id).where(
        User.id.in_(bindparam("users", expanding=True, type_=Id)), User.deactivated_at.is_(None)
    )
)

AT_ONCE = 500  # ids in one condition


def active_users(db: SchoolSession, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the ids that are users of the school who can be alerted."""
    if not ids:
        return set()
    return set(db.scalars(ACTIVE_AMONG, {"users": list(ids)}))


def recipients_checked(db: SchoolSession, recipients: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """The recipients, each once, in their order. Raises Refused where one of them is no user who can be
    alerted."""
    wanted = list(dict.fromkeys(recipients))
    if len(active_users(db, wanted)) != len(wanted):
        raise Refused("One of these people no longer has an account. Choose again.", field="alerts")
    return wanted


def alert(
    db: SchoolSession,
    viewer: Viewer,
    recipients: Collection[uuid.UUID],
    incident_id: uuid.UUID,
    category_ids: Collection[uuid.UUID],
    *,
    action_id: uuid.UUID | None = None,
) -> None:
    """Alerts each user once, with a mail that says who and which categories, nothing else (INC-09).

    Raises Refused where one of them is no user who can be alerted.
    """
    wanted = recipients_checked(db, recipients)
    now = viewer.now()
    for recipient in wanted:
        db.add(
            Alert(
                school_id=viewer.school_id,
                id=new_id(),
                recipient_id=recipient,
                sender_id=viewer.user_id,
                incident_id=incident_id,
                action_id=action_id,
                created_at=now,
            )
        )
        queue_mail(
            db,
            "action-alert" if action_id else "incident-alert",
            to_user=recipient,
            now=now,
            sender=str(viewer.user_id or ""),
            categories=",".join(str(one) for one in category_ids),
            incident=str(incident_id),
            **({"action": str(action_id)} if action_id else {}),
        )
    db.flush()


def mark_read(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, alert_ids: Collection[uuid.UUID]
) -> int:
    """Closes the viewer's own open alerts among those that their page showed; an alert that came meanwhile
    stays open. Returns how many were closed: none by a second press. Raises NothingThere."""
    closed = close_own(db, viewer, alert_ids, Alert.incident_id == incident_id)
    if closed:
        audit.record(db, viewer, "alert.read", [incident_id])
    return closed


def close_own(
    db: SchoolSession, viewer: Viewer, alert_ids: Collection[uuid.UUID], to_it: ColumnElement[bool]
) -> int:
    """Closes those of the viewer's own open alerts that are `to_it`, as read. Returns how many: none where a
    first press closed them. Raises NothingThere where there is none that is or was open."""
    closed = db.execute(
        update(Alert)
        .where(to_it, Alert.id.in_(alert_ids), policy.own_alerts(viewer))
        .values(read_at=viewer.now())
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    if not closed:
        before = select(Alert.id).where(to_it, Alert.id.in_(alert_ids), policy.own_read_alerts(viewer))
        if db.scalars(before).first() is None:
            raise NothingThere
    return int(closed)


def open_alerts(db: SchoolSession, user_id: uuid.UUID) -> list[uuid.UUID]:
    """The alerts that stand on a user's dashboard."""
    return list(db.scalars(select(Alert.id).where(policy.open_alerts_of(user_id)).order_by(Alert.id)))


def close_alerts(db: SchoolSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Takes alerts off a dashboard without their being read (USR-08); answers the incidents and files that
    they were to."""
    incidents: dict[uuid.UUID, None] = {}
    for at in range(0, len(ids), AT_ONCE):
        some = Alert.id.in_(ids[at : at + AT_ONCE])
        about = func.coalesce(Alert.incident_id, Alert.document_id)
        incidents |= dict.fromkeys(db.scalars(select(about).where(some)))
        db.execute(
            update(Alert)
            .where(some, Alert.read_at.is_(None))
            .values(read_at=viewer.now(), closed_by=viewer.acting_user)
            .execution_options(synchronize_session=False)
        )
    return list(incidents)


def add_automatic(
    db: SchoolSession,
    viewer: Viewer,
    user_id: uuid.UUID,
    *,
    category_id: uuid.UUID | None = None,
    student_id: uuid.UUID | None = None,
    student_group_id: uuid.UUID | None = None,
) -> None:
    """Has a user alerted to every incident of one category, student or student group (USR-07, STU-03); once
    is enough. Whom it reaches is asked with each incident: it may be set for who has no sight of it today.

    By category and by student group it is for administrators; by student, for those who may open the record.
    Raises NothingThere, and Refused for who has no account.
    """
    target = _target(db, viewer, category_id, student_id, student_group_id)
    if not active_users(db, [user_id]):
        raise Refused("This person no longer has an account. Choose again.", field="alerts")
    if _set_automatic(db, user_id, target):
        return
    db.add(AutomaticAlert(school_id=db.school_id, id=new_id(), user_id=user_id, **target))
    db.flush()
    audit.record(db, viewer, "automatic-alert.added", [user_id, *filter(None, target.values())])


def remove_automatic(
    db: SchoolSession,
    viewer: Viewer,
    user_id: uuid.UUID,
    *,
    category_id: uuid.UUID | None = None,
    student_id: uuid.UUID | None = None,
    student_group_id: uuid.UUID | None = None,
) -> None:
    """Ends what `add_automatic` began, by the same rights. Raises NothingThere."""
    target = _target(db, viewer, category_id, student_id, student_group_id)
    ids = _set_automatic(db, user_id, target)
    if not ids:
        return
    db.execute(
        delete(AutomaticAlert).where(AutomaticAlert.id.in_(ids)).execution_options(synchronize_session=False)
    )
    audit.record(db, viewer, "automatic-alert.removed", [user_id, *filter(None, target.values())])


def _target(
    db: SchoolSession,
    viewer: Viewer,
    category_id: uuid.UUID | None,
    student_id: uuid.UUID | None,
    student_group_id: uuid.UUID | None,
) -> dict[str, uuid.UUID | None]:
    """The one thing that an automatic alert is for, as its columns. Raises NothingThere where the school does
    not have it, or where it is not for the viewer to see or set."""
    if sum(one is not None for one in (category_id, student_id, student_group_id)) != 1:
        raise ValueError("an automatic alert is for one category, one student or one student group")
    if student_id is not None:
        query = select(Student.id).where(Student.id == student_id, policy.student_records(viewer))
    else:
        if not viewer.may("admin"):
            raise NothingThere
        table: Any = Category if category_id is not None else StudentGroup
        query = select(table.id).where(table.id == (category_id or student_group_id))
    if db.scalar(query) is None:
        raise NothingThere
    return {"category_id": category_id, "student_id": student_id, "student_group_id": student_group_id}


def _set_automatic(
    db: SchoolSession, user_id: uuid.UUID, target: dict[str, uuid.UUID | None]
) -> Sequence[uuid.UUID]:
    (column, value) = next((name, one) for name, one in target.items() if one is not None)
    same = getattr(AutomaticAlert, column) == value
    return db.scalars(select(AutomaticAlert.id).where(AutomaticAlert.user_id == user_id, same)).all()
