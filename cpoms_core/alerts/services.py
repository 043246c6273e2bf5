"""Alerting users to incidents and actions, and marking alerts as read."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select, update

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.scope import SchoolSession


def active_users(db: SchoolSession, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the ids that are users of the school who can be alerted."""
    if not ids:
        return set()
    return set(db.scalars(select(User.id).where(User.id.in_(ids), User.deactivated_at.is_(None))))


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
    wanted = list(dict.fromkeys(recipients))
    if len(active_users(db, wanted)) != len(wanted):
        raise Refused("One of these people no longer has an account. Choose again.", field="alerts")
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
        )
    db.flush()


def mark_read(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, alert_ids: Collection[uuid.UUID]
) -> int:
    """Closes the viewer's own open alerts among those that their page showed; an alert that came meanwhile
    stays open. Returns how many were closed. Raises NothingThere."""
    closed = db.execute(
        update(Alert)
        .where(Alert.incident_id == incident_id, Alert.id.in_(alert_ids), policy.own_alerts(viewer))
        .values(read_at=viewer.now())
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    if not closed:
        raise NothingThere
    audit.record(db, viewer, "alert.read", [incident_id])
    return int(closed)
