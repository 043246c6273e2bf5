"""Pages of incidents and actions."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response
from pyramid_retry import mark_error_retryable
from sqlalchemy import Select, bindparam, select
from sqlalchemy.exc import IntegrityError
from webob.multidict import MultiDict

from cpoms_core.access import policy
from cpoms_core.alerts import queries as alerts
from cpoms_core.alerts.services import mark_read
from cpoms_core.database.types import Id, new_id
from cpoms_core.documents.services import taken_in
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents import chronology, entry, services
from cpoms_core.incidents.forms import WHOLE_SCHOOL
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import AlreadySubmitted, FormRefused
from cpoms_core.incidents.shown import incident_context
from cpoms_core.students.models import Student
from cpoms_core.students.queries import chosen
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import BuiltForm, as_id


def go(request: Request, address: str) -> Response:
    """On to another page: a redirect, or its address as JSON where a script sent the files."""
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return Response(json_body={"location": address})
    return HTTPFound(address)


def _refuse(request: Request, form: BuiltForm, error: FormRefused | Refused) -> None:
    """Nothing of this change is kept; what was typed is shown again with what is wrong."""
    request.tm.doom()
    errors = error.errors if isinstance(error, FormRefused) else [FieldError(error.field, error.message)]
    form.object_to(errors)


def add(request: Request) -> Any:
    """INC-01: the Add incident form; on submit INC-09."""
    viewer = request.viewer
    if request.method == "POST":
        return _submit(request)
    asked = as_id(request.GET.get("student"))
    key = f"incident-{asked}" if asked else "incident"
    drafted, saved, submission = entry.read_draft(request, key)
    now = viewer.local(viewer.now()).replace(tzinfo=None, second=0, microsecond=0)
    form = entry.incident_form(request, drafted, {"occurred": now, "student": str(asked) if asked else None})
    return _page(request, form, key, saved, submission, drafted or MultiDict())


def _submit(request: Request) -> Any:
    viewer = request.viewer
    form = entry.incident_form(request, request.POST)
    submission = as_id(request.POST.get("submission")) or new_id()
    if entry.accepted(request, form):
        try:
            with taken_in(request.app, viewer, entry.uploads_of(request)) as documents:
                new = entry.new_incident(request, form, documents)
                incident = services.record_incident(request.db, viewer, new)
        except (FormRefused, Refused) as error:
            _refuse(request, form, error)
            submission = new_id() if isinstance(error, AlreadySubmitted) else submission
        except IntegrityError as error:
            # the same form arrived twice at the same moment: on the second try the first one is there
            mark_error_retryable(error)
            raise
        else:
            return go(request, _after(request, incident))
    elif not form.part("categories").data:
        form.object_to([FieldError("categories", "Choose at least one category.")])
    request.response.status_int = 422
    return _page(request, form, request.POST.get("draft", "incident"), None, submission, request.POST)


def _after(request: Request, incident: Incident) -> str:
    """INC-11: key holders see it on the student's record, if they may; others go to the dashboard."""
    viewer = request.viewer
    said = {"said": "incident-recorded"}
    if request.db.scalar(_on_own_record(viewer), policy.who(viewer, incident=incident.id)):
        return str(
            request.route_path(
                "student-incidents",
                student_id=incident.student_id,
                _query={"at": incident.id, **said},
                _anchor=f"incident-{incident.number}",
            )
        )
    return str(request.route_path("dashboard", _query=said))


@policy.for_rights
def _on_own_record(sight: policy.Sight) -> Select[uuid.UUID]:
    """The incident, where the viewer sees it by right and may open its subject's record."""
    return (
        select(Incident.id)
        .join(Student, Student.id == Incident.student_id)
        .where(
            Incident.id == bindparam("incident", type_=Id),
            policy.rightful_incidents(sight),
            policy.student_records(sight),
        )
    )


def may_open_record(request: Request, student_id: uuid.UUID | None) -> bool:
    """Whether the incident's place on its subject's record is the viewer's to open; who sees it through a
    linked student only gets it on a page of its own."""
    if student_id is None:
        return False
    record = select(Student.id).where(Student.id == student_id, policy.student_records(request.viewer))
    return request.db.scalar(record) is not None


