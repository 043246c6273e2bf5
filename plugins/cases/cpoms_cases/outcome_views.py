"""Admin > Outcomes: the school's own list of what can become of an incident (CAS-07)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_cases import outcomes
from cpoms_cases.forms import OutcomeForm
from cpoms_core.errors import Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.modules.routes import IN_SERVICE, ModuleRoutes, NotAudited
from cpoms_core.students.views import matched_id

TEMPLATE = "cpoms_cases:templates/outcomes.pt"
LOOKING = NotAudited("it shows the school's list of words, and nothing of a record")


def declare(routes: ModuleRoutes) -> None:
    """Declares the pages."""
    routes.route("cases.outcomes", "/cases/outcomes")
    routes.route("cases.outcome", "/cases/outcomes/{outcome_id}")
    post = ("POST",)
    routes.view(listed, "cases.outcomes", permission="admin", audit=LOOKING, template=TEMPLATE)
    for view, route in ((add, "cases.outcomes"), (change, "cases.outcome")):
        routes.view(
            view,
            route,
            permission="admin",
            audit=IN_SERVICE,
            comes_back=LOOKING,
            methods=post,
            template=TEMPLATE,
        )


def listed(request: Request) -> dict[str, Any]:
    """The list, and a form for a new outcome."""
    return _page(request, OutcomeForm())


def add(request: Request) -> Any:
    """Adds one."""
    form = OutcomeForm(request.POST)
    try:
        outcomes.add(PluginSession(request.db), request.viewer, form.name.data or "")
    except Refused as refusal:
        form.name.errors = [refusal.message]
        return _refused(request, form)
    return _back(request)


def change(request: Request) -> Any:
    """Renames, disables or enables one."""
    outcome_id = matched_id(request, "outcome_id")
    deed, db = request.POST.get("deed", "rename"), PluginSession(request.db)
    try:
        if deed in ("disable", "enable"):
            outcomes.turn(db, request.viewer, outcome_id, usable=deed == "enable")
        else:
            outcomes.rename(db, request.viewer, outcome_id, request.POST.get("name", ""))
    except Refused as refusal:
        form = OutcomeForm()
        form.form_errors.append(refusal.message)
        return _refused(request, form)
    return _back(request)


def _refused(request: Request, form: OutcomeForm) -> dict[str, Any]:
    request.tm.doom()
    request.response.status_int = 422
    return _page(request, form)


def _back(request: Request) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path("cases.outcomes", _query={"said": "saved"}))


def _page(request: Request, form: OutcomeForm) -> dict[str, Any]:
    return {
        "title": "Outcomes",
        "form": form,
        "asks": outcomes.asks(request.viewer),
        "outcomes": [
            {
                "id": one.id,
                "name": one.name,
                "disabled": one.disabled_at is not None,
                "href": request.route_path("cases.outcome", outcome_id=one.id),
            }
            for one in outcomes.listed(PluginSession(request.db))
        ],
    }
