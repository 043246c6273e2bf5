"""What pages say of alerts that were passed on, unread (INC-16)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import Id
from cpoms_core.tenancy.scope import SchoolSession, built_once


@dataclass(slots=True)
class PassedOn:
    """To whom an unread alert went on, and when (UTC). `action_id`: None where it was to the incident."""

    alert_id: uuid.UUID
    incident_id: uuid.UUID | None
    action_id: uuid.UUID | None
    at: dt.datetime
    names: list[str] = field(default_factory=list)


FOLLOWERS = (
    select(
        Alert.passed_on_from,
        Alert.incident_id,
        Alert.action_id,
        Alert.created_at,
        staff_name().label("name"),
    )
    .join(User, User.id == Alert.recipient_id)
    .where(Alert.passed_on_from.is_not(None), policy.to_what_is_there())
    .order_by(Alert.created_at, User.surname, User.forename, User.id)
)
OF_INCIDENTS = built_once(
    FOLLOWERS.where(Alert.incident_id.in_(bindparam("incidents", expanding=True, type_=Id())))
)
OF_FILE = built_once(FOLLOWERS.where(Alert.document_id == bindparam("document", type_=Id())))


def was_passed_on(incident_id: Any) -> ColumnElement[bool]:
    """Whether an alert to the enclosing statement's incident was passed on: `of_incidents` is asked only
    then."""
    return (
        select(Alert.id)
        .where(Alert.incident_id == incident_id, Alert.passed_on_from.is_not(None))
        .correlate_except(Alert)
        .exists()
    )


def of_incidents(db: SchoolSession, incident_ids: Sequence[uuid.UUID]) -> list[PassedOn]:
    """What was passed on of incidents and their actions, oldest first."""
    return _gathered(db.execute(OF_INCIDENTS, {"incidents": list(incident_ids)}))


def of_file(db: SchoolSession, document_id: uuid.UUID) -> list[PassedOn]:
    """What was passed on of the alerts to one file, oldest first."""
    return _gathered(db.execute(OF_FILE, {"document": document_id}))


def _gathered(rows: Any) -> list[PassedOn]:
    found: dict[uuid.UUID, PassedOn] = {}
    for row in rows:
        one = PassedOn(row.passed_on_from, row.incident_id, row.action_id, row.created_at)
        found.setdefault(one.alert_id, one).names.append(row.name)
    return list(found.values())
