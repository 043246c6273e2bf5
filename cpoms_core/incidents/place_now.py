"""Where a record is by now that was merged, split off or deleted since (EDT-02, EDT-04, EDT-05): what was
written before, as a mail that is still to be sent, knows it by the place that it had then."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, select

from cpoms_core.database.types import Id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.tenancy.scope import SchoolSession, built_once

RECORD: BindParameter[uuid.UUID] = bindparam("record", type_=Id())
INCIDENT_NOW: Select[*tuple[Any, ...]] = built_once(
    select(Incident.deleted_at, Incident.training, Incident.merged_into).where(Incident.id == RECORD)
)
ACTION_NOW: Select[*tuple[Any, ...]] = built_once(
    select(
        Action.incident_id,
        Action.deleted_at,
        Action.training,
        Action.became_incident,
        Incident.deleted_at.label("incident_deleted_at"),
    )
    .join(Incident, Incident.id == Action.incident_id)
    .where(Action.id == RECORD)
)


@dataclass(frozen=True, slots=True)
class Place:
    """An incident, or an action of it, that is there. `training`: recorded in training mode, and not kept as
    real since (TRN-01)."""

    incident_id: uuid.UUID
    action_id: uuid.UUID | None
    training: bool


def place_now(db: SchoolSession, incident_id: uuid.UUID, action_id: uuid.UUID | None = None) -> Place | None:
    """Where an incident, or an action that was under it, is now; None where it was deleted or removed."""
    while True:
        if action_id is None:
            incident = db.execute(INCIDENT_NOW, {"record": incident_id}).one()
            if incident.deleted_at is None:
                return Place(incident_id, None, bool(incident.training))
            if incident.merged_into is None:
                return None
            action_id = incident.merged_into
        action = db.execute(ACTION_NOW, {"record": action_id}).one()
        if action.deleted_at is None:
            gone = action.incident_deleted_at is not None
            return None if gone else Place(action.incident_id, action_id, bool(action.training))
        if action.became_incident is None:
            return None
        incident_id, action_id = action.became_incident, None
