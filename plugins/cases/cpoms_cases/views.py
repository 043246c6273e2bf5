"""Changing a case in place: each form answers a script with the margin's new lines, and a browser without
scripts with the incident."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from cpoms_cases import forms, history, outcomes, queries, services
from cpoms_cases.models import ACTIVE, CLOSED, STATUSES
from cpoms_cases.outcomes import Unanswered
from cpoms_cases.queries import Standing
from cpoms_core.access.viewer import Viewer
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
    routes.route("cases.history", "/cases/incidents/{incident_id}/history")
    routes.view(
        choose_status,
        "cases.status",
        permission=SEEING,
        audit=NotAudited("it shows an incident's number and status, and nothing of the record"),
    )
    routes.view(status, "cases.status", permission=SEEING, methods=("POST",), audit=IN_SERVICE)
    routes.view(
        choose_assignee,
        "cases.assignee",
        permission=SEEING,
        audit=NotAudited("it shows an incident's number and names of staff, and nothing of the record"),
    )
    routes.view(assign, "cases.assignee", permission=SEEING, methods=("POST",), audit=IN_SERVICE)
    history_page = f"{TEMPLATES}history.pt"
    routes.view(of_case, "cases.history", permission=SEEING, audit="case.history", template=history_page)


def margin_context(
    viewer: Viewer, standing: Standing, *, error: str = "", changed: str = ""
) -> dict[str, Any]:
    """What `margin.pt` reads. `changed`: the line that was just changed, `status` or `assignee`; it gets the
    focus back, which was on the button that is gone."""
    other = CLOSED if standing.status == ACTIVE else ACTIVE
    return {
        "case": standing,
        "other_status": other,
        "other_name": STATUSES[other],
        "asks": outcomes.asks(viewer),
        "error": error,
        "changed": changed,
    }


def choose_status(request: Request) -> Response:
    """What changing the status asks for (CAS-07): a page, or only its form where a script asks."""
    standing = queries.changeable(_db(request), request.viewer, matched_id(request, "incident_id"))
    return _status_form(request, standing)


def status(request: Request) -> Response:
    """Marks the incident as active or closed."""
    incident_id = matched_id(request, "incident_id")
    post, error = request.POST, ""
    answer = (as_id(post.get("outcome", "")), post.get("reason", ""))
    try:
        services.change_status(_db(request), request.viewer, incident_id, post.get("status", ""), *answer)
    except Unanswered as refusal:
        standing = queries.changeable(_db(request), request.viewer, incident_id)
        response = _status_form(request, standing, refusal)
        # a script puts the form back where it was; it takes no answer of an error
        response.status_int = 200 if _by_script(request) else 422
        response.headers["HX-Retarget"] = f"#status-form-{standing.number}"
        return response
    except Refused as refusal:
        error = str(refusal)
    return _incident(request, incident_id, "status", error)


def _status_form(request: Request, standing: Standing, refusal: Unanswered | None = None) -> Response:
    to = CLOSED if standing.status == ACTIVE else ACTIVE
    usable = outcomes.usable(_db(request)) if outcomes.asks(request.viewer) else []
    about = str(standing.number)
    form = forms.why_form(usable, to, about, request.POST if refusal else None)
    if refusal:
        forms.object_to(form, refusal.errors)
    deed = "Close incident {}" if to == CLOSED else "Open incident {} again"
    context = {
        "title": deed.format(standing.number),
        "case": standing,
        "to": to,
        "to_name": STATUSES[to],
        "form": form if outcomes.asks(request.viewer) else [],
        "in_place": _by_script(request),
    }
    template = "_status.pt" if _by_script(request) else "status.pt"
    response: Response = render_to_response(f"{TEMPLATES}{template}", context, request=request)
    return response


def of_case(request: Request) -> dict[str, Any]:
    """The history of an incident's status and assignee, for who sees the incident by right."""
    standing = queries.changeable(_db(request), request.viewer, matched_id(request, "incident_id"))
    request.shows([standing.incident_id])
    entries = history.of_incidents(_db(request), request.viewer, [standing.incident_id])
    return {
        "title": f"History of the status of incident {standing.number}",
        "case": standing,
        "entries": entries.get(standing.incident_id, []),
        "incident_href": request.route_path("incident", incident_id=standing.incident_id),
    }


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
        context = margin_context(request.viewer, standing, error=error, changed=changed)
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
