"""All that the module holds on a student, whoever asks, as plain JSON values."""

import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import IncidentStudent
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def export_student(db: PluginSession, student_id: uuid.UUID) -> dict[str, Any]:
    its = select(IncidentStudent.incident_id).where(IncidentStudent.student_id == student_id)
    notes = db.scalars(select(ProbeNote.text).where(ProbeNote.incident_id.in_(its)))
    return {"notes": list(notes)}
