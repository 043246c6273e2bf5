"""The merged incident's note goes to the other one, where that has none; else both stay."""

import uuid

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def incident_merged(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, into_id: uuid.UUID) -> None:
    notes = db.scalars(select(ProbeNote).where(ProbeNote.incident_id.in_([incident_id, into_id])))
    found = {note.incident_id: note for note in notes}
    if incident_id in found and into_id not in found:
        found[incident_id].incident_id = into_id
        db.audit(viewer, "example.kept", [into_id])
