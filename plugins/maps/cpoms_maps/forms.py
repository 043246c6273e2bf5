"""The field of the Add incident form and of the one that edits an incident (MAP-01)."""

from __future__ import annotations

import uuid

from wtforms.fields.core import UnboundField

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import FormField
from cpoms_maps import queries, school_maps
from cpoms_maps.fields import MarkersField

MARKERS = "maps-markers"
LABEL = "Maps"
WEIGHT = 50  # before the date, as in the guides
TEMPLATE = "cpoms_maps:templates/field.pt"
HELP = "Show where on a picture. Each marker gets a number and may have a note."


def adding_field(db: PluginSession, viewer: Viewer) -> list[FormField]:
    """The field of a new incident. It is there even where no map is in use: a form that was opened before the
    last one was disabled comes with markers."""
    return _field(db, viewer, [])


def editing_field(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> list[FormField]:
    """The field with what is kept now, on the maps that are in use and on those of these markers."""
    placed = queries.placed_now(db, incident_id)
    return _field(db, viewer, [one.as_json() for one in placed])


def _field(db: PluginSession, viewer: Viewer, kept: list[dict[str, object]]) -> list[FormField]:
    known = school_maps.all_maps(db, viewer)
    field: UnboundField = MarkersField(LABEL, known=known, default=kept, description=HELP)
    return [FormField(MARKERS, field, WEIGHT, template=TEMPLATE)]
