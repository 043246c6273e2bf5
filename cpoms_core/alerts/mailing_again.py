"""Mails that were not sent because their record was taken away, once it is there again (EDT-02, INC-09)."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import or_, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.incidents.place_now import place_now
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.outcomes import RecordGone
from cpoms_core.outbox.services import owe_again
from cpoms_core.tenancy.scope import SchoolSession

Key = tuple[str, uuid.UUID | None, uuid.UUID | None]
"""A recipient, an incident and an action of it."""


def mail_again(
    db: SchoolSession,
    viewer: Viewer,
    *,
    incident_ids: Collection[uuid.UUID] = (),
    action_ids: Collection[uuid.UUID] = (),
) -> int:
    """Owes the mails of open alerts to these records again, where the outbox says that they were not sent
    because the record was gone; returns how many. The records are there again by now."""
    open_now = db.execute(
        select(Alert.id, Alert.created_at, Alert.recipient_id, Alert.incident_id, Alert.action_id).where(
            or_(Alert.incident_id.in_(incident_ids), Alert.action_id.in_(action_ids)), Alert.read_at.is_(None)
        )
    ).all()
    if not open_now:
        return 0
    waiting = {(str(row.recipient_id), row.incident_id, row.action_id) for row in open_now}
    unsent = db.scalars(
        select(OutboxItem).where(
            OutboxItem.kind == "mail",
            OutboxItem.last_error == RecordGone.__name__,
            OutboxItem.id >= min(row.id for row in open_now),  # a mail is queued after its alert was made
            OutboxItem.created_at.in_({row.created_at for row in open_now}),
        )
    ).all()
    owed = [item for item in unsent if _key(db, item) in waiting]
    owe_again(db, owed, viewer.now())
    return len(owed)


def _key(db: SchoolSession, item: OutboxItem) -> Key | None:
    """Whom a mail is to, and where what it is about is by now."""
    about = {name: uuid.UUID(item.payload[name]) for name in ("incident", "action") if name in item.payload}
    place = place_now(db, about["incident"], about.get("action")) if about else None
    return (item.payload["to_user"], place.incident_id, place.action_id) if place else None
