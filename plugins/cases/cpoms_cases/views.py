"""Changing a case in place: each form answers a script with the margin's new lines, and a browser without
scripts with the incident."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from cpoms_cases import queries, services
from cpoms_cases.models import ACTIVE, CLOSED, STATUSES
from cpoms_cases.queries import Standing
from cpoms_core.errors import Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.modules.routes import IN_SERVICE, ModuleRoutes, NotAudited
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import as_id

TEMPLATES = "cpoms_cases:templates/"
MARGIN = f"{TEMPLATES}margin.pt"
SEEING = "students:details"
"""Without it nobody sees an incident by their own rights, and without a key it does not count."""


def declare(routes: ModuleRoutes) -> None:
    """Declares the module's pages."""
    routes.route("cases.status", "/cases/incidents/{incident_id}/status")
    routes.route("cases.assignee", "/cases/incidents/{incident_id}/assignee")
    routes.view(status, "cases.status", permission=SEEING, methods=("POST",), audit=IN_SERVICE)
    routes.view(
        choose_assignee,
        "cases.assignee",
        permission=SEEING,
        audit=NotAudited("it shows an incident's number and names of staff, and nothing of the record"),
    )
    routes.view(assign, "cases.assignee", permission=SEEING, methods=("POST",), audit=IN_SERVICE)


def margin_context(standing: Standing, *, error: str = "", changed: str = "") -> dict[str, Any]:
    """What `margin.pt` reads. `changed`: the line that was just changed, `status` or `assignee`; it gets the
    focus back, which was on the button that is gone."""
    other = CLOSED if standing.status == ACTIVE else ACTIVE
    return {
        "case": standing,
        "other_status": other,
        "other_name": STATUSES[other],
        "error": error,
        "changed": changed,
    }


def status(request: Request) -> Response:
    """Marks the incident as active or closed."""
    incident_id = matched_id(request, "incident_id")
    error = ""
    try:
        services.change_status(_db(request), request.viewer, incident_id, request.POST.get("status", ""))
    except Refused as refusal:
        error = str(refusal)
    return _incident(request, incident_id, "status", error)


def choose_assignee(request: Request) -> Response:
    """Who the incident can be assigned to: a page, or only its form where a script asks."""
    standing = queries.changeable(_db(request), request.viewer, matched_id(request, "incident_id"))
    return _choice(request, standing)


def assign(request: Request) -> Response:
    """Assigns the incident."""
    incident_id = matched_id(request, "incident_id")
    db, chosen = _db(request), request.POST.get("assignee", "")
    assignee_id = as_id(chosen)
    try:
        if chosen and assignee_id is None:
            raise Refused("This person is not known. Choose again.", field="assignee")
        services.assign(db, request.viewer, incident_id, assignee_id)
    except Refused as refusal:
        if _by_script(request):
            return _incident(request, incident_id, "assignee", str(refusal))
        response = _choice(request, queries.changeable(db, request.viewer, incident_id), str(refusal))
        response.status_int = 422
        return response
    return _incident(request, incident_id, "assignee")


def _db(request: Request) -> PluginSession:
    return PluginSession(request.db)


def _by_script(request: Request) -> bool:
    return "HX-Request" in request.headers


def _incident(request: Request, incident_id: uuid.UUID, changed: str, error: str = "") -> Response:
    """The lines in the margin as they are now; without scripts the incident's page."""
    if _by_script(request):
        standing = queries.changeable(_db(request), request.viewer, incident_id)
        context = margin_context(standing, error=error, changed=changed)
        response: Response = render_to_response(MARGIN, context, request=request)
        return response
    query = {} if error else {"said": "saved"}
    return HTTPSeeOther(request.route_path("incident", incident_id=incident_id, _query=query))


def _choice(request: Request, standing: Standing, error: str = "") -> Response:
    in_place = _by_script(request)
    context = {
        "title": f"Assign incident {standing.number}",
        "case": standing,
        "people": queries.who_sees(_db(request), standing.incident_id),
        "error": error,
        "in_place": in_place,
    }
    template = "_assign.pt" if in_place else "assign.pt"
    response: Response = render_to_response(f"{TEMPLATES}{template}", context, request=request)
    return response
