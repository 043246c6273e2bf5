"""What a user is to read, until they have read it: here, the notes on incidents of their own."""

import uuid

from sqlalchemy import select

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import DashboardAlert
from cpoms_core.incidents.models import Incident
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def dashboard_alerts(db: PluginSession, user_id: uuid.UUID) -> list[DashboardAlert]:
    """Of your own alerts, those that are open: `closed_at` is null."""
    notes = select(ProbeNote.id).join(Incident, Incident.id == ProbeNote.incident_id)
    return [DashboardAlert(note) for note in db.scalars(notes.where(Incident.author_id == user_id))]
