"""Something to do after an import, in the background."""

import uuid

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def students_imported(db: PluginSession, viewer: Viewer, run_id: uuid.UUID) -> None:
    for note_id in db.scalars(select(ProbeNote.id)):
        db.queue_task("example.tidy", {"note": str(note_id)}, now=viewer.now())
