"""The page that gives somebody back the action that they typed under an incident that is not theirs to read
any more: they marked it as read in another window, or it was deleted (ACT-01, INC-10, INC-12). It is made of
what they typed and recorded themselves: it says nothing of any incident, not even that there is one."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select
from webob.multidict import MultiDict

from cpoms_core.documents.taking import TakenFiles
from cpoms_core.errors import NothingThere
from cpoms_core.incidents import entry
from cpoms_core.incidents.draft_views import in_place_of
from cpoms_core.incidents.models import Action
from cpoms_core.web.errors import note_refusal
from cpoms_core.web.forms import as_id

PAGE = "cpoms_core:templates/incidents/lost_sight.pt"
GOES_ALONG = ("text", "alerts", "occurred")
"""What goes along into the Add incident form: the fields that mean the same there."""


def page(request: Request, incident_id: uuid.UUID, taken: TakenFiles | None) -> Response:
    """What was posted, or what the viewer's draft has. Raises NothingThere where nothing was typed."""
    key = f"action-{incident_id}"
    fields = entry.read_draft(request, key)[0] if taken is None else request.POST
    text = str(fields.get("text", "")).strip() if fields else ""
    if fields is None or not text:
        raise NothingThere
    if taken is None and (names_first := in_place_of(request, fields)) is not None:
        return names_first
    request.tm.doom()  # nothing is recorded
    note_refusal(request)
    at = _recorded_at(request, text)
    context: dict[str, Any] = {
        "title": "Your action is recorded" if at else "Your action could not be recorded",
        "recorded_at": at,
        "text": request.viewer.text(text),
        "files": taken is not None and bool(taken.documents),
        "people": _chosen(request, fields),
        "action": request.route_path("incident-add"),
        "goes_along": [(name, one) for name in GOES_ALONG for one in fields.getall(name)],
        "draft_discard_href": request.route_path("draft-discard", form=key) if taken is None else None,
    }
    response = render_to_response(PAGE, context, request=request)
    response.status_int = 404
    return response


def _recorded_at(request: Request, text: str) -> Any:
    """When the viewer recorded this action, if they did: the answer to a first sending may have been lost."""
    submission = as_id(request.POST.get("submission"))
    if submission is None:
        return None
    own = select(Action.text, Action.created_at).where(
        Action.submission == submission, Action.author_id == request.viewer.acting_user
    )
    found = request.db.execute(own).first()
    if found is None or found.text.strip().splitlines() != text.splitlines():
        return None
    return request.viewer.local(found.created_at)


def _chosen(request: Request, fields: MultiDict[str, Any]) -> list[str]:
    """The names of those whom they had chosen to alert."""
    ids = {as_id(one) for one in fields.getall("alerts")}
    return [name for one, name in entry.everyone(request).items() if one in ids]
