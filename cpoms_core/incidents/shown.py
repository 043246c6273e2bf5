"""Incidents as `templates/incidents/_incident.pt` reads them."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.request import Request

from cpoms_core.incidents.chronology import ActionShown, FileShown, IncidentShown


def incident_context(
    request: Request, incident: IncidentShown, *, highlighted: uuid.UUID | None = None
) -> dict[str, Any]:
    """One incident with its links. `highlighted`: the incident or action that the page was opened for."""
    viewer = request.viewer
    alerted = bool(incident.open_alerts)
    mark = "Alerted" if alerted else None
    if highlighted == incident.id:
        mark = "Alerted" if alerted else "New"
    may_add = viewer.may("incidents:add")
    path = request.route_path
    return {
        "id": incident.id,
        "number": incident.number,
        "occurred": incident.occurred,
        "created": incident.created,
        "author_name": incident.author_name,
        "text": incident.text,
        "student_names": incident.student_names,
        "linked_names": incident.linked_names,
        "categories": incident.categories,
        "agencies": incident.agencies,
        "files": [file_context(request, file) for file in incident.files],
        "actions": [action_context(request, incident, one, highlighted) for one in incident.actions],
        "read_count": incident.read_count if incident.rightful else None,
        "highlighted": mark,
        "open_alerts": incident.open_alerts,
        "mark_read_ends": not incident.rightful,
        "pinned": False,
        "panels": incident.panels,
        "options": [],
        "urls": {
            "add_action": path("action-add", incident_id=incident.id) if may_add else None,
            "mark_read": path("incident-read", incident_id=incident.id),
            "read_by": path("incident-readers", incident_id=incident.id) if incident.rightful else None,
        },
    }


def action_context(
    request: Request, incident: IncidentShown, action: ActionShown, highlighted: uuid.UUID | None
) -> dict[str, Any]:
    """One action with its links."""
    marked = action.open_alerts or highlighted == action.id
    return {
        "id": action.id,
        "author_name": action.author_name,
        "occurred": action.occurred,
        "created": action.created,
        "text": action.text,
        "files": [file_context(request, file) for file in action.files],
        "agencies": action.agencies,
        "categories": [],
        "highlighted": ("Alerted" if action.open_alerts else "New") if marked else None,
        "open_alerts": action.open_alerts,
        "panels": action.panels,
        "urls": {"mark_read": request.route_path("incident-read", incident_id=incident.id)},
    }


def file_context(request: Request, file: FileShown) -> dict[str, str]:
    """A file's link and its size in words."""
    return {
        "name": file.name,
        "href": request.route_path("document", document_id=file.id),
        "size": size_in_words(file.size),
    }


def size_in_words(size: int) -> str:
    """A number of bytes as people say it."""
    return f"{max(1, round(size / 1e3))} KB" if size < 1e6 else f"{size / 1e6:.1f} MB"
