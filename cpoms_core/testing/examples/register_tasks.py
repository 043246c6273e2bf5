"""Work for the worker. It is queued with the change that owes it, and written to be done twice."""

import uuid
from collections.abc import Mapping
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import TaskSpec
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def register_tasks() -> list[TaskSpec]:
    return [TaskSpec("example.tidy", _tidy)]


def _tidy(db: PluginSession, viewer: Viewer, payload: Mapping[str, Any]) -> None:
    """`db.queue_task("example.tidy", {"note": str(note_id)}, now=viewer.now())` asks for it."""
    note = db.get(ProbeNote, (db.school_id, uuid.UUID(payload["note"])))
    if note is not None:
        note.text = " ".join(note.text.split())
