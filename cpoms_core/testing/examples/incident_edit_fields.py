"""The same field when the incident is edited, filled with what is kept."""

import uuid

from sqlalchemy import select
from wtforms import StringField

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import FormField
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def incident_edit_fields(db: PluginSession, incident_id: uuid.UUID) -> list[FormField]:
    now = db.scalar(select(ProbeNote.text).where(ProbeNote.incident_id == incident_id))
    return [FormField("example-note", StringField("Example", default=now or ""), 75)]
