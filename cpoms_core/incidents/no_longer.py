"""The page that gives somebody back what they typed to change an incident or action that was deleted, merged
or split off while they wrote (EDT-01, EDT-02, EDT-04, EDT-05)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Literal

from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select

from cpoms_core.documents.taking import TakenFiles
from cpoms_core.errors import NothingThere
from cpoms_core.incidents import chronology, drafts, entry, versions
from cpoms_core.incidents.models import Action

PAGE = "cpoms_core:templates/incidents/no_longer.pt"
TO_RESTORE = "Its history, where it can be restored"


@dataclass(frozen=True, slots=True)
class Became:
    """What became of it, in words, and where that is; `last`: the version by which it did, where the viewer
    may read it."""

    words: str
    last: versions.VersionShown | None
    href: str
    link: str


def page(
    request: Request, kind: Literal["incident", "action"], record_id: uuid.UUID, taken: TakenFiles | None
) -> Response:
    """What was posted, or what the viewer's draft has, with what became of the incident or action. Raises
    NothingThere where nothing was typed, and for who may not know what became of it."""
    fields = entry.read_draft(request, drafts.edit_key(kind, record_id))[0] if taken is None else request.POST
    text = str(fields.get("text", "")).strip() if fields else ""
    if not text:
        raise NothingThere
    request.db.expire_all()  # it may have gone after it was read, and before it was locked
    became = _of_incident(request, record_id) if kind == "incident" else _of_action(request, record_id)
    request.tm.doom()  # nothing of the change was made
    request.shows([record_id])
    context: dict[str, Any] = {
        "title": "Your changes could not be saved",
        "became": became,
        "text": request.viewer.text(text),
        "files": taken is not None and bool(taken.documents),
    }
    response = render_to_response(PAGE, context, request=request)
    response.status_int = 409
    return response


def _of_incident(request: Request, incident_id: uuid.UUID) -> Became:
    merged = chronology.merged_into(request.db, request.viewer, incident_id)
    try:
        history = versions.of_incident(request.db, request.viewer, incident_id)
    except NothingThere:
        if merged is None:
            raise
        history = None  # it may be read where it is now, and not be edited
    if merged is not None:
        incident, action = merged
        href = request.route_path("incident", incident_id=incident, _query={"at": action})
        last = history.versions[0] if history else None
        return Became("the incident was merged into another one", last, href, "The action that it is now")
    if history is None or not history.deleted:
        raise NothingThere
    href = request.route_path("incident-history", incident_id=incident_id)
    return Became(f"incident {history.number} was deleted", history.versions[0], href, TO_RESTORE)


def _of_action(request: Request, action_id: uuid.UUID) -> Became:
    found = request.db.execute(
        select(Action.incident_id, Action.became_incident).where(Action.id == action_id)
    ).first()
    if found is None:
        raise NothingThere
    try:
        history = versions.of_action(request.db, request.viewer, action_id)
    except NothingThere:
        return _of_incident(request, found.incident_id)  # deleted with all that is under it
    if found.became_incident is not None:
        href = request.route_path("incident", incident_id=found.became_incident)
        words = "the action was split off as an incident of its own"
        return Became(words, history.versions[0], href, "The incident that it is now")
    if not history.deleted:
        raise NothingThere
    href = request.route_path("action-history", action_id=action_id)
    return Became("the action was deleted", history.versions[0], href, TO_RESTORE)
