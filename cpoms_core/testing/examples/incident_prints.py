"""The notes of all incidents that are printed: text that people wrote goes through `viewer.text`."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import PrintPart
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def incident_prints(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PrintPart]]:
    notes = db.scalars(select(ProbeNote).where(ProbeNote.incident_id.in_(incident_ids)))
    return {note.incident_id: [PrintPart(50, "Example", [viewer.text(note.text)])] for note in notes}
