"""Incidents as `templates/incidents/_incident.pt` reads them."""

from __future__ import annotations

import uuid
from types import SimpleNamespace

from pyramid.request import Request

from cpoms_core.incidents.beside import ActionShown, FileShown, IncidentShown


def incident_context(
    request: Request, incident: IncidentShown, *, highlighted: uuid.UUID | None = None
) -> SimpleNamespace:
    """One incident with its links. `highlighted`: the incident or action that the page was opened for."""
    viewer = request.viewer
    mark = _flag(request, bool(incident.open_alerts), highlighted == incident.id)
    may_add = viewer.may("incidents:add")
    path = request.address
    return SimpleNamespace(
        id=incident.id,
        number=incident.number,
        occurred=incident.occurred,
        created=incident.created,
        author_name=incident.author_name,
        text=incident.text,
        student_names=incident.student_names,
        linked_names=incident.linked_names,
        categories=incident.categories,
        agencies=incident.agencies,
        files=[file_context(request, file) for file in incident.files],
        actions=[action_context(request, incident, one, highlighted) for one in incident.actions],
        read_count=incident.read_count if incident.rightful else None,
        highlighted=mark,
        open_alerts=incident.open_alerts,
        mark_read_ends=not incident.rightful,
        pinned=incident.pinned,
        panels=incident.panels,
        options=_options(request, incident),
        urls=SimpleNamespace(
            add_action=path("action-add", incident_id=incident.id) if may_add else None,
            mark_read=path("incident-read", incident_id=incident.id),
            read_by=path("incident-readers", incident_id=incident.id) if incident.rightful else None,
        ),
    )


def _options(request: Request, incident: IncidentShown) -> list[SimpleNamespace]:
    """The Options menu: what an editor may do with the incident, and an administrator ask of it (USR-13)."""
    if not incident.rightful:
        return []
    options = []
    if request.viewer.may("incidents:edit"):
        label = "Unpin" if incident.pinned else "Pin to the top"
        action = request.address("incident-pin", incident_id=incident.id)
        options.append(SimpleNamespace(label=label, action=action, href=None))
    if request.viewer.may("admin"):
        href = request.route_path("admin-why", _query={"number": incident.number})
        options.append(SimpleNamespace(label="Who sees this, and why", action=None, href=href))
    return options


def _flag(request: Request, alerted: bool, opened: bool) -> str | None:
    """Why an incident or action stands out: an open alert, just recorded, or opened by its link."""
    if alerted:
        return "Alerted"
    if not opened:
        return None
    return "New" if request.GET.get("said") in ("incident-recorded", "action-recorded") else "Opened"


def action_context(
    request: Request, incident: IncidentShown, action: ActionShown, highlighted: uuid.UUID | None
) -> SimpleNamespace:
    """One action with its links."""
    return SimpleNamespace(
        id=action.id,
        author_name=action.author_name,
        occurred=action.occurred,
        created=action.created,
        text=action.text,
        files=[file_context(request, file) for file in action.files],
        agencies=action.agencies,
        categories=action.categories,
        highlighted=_flag(request, bool(action.open_alerts), highlighted == action.id),
        open_alerts=action.open_alerts,
        panels=action.panels,
        urls=SimpleNamespace(mark_read=request.address("incident-read", incident_id=incident.id)),
    )


def file_context(request: Request, file: FileShown) -> SimpleNamespace:
    """A file's link and its size in words."""
    return SimpleNamespace(
        name=file.name,
        href=request.address("document", document_id=file.id),
        size=size_in_words(file.size),
    )


def size_in_words(size: int) -> str:
    """A number of bytes as people say it."""
    return f"{max(1, round(size / 1e3))} KB" if size < 1e6 else f"{size / 1e6:.1f} MB"
