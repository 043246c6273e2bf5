"""Which alerts are open, and whose (USR-12.1, USR-08)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import BindParameter, and_, or_
from sqlalchemy.orm import aliased

from cpoms_core.access.policy.documents import hangs_on_what_is_gone
from cpoms_core.access.policy.incidents import to_what_is_there
from cpoms_core.access.policy.sight import Condition, Sight, as_sql, for_viewer, there_is
from cpoms_core.alerts.models import Alert
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Incident


@for_viewer
def own_alerts(viewer: Sight) -> Condition:
    """Condition on Alert: open and the viewer's own (USR-12.1), on an incident that is still there."""
    return open_alerts_of(viewer.user_id)


@for_viewer
def own_read_alerts(viewer: Sight) -> Condition:
    """Condition on Alert: the viewer's own, which they marked as read (INC-12)."""
    return and_(
        Alert.recipient_id == as_sql(viewer.user_id), Alert.read_at.is_not(None), Alert.closed_by.is_(None)
    )


def open_alerts_of(user_id: uuid.UUID | BindParameter[Any] | None) -> Condition:
    """Condition on Alert: open and a user's, on an incident or to a file that is still there: what their
    dashboard shows, and an administrator may count and take off it (USR-08)."""
    return and_(Alert.recipient_id == as_sql(user_id), unread_alerts())


def unread_alerts() -> Condition:
    """Condition on Alert: open, whoever's it is, on an incident or to a file that is still there (INC-16)."""
    document = aliased(Document)
    there = or_(
        there_is(Incident, where=[Incident.id == Alert.incident_id, Incident.deleted_at.is_(None)]),
        there_is(
            document,
            where=[
                document.id == Alert.document_id,
                document.removed_at.is_(None),
                ~hangs_on_what_is_gone(document),
            ],
        ),
    )
    return and_(Alert.read_at.is_(None), there, to_what_is_there())
