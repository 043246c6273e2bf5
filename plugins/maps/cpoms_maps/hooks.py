"""The hooks that this module implements."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import AuditWords, FieldWords, FormField, Panel, PrintPart, Tab
from cpoms_core.modules.routes import ModuleRoutes
from cpoms_maps import demo, drawing, forms, markers, prints, queries, school_maps, services, views

TEMPLATES = "cpoms_maps:templates/"
WEIGHT = 20


@hookimpl
def register_routes(routes: ModuleRoutes) -> None:
    """Admin > Maps, and the pictures."""
    views.declare(routes)


@hookimpl
def audit_words() -> dict[str, AuditWords]:
    """How changes of maps read in a user's Audits."""
    return {
        "maps.listed": AuditWords("Listed the maps", "viewed"),
        "maps.added": AuditWords("Added a map", "changed"),
        "maps.renamed": AuditWords("Renamed a map", "changed"),
        "maps.disabled": AuditWords("Disabled a map", "changed"),
        "maps.enabled": AuditWords("Enabled a map", "changed"),
    }


@hookimpl
def admin_tabs() -> list[Tab]:
    """Admin > Maps (MAP-02)."""
    return [Tab("Maps", "maps.admin", 47, needs=school_maps.MANAGING)]


@hookimpl
def incident_form_fields(db: PluginSession, viewer: Viewer) -> list[FormField]:
    """The maps on the Add incident form (MAP-01)."""
    return forms.adding_field(db, viewer)


@hookimpl
def incident_edit_fields(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> list[FormField]:
    """The maps with the markers that an incident has now."""
    return forms.editing_field(db, viewer, incident_id)


@hookimpl
def incident_saved(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """Keeps the markers with the incident's version; where a form had none of these fields, they stay."""
    typed = values.get(forms.MARKERS)
    if typed is not None:
        services.keep_markers(db, viewer, incident_id, version, markers.from_json(typed))


@hookimpl
def field_words(db: PluginSession, viewer: Viewer, values: Sequence[tuple[str, Any]]) -> list[FieldWords]:
    """What the markers of a version say, in the incident's History."""
    sets = [value for name, value in values if name == forms.MARKERS]
    said = queries.in_words(db, viewer, sets)
    return [FieldWords(forms.MARKERS, value, forms.LABEL, text) for value, text in said]


@hookimpl
def incident_panels(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Panel]]:
    """The maps with their markers under an incident's text, and what they say."""
    found = queries.of_incidents(db, viewer, incident_ids)
    return {
        incident_id: [Panel("incident-foot", WEIGHT, f"{TEMPLATES}panel.pt", _shown(maps, styled=not at))]
        for at, (incident_id, maps) in enumerate(found.items())
    }


def _shown(maps: Sequence[queries.MapWithMarkers], *, styled: bool) -> dict[str, Any]:
    """What `panel.pt` reads. styled: the first of its page brings the style sheet."""
    return {"maps": maps, "styled": styled, "body_version": drawing.body_version()}


@hookimpl
def student_panels(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> list[Panel]:
    """The markers of a student's incidents on one map of each kind (MAP-03)."""
    maps, incidents, more = queries.of_student(db, viewer, student_id)
    if not incidents:
        return []
    context = {"maps": maps, "incidents": incidents, "more": more, "most": queries.MOST_TOGETHER}
    context["body_version"] = drawing.body_version()
    return [Panel("student-overview", WEIGHT, f"{TEMPLATES}overview.pt", context)]


@hookimpl
def incident_prints(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PrintPart]]:
    """The maps with their markers on paper, and what they say (MAP-04)."""
    return prints.of_incidents(db, viewer, incident_ids)


@hookimpl
def fill_demo(db: PluginSession, viewer: Viewer, app: Application) -> None:
    """A plan of the grounds, and markers on a few incidents."""
    demo.fill(db, viewer, app)


@hookimpl
def export_student(db: PluginSession, student_id: uuid.UUID) -> dict[str, Any]:
    """Every set of markers of a student's incidents."""
    return {"markers": queries.held_on(db, student_id)}


@hookimpl
def kept_files(db: PluginSession, file_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """The pictures of maps, which old incidents need even where the map is disabled."""
    return school_maps.named_files(db, file_ids)
