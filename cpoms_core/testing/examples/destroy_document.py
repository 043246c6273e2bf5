"""The file of a note whose incident has this number; it must have been emptied before."""

import uuid

from sqlalchemy import select

from cpoms_core.errors import Refused
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def destroy_document(db: PluginSession, number: int, reason: str) -> uuid.UUID | None:
    its = select(Incident.id).where(Incident.number == number)
    note = db.scalar(select(ProbeNote).where(ProbeNote.incident_id.in_(its)))
    if note is None:
        return None
    if note.text:
        raise Refused("Empty the note first.")
    note.text = f"Removed for good: {reason}"
    return uuid.UUID(str(note.id))
