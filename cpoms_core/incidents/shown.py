"""Incidents as `templates/incidents/_incident.pt` reads them."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.request import Request

from cpoms_core.incidents.beside import ActionShown, FileShown, IncidentShown


def incident_context(
    request: Request, incident: IncidentShown, *, highlighted: uuid.UUID | None = None
) -> dict[str, Any]:
    """One incident with its links. `highlighted`: the incident or action that the page was opened for."""
    viewer = request.viewer
    mark = _flag(request, bool(incident.open_alerts), highlighted == incident.id)
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
        "pinned": incident.pinned,
        "panels": incident.panels,
        "options": _options(request, incident),
        "urls": {
            "add_action": path("action-add", incident_id=incident.id) if may_add else None,
            "mark_read": path("incident-read", incident_id=incident.id),
            "read_by": path("incident-readers", incident_id=incident.id) if incident.rightful else None,
        },
    }


def _options(request: Request, incident: IncidentShown) -> list[dict[str, str]]:
    """The Options menu: what an editor may do with the incident."""
    if not incident.rightful or not request.viewer.may("incidents:edit"):
        return []
    label = "Unpin" if incident.pinned else "Pin to the top"
    return [{"label": label, "action": request.route_path("incident-pin", incident_id=incident.id)}]


def _flag(request: Request, alerted: bool, opened: bool) -> str | None:
    """Why an incident or action stands out: an open alert, just recorded, or opened by its link."""
    if alerted:
        return "Alerted"
    if not opened:
        return None
    return "New" if request.GET.get("said") in ("incident-recorded", "action-recorded") else "Opened"


def action_context(
    request: Request, incident: IncidentShown, action: ActionShown, highlighted: uuid.UUID | None
) -> dict[str, Any]:
    """One action with its links."""
    return {
        "id": action.id,
        "author_name": action.author_name,
        "occurred": action.occurred,
        "created": action.created,
        "text": action.text,
        "files": [file_context(request, file) for file in action.files],
        "agencies": action.agencies,
        "categories": action.categories,
        "highlighted": _flag(request, bool(action.open_alerts), highlighted == action.id),
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
