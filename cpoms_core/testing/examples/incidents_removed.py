"""What the module keeps stays; what it still owes about them, it need not do any more."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def incidents_removed(
    db: PluginSession, viewer: Viewer, change_id: uuid.UUID, incident_ids: Sequence[uuid.UUID]
) -> None:
    notes = db.scalars(select(ProbeNote).where(ProbeNote.incident_id.in_(incident_ids)))
    for note in notes:
        db.audit(viewer, "example.kept", [note.incident_id], change=str(change_id))
