"""Incidents as `templates/incidents/_incident.pt` reads them."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

from pyramid.request import Request

from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.passed_on import PassedOn
from cpoms_core.alerts.queries import Reading
from cpoms_core.incidents.gone import Gone
from cpoms_core.incidents.on_page import ActionShown, FileShown, IncidentShown
from cpoms_core.incidents.options import action_options, editing_options, module_options


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
        people=_people(incident),
        categories=incident.categories,
        agencies=incident.agencies,
        files=[file_context(request, file) for file in incident.files],
        actions=[action_context(request, incident, one, highlighted) for one in incident.actions],
        read_count=incident.read_count if incident.rightful else None,
        passed_on=_passed_on(viewer, incident, None),
        highlighted=mark,
        open_alerts=incident.open_alerts,
        mark_read_ends=not incident.rightful,
        pinned=incident.pinned,
        training=incident.training,
        panels=incident.panels,
        options=_options(request, incident),
        deleted=None,
        deleted_actions=[gone_context(request, one) for one in incident.deleted_actions],
        urls=SimpleNamespace(
            add_action=path("action-add", incident_id=incident.id) if may_add else None,
            mark_read=path("incident-read", incident_id=incident.id),
            read_by=path("incident-readers", incident_id=incident.id) if incident.rightful else None,
        ),
    )


def _passed_on(viewer: Viewer, incident: IncidentShown, action_id: uuid.UUID | None) -> list[dict[str, Any]]:
    """For who sees by right who was alerted and who has read it; nobody else is told."""
    if not incident.rightful:
        return []
    return [passed_on_context(viewer, one) for one in incident.passed_on if one.action_id == action_id]


def gone_context(request: Request, gone: Gone) -> SimpleNamespace:
    """The marker of a deleted incident or action with its links, as `_deleted.pt` reads it (EDT-02)."""
    path = request.address
    if gone.number is None:
        history, restore = (
            path("action-history", action_id=gone.id),
            path("action-restore", action_id=gone.id),
        )
    else:
        history = path("incident-history", incident_id=gone.id)
        restore = path("incident-restore", incident_id=gone.id)
    return SimpleNamespace(deleted=gone, history=history, restore=restore)


def _people(incident: IncidentShown) -> SimpleNamespace:
    """Who is in the incident, as its margin names them: on a student's record their own part and the others,
    on a page of its own everyone."""
    own = next((one for one in incident.students if one.id == incident.record), None)
    others = [one for one in incident.students if one is not own]
    about = [one for one in others if not one.linked]
    if incident.record is None:
        about = [one for one in about if one.part]  # its name alone is the page's heading
    return SimpleNamespace(
        part=own.part if own else "",
        about=[one.with_part for one in about],
        linked=[one.with_part for one in others if one.linked],
    )


def _options(request: Request, incident: IncidentShown) -> list[SimpleNamespace]:
    """The Options menu: what an editor may do with the incident, and an administrator ask of it (USR-13)."""
    if not incident.rightful:
        return []
    options = editing_options(request, incident) if request.viewer.may("incidents:edit") else []
    if request.viewer.may("students:details"):
        href = request.address("incident-print", incident_id=incident.id)
        options.append(SimpleNamespace(label="Print view", action=None, href=href))
    options += module_options(request, incident.options, incident_id=incident.id)
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
        was_number=action.was_number,
        training=action.training,
        passed_on=_passed_on(request.viewer, incident, action.id),
        options=action_options(request, incident, action),
        urls=SimpleNamespace(mark_read=request.address("incident-read", incident_id=incident.id)),
    )


def file_context(request: Request, file: FileShown) -> SimpleNamespace:
    """A file's link and its size in words."""
    return SimpleNamespace(
        name=file.name,
        label=f"D-{file.number}",
        href=request.address("document", document_id=file.id),
        about_href=request.address("document-about", document_id=file.id),
        thumbnail=request.address("document-thumbnail", document_id=file.id) if file.picture else None,
        picture=request.address("document-picture", document_id=file.id) if file.picture else None,
        size=size_in_words(file.size),
    )


def reading_context(viewer: Viewer, one: Reading) -> dict[str, Any]:
    """Somebody who was alerted, as `_reading.pt` reads it."""
    return {
        "reader": one.reader,
        "sender": one.sender,
        "alerted": viewer.local(one.alerted_at),
        "read": viewer.local(one.read_at) if one.read_at else None,
        "closed": viewer.local(one.closed_at) if one.closed_at else None,
        "passed_on": passed_on_context(viewer, one.passed_on) if one.passed_on else None,
        "passed_to": one.passed_to,
    }


def passed_on_context(viewer: Viewer, one: PassedOn) -> dict[str, Any]:
    """To whom an unread alert went on, and when, for a page (INC-16)."""
    return {"names": ", ".join(one.names), "at": viewer.local(one.at)}


def size_in_words(size: int) -> str:
    """A number of bytes as people say it."""
    return f"{max(1, round(size / 1e3))} KB" if size < 1e6 else f"{size / 1e6:.1f} MB"
