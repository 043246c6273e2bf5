"""They are there again, with what the module kept under their ids."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def incidents_reinstated(
    db: PluginSession, viewer: Viewer, change_id: uuid.UUID, incident_ids: Sequence[uuid.UUID]
) -> None:
    notes = db.scalars(select(ProbeNote).where(ProbeNote.incident_id.in_(incident_ids)))
    for note in notes:
        db.audit(viewer, "example.kept", [note.incident_id], change=str(change_id))