def _page(
    request: Request,
    form: BuiltForm,
    key: str,
    saved: str | None,
    submission: Any,
    typed: MultiDict[str, Any],
) -> dict[str, Any]:
    context = entry.fill_choices(request, form)
    linked = entry.fill_students(request, form, typed)
    student = form.part("student").data
    return {
        "title": "Add incident",
        "form": form.form,
        "action": request.route_path("incident-add"),
        "fields": entry.drawn(form),
        **context,
        **entry.told(
            request,
            dict(form.part("alerts").choices),
            student_id=as_id(student),
            whole_school=student == WHOLE_SCHOOL,
            linked_ids=form.part("linked").data or [],
            category_ids=form.part("categories").data or [],
            alert_ids=form.part("alerts").data or [],
        ),
        "linked": linked,
        "linked_href": request.route_path("incident-linked"),
        "told_href": request.route_path("incident-told"),
        "draft_key": key,
        "draft_saved": saved,
        "submission": submission,
        "back_href": request.route_path("dashboard"),
    }


def told(request: Request) -> dict[str, Any]:
    """Who will be told, asked again whenever the form changes."""
    post = request.POST
    ids = {
        name: [one for one in map(as_id, post.getall(name)) if one]
        for name in ("linked", "categories", "alerts")
    }
    return {
        "swap": True,
        **entry.told(
            request,
            entry.everyone(request),
            student_id=as_id(post.get("student")),
            whole_school=post.get("student") == WHOLE_SCHOOL,
            linked_ids=ids["linked"],
            category_ids=ids["categories"],
            alert_ids=ids["alerts"],
        ),
    }


def linked(request: Request) -> dict[str, Any]:
    """The two ticks of each linked student, asked again whenever the list of them changes (INC-04)."""
    ids = [one for one in map(as_id, request.POST.getall("linked")) if one]
    return {"linked": entry.linked_ticks(chosen(request.db, request.viewer, ids), request.POST)}


def show(request: Request) -> Any:
    """One incident: for who sees it by right, in its place on the record; for an alert's recipient alone."""
    viewer = request.viewer
    incident = chronology.one(request.db, viewer, matched_id(request, "incident_id"))
    asked = as_id(request.GET.get("at")) or incident.id
    request.shows([incident.id])
    if incident.rightful and may_open_record(request, incident.subject_id):
        query = {"at": asked, **({"said": request.GET["said"]} if "said" in request.GET else {})}
        return HTTPFound(
            request.route_path(
                "student-incidents",
                student_id=incident.subject_id,
                _query=query,
                _anchor=f"incident-{incident.number}",
            )
        )
    return {
        "title": f"Incident {incident.number}",
        "about": ", ".join(incident.student_names),
        "incident": incident_context(request, incident, highlighted=asked),
    }


def pin(request: Request) -> Response:
    """EDT-06, INC-13: on top of the chronology, or back in its place."""
    incident = services.toggle_pin(request.db, request.viewer, matched_id(request, "incident_id"))
    query = {"said": "pinned" if incident.pinned_at else "unpinned"}
    return HTTPFound(request.route_path("incident", incident_id=incident.id, _query=query))


def readers(request: Request) -> dict[str, Any]:
    """INC-12: who was alerted to an incident, and who has read it."""
    incident_id = matched_id(request, "incident_id")
    incident = chronology.one(request.db, request.viewer, incident_id)
    if not incident.rightful:
        raise NothingThere
    request.shows([incident_id])
    local = request.viewer.local
    return {
        "title": f"Who has read incident {incident.number}",
        "back_href": request.route_path("incident", incident_id=incident_id),
        "readings": [
            {
                "reader": one.reader,
                "sender": one.sender,
                "alerted": local(one.alerted_at),
                "read": local(one.read_at) if one.read_at else None,
                "closed": local(one.closed_at) if one.closed_at else None,
            }
            for one in alerts.readings(request.db, incident_id)
        ],
    }


def read(request: Request) -> Response:
    """INC-12: closes the alerts that the page showed; without another right the incident is then gone."""
    incident_id = matched_id(request, "incident_id")
    shown = [one for one in map(as_id, request.POST.getall("alert")) if one]
    mark_read(request.db, request.viewer, incident_id, shown)
    still = request.db.scalar(
        select(Incident.id).where(Incident.id == incident_id, policy.visible_incidents(request.viewer))
    )
    if still:
        return HTTPFound(
            request.route_path("incident", incident_id=incident_id, _query={"said": "alert-read"})
        )
    return HTTPFound(request.route_path("dashboard", _query={"said": "alert-read"}))
