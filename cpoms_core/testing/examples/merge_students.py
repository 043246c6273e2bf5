"""The notes are under incidents, which the core has moved: it only says which they are."""

import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import IncidentStudent
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def merge_students(db: PluginSession, kept_id: uuid.UUID, merged_id: uuid.UUID) -> dict[str, Any]:
    its = select(IncidentStudent.incident_id).where(IncidentStudent.student_id == kept_id)
    notes = db.scalars(select(ProbeNote.id).where(ProbeNote.incident_id.in_(its)))
    return {"notes": [str(note_id) for note_id in notes]}
