"""Keeps what was typed. A call that failed is made again: the second time changes nothing."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def incident_saved(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    if not values.get("example-note"):  # also where the change came from elsewhere than the form
        return
    note = db.scalar(select(ProbeNote).where(ProbeNote.incident_id == incident_id))
    if note is None:
        note = ProbeNote(school_id=db.school_id, id=new_id(), incident_id=incident_id)
        db.add(note)
    note.text = values["example-note"]
    db.audit(viewer, "example.kept", [incident_id])
