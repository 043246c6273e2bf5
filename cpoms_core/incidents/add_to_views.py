"""The page that alerts people and links students to an incident that is recorded already (EDT-03)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from sqlalchemy import select
from webob.multidict import MultiDict

from cpoms_core.alerts import queries as alerts
from cpoms_core.alerts.models import Alert
from cpoms_core.errors import Refused
from cpoms_core.incidents import chronology, entry
from cpoms_core.incidents.edit_views import chosen_ids, found_incident, place_of
from cpoms_core.incidents.forms import incident_fields
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Addition, FormRefused, Linked, add_to_incident
from cpoms_core.incidents.services.about import about_recorded
from cpoms_core.incidents.services.adding_to import newly_configured, with_linked
from cpoms_core.incidents.student_fields import fill_linked, typed_parts
from cpoms_core.incidents.views import _refuse
from cpoms_core.students.queries import chosen
from cpoms_core.web.forms import BuiltForm, build_form

OURS = ("linked", "alerts")


def add_to(request: Request) -> Any:
    """EDT-03."""
    incident = found_incident(request)
    fields = [one for one in incident_fields(request.viewer) if one.name in OURS]
    posted = request.POST if request.method == "POST" else None
    form = entry.with_groups(request, build_form(fields, posted), posted)
    if request.method != "POST":
        return _page(request, incident, form, MultiDict())
    if form.form.validate():
        try:
            add_to_incident(request.db, request.viewer, _addition(request, incident, form))
        except (FormRefused, Refused) as error:
            _refuse(request, form, error)
        else:
            return HTTPFound(place_of(request, incident.id, said="incident-added-to"))
    request.response.status_int = 422
    return _page(request, incident, form, request.POST)


def _addition(request: Request, incident: Incident, form: BuiltForm) -> Addition:
    post = request.POST
    monitored, shared = set(post.getall("linked_monitor")), set(post.getall("linked_share"))
    parts = typed_parts(post)
    return Addition(
        incident.id,
        form.part("alerts").data or [],
        [
            Linked(one, str(one) in monitored, str(one) in shared, parts.get(one))
            for one in dict.fromkeys(form.part("linked").data or [])
        ],
    )


def told(request: Request) -> dict[str, Any]:
    """Who will be told, asked again whenever the form changes."""
    incident = found_incident(request)
    told = _told(request, incident, chosen_ids(request, "linked"), chosen_ids(request, "alerts"))
    return {"swap": True, **told}


def _told(request: Request, incident: Incident, linked_ids: Any, alert_ids: Any) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    known = [one.id for one in chosen(db, viewer, linked_ids)]
    about = about_recorded(db, incident.id)
    wider = with_linked(about, [one for one in known if one not in about.student_ids])
    context = entry.people_told(
        request, entry.everyone(request), wider, newly_configured(db, about, wider), alert_ids
    )
    return {"told": context, "button_label": entry.button_label("Add to the incident", context["names"])}


def _page(
    request: Request, incident: Incident, form: BuiltForm, typed: MultiDict[str, Any]
) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    staff = entry.everyone(request)
    form.part("alerts").choices = list(staff.items())
    linked = fill_linked(request, form, typed)
    shown = chronology.one(db, viewer, incident.id)
    return {
        "title": f"Add to incident {incident.number}",
        "form": form.form,
        "incident": shown,
        "fields": entry.drawn(form),
        "alert_groups": [entry.group_context(group) for group in alerts.alert_groups(db)],
        "alerted": [staff[one] for one in _open_alerts(request, incident) if one in staff],
        "student_source": request.route_path("student-search"),
        "linked_href": request.route_path("incident-linked"),
        "told_href": request.route_path("incident-add-to-told", incident_id=incident.id),
        **linked,
        **_told(request, incident, form.part("linked").data, form.part("alerts").data or []),
        "back_href": place_of(request, incident.id),
    }


def _open_alerts(request: Request, incident: Incident) -> list[Any]:
    """Who has an open alert to the incident: they are not alerted twice."""
    return list(
        request.db.scalars(
            select(Alert.recipient_id)
            .where(Alert.incident_id == incident.id, Alert.action_id.is_(None), Alert.read_at.is_(None))
            .distinct()
        )
    )
