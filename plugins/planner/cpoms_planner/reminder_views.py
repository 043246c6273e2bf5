"""Remind me, Add to planner from an incident or action, and taking a reminder off the dashboard (PLN-04,
PLN-05)."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import as_id
from cpoms_planner import adding, reminding, services
from cpoms_planner.event_views import go
from cpoms_planner.forms import remind_form


def remind_me(request: Request) -> Any:
    """A reminder for oneself: what, and when."""
    return _form(request, "Remind me", request.route_path("planner.month"))


def of_incident(request: Request) -> Any:
    """A reminder of an incident that the viewer may read by right (EDT-08)."""
    incident_id = matched_id(request, "incident_id")
    condition = policy.rightful_incidents(request.viewer)
    if request.db.scalar(select(Incident.id).where(Incident.id == incident_id, condition)) is None:
        raise NothingThere
    request.shows([incident_id])
    back = request.route_path("incident", incident_id=incident_id)
    return _form(request, "Add to planner", back, incident_id=incident_id)


def of_action(request: Request) -> Any:
    """As `of_incident`, of an action."""
    action_id = matched_id(request, "action_id")
    incident_id = request.db.scalar(
        select(Action.incident_id)
        .join(Incident, Incident.id == Action.incident_id)
        .where(Action.id == action_id, Action.deleted_at.is_(None), policy.rightful_incidents(request.viewer))
    )
    if incident_id is None:
        raise NothingThere
    request.shows([incident_id, action_id])
    back = request.route_path("incident", incident_id=incident_id, _query={"at": action_id})
    return _form(request, "Add to planner", back, action_id=action_id)


def _form(
    request: Request,
    title: str,
    back_href: str,
    *,
    incident_id: uuid.UUID | None = None,
    action_id: uuid.UUID | None = None,
) -> Any:
    viewer, db = request.viewer, PluginSession(request.db)
    about = incident_id or action_id
    what = adding.default_title(db, incident_id=incident_id, action_id=action_id) if about else ""
    submission = as_id(request.POST.get("submission"))
    form = remind_form(viewer, request.POST if request.method == "POST" else None, title=what)
    if request.method == "POST":
        if form.validate():
            typed = adding.reminder(viewer, form.what.data, form.when.data)
            made = services.make_event_once(
                db, viewer, typed, submission, incident_id=incident_id, action_id=action_id
            )
            return go(request, made, said="saved")
        request.response.status_int = 422
    return {"title": title, "form": form, "back_href": back_href, "submission": submission or new_id()}


def done(request: Request) -> HTTPSeeOther:
    """Takes an event's reminder off the viewer's dashboard."""
    reminding.done(PluginSession(request.db), request.viewer, matched_id(request, "event_id"))
    return HTTPSeeOther(request.route_path("dashboard"))
