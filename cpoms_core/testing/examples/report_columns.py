"""Columns of a report, each asked for many ids at once."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import ReportColumn
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def report_columns() -> list[ReportColumn]:
    return [
        ReportColumn("example-note", "Example", 50, "incident", _notes),
        ReportColumn("example-day", "Day of printing", 51, "student", _days),
    ]


def _notes(db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    notes = db.scalars(select(ProbeNote).where(ProbeNote.incident_id.in_(ids)))
    return {note.incident_id: viewer.text(note.text) for note in notes}


def _days(db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return dict.fromkeys(ids, f"{viewer.local(viewer.now()):%d %B %Y}")
