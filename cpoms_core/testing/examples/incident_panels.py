"""Under each incident that has a note, the note: one query for the whole page."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Panel
from cpoms_core.testing.probe.models import ProbeNote  # your own table

PANEL = "cpoms_core.testing.examples:templates/panel.pt"


@hookimpl
def incident_panels(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Panel]]:
    notes = db.scalars(select(ProbeNote).where(ProbeNote.incident_id.in_(incident_ids)))
    return {
        note.incident_id: [Panel("incident-foot", 50, PANEL, {"text": viewer.text(note.text)})]
        for note in notes
    }
