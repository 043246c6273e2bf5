"""Pinning incidents to the top of the chronology."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import (
    Incident,
)
from cpoms_core.tenancy.scope import SchoolSession


def toggle_pin(db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID) -> Incident:
    """Pins an incident to the top of its records' chronologies, or takes the pin off (EDT-06). Raises
    NothingThere."""
    incident = db.scalars(
        select(Incident).where(Incident.id == incident_id, policy.rightful_incidents(viewer))
    ).first()
    if incident is None or not viewer.may("incidents:edit"):
        raise NothingThere
    incident.pinned_at = None if incident.pinned_at else viewer.now()
    event = "incident.pinned" if incident.pinned_at else "incident.unpinned"
    audit.record(db, viewer, event, [incident.id])
    return incident
