"""Alerting users to one file, and marking that as read (STU-05, USR-12.4)."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts import passed_on
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.queries import Reading
from cpoms_core.alerts.services import close_own, recipients_checked
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.scope import SchoolSession


def alert_to_file(
    db: SchoolSession, viewer: Viewer, document_id: uuid.UUID, recipients: Collection[uuid.UUID]
) -> int:
    """Alerts users to a file, each with a mail that names neither the file nor a student; who has an open
    alert to it already is not told again. Returns how many were alerted. Raises NothingThere where the viewer
    does not see the file by right, and Refused."""
    statement = select(Document).where(Document.id == document_id, policy.rightful_documents(viewer))
    document = db.scalars(statement).first()
    if document is None:
        raise NothingThere
    if not recipients:
        raise Refused("Choose at least one person.", field="alerts")
    wanted = recipients_checked(db, recipients)
    waiting = set(
        db.scalars(
            select(Alert.recipient_id).where(Alert.document_id == document_id, Alert.read_at.is_(None))
        )
    )
    told, now = [one for one in wanted if one not in waiting], viewer.now()
    for recipient in told:
        db.add(
            Alert(
                school_id=viewer.school_id,
                id=new_id(),
                recipient_id=recipient,
                sender_id=viewer.user_id,
                document_id=document_id,
                created_at=now,
            )
        )
        queue_mail(db, "file-alert", to_user=recipient, now=now, sender=str(viewer.user_id or ""))
    db.flush()
    about = [one for one in (document.id, document.incident_id, document.student_id) if one]
    audit.record(db, viewer, "document.alerted", about, alerted=len(told))
    return len(told)


def mark_file_read(
    db: SchoolSession, viewer: Viewer, document_id: uuid.UUID, alert_ids: Collection[uuid.UUID]
) -> None:
    """Closes the viewer's own open alerts to a file, of those that their page showed. Raises NothingThere."""
    if close_own(db, viewer, alert_ids, Alert.document_id == document_id):
        audit.record(db, viewer, "document.read", [document_id])


def file_readings(db: SchoolSession, document_id: uuid.UUID) -> list[Reading]:
    """Who was alerted to a file, and who has read it, oldest first."""
    sender = aliased(User)
    rows = db.execute(
        select(
            staff_name().label("reader"),
            staff_name(sender).label("sender"),
            Alert.created_at,
            Alert.read_at,
            Alert.closed_by,
            Alert.id,
            Alert.passed_on_from,
        )
        .join(Alert, Alert.recipient_id == User.id)
        .outerjoin(sender, sender.id == Alert.sender_id)
        .where(Alert.document_id == document_id)
        .order_by(Alert.created_at, Alert.id)
    )
    went_on = {one.alert_id: one for one in passed_on.of_file(db, document_id)}
    return [
        Reading(
            row.reader,
            row.sender or "",
            row.created_at,
            row.read_at if row.closed_by is None else None,
            row.read_at if row.closed_by is not None else None,
            went_on.get(row.id),
            row.passed_on_from is not None,
        )
        for row in rows
    ]


def outsiders_to_file(
    db: SchoolSession, incident_id: uuid.UUID | None, student_id: uuid.UUID | None
) -> set[uuid.UUID]:
    """The active users who could not normally see a file of this incident, or in this student's vault: an
    alert would open it to them (INC-07's red)."""
    if incident_id is not None:
        seen = policy.who_sees(incident_id)
    else:
        assert student_id is not None, "a file hangs on an incident or is in a vault"
        seen = policy.who_opens(student_id)
    return set(db.scalars(select(User.id).where(User.deactivated_at.is_(None), ~seen)))
