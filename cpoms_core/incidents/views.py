"""Pages of incidents and actions."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

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
from cpoms_core.documents.taking import take_files
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents import chronology, entry, recorded_before, services, student_fields
from cpoms_core.incidents.draft_views import draft_context, in_place_of
from cpoms_core.incidents.forms import WHOLE_SCHOOL
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import AlreadySubmitted, FormRefused, NotAllRecorded
from cpoms_core.incidents.shown import incident_context, reading_context
from cpoms_core.students.models import Student
from cpoms_core.students.queries import chosen_now
from cpoms_core.students.views import matched_id
from cpoms_core.web.form_carried import carried
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
    given = request.GET.get("student")
    asked = given if given == WHOLE_SCHOOL else as_id(given)
    key = f"incident-{asked}" if asked else "incident"
    drafted, saved, submission = entry.read_draft(request, key)
    if (names_first := in_place_of(request, drafted)) is not None:
        return names_first
    now = viewer.local(viewer.now()).replace(tzinfo=None, second=0, microsecond=0)
    form = entry.incident_form(request, drafted, {"occurred": now, "student": str(asked) if asked else None})
    return _page(request, form, key, saved, submission, drafted or MultiDict())


def _submit(request: Request) -> Any:
    viewer = request.viewer
    submission = as_id(request.POST.get("submission")) or new_id()
    key = request.POST.get("draft", "incident")
    if entry.only_looks(request):
        form = entry.incident_form(request, request.POST)
        return _page(request, form, key, None, submission, request.POST)
    heading = ""
    taken = take_files(request)
    form = entry.incident_form(request, request.POST)
    if all([entry.accepted(request, form), taken.accepted_by(form)]):  # both, to say all that is wrong
        try:
            with taken.kept() as documents:
                new = entry.new_incident(request, form, documents)
                incident = services.record_incident(request.db, viewer, new)
        except NotAllRecorded as error:
            heading, submission = recorded_before.explain(request, form, error), new_id()
        except (FormRefused, Refused) as error:
            _refuse(request, form, error)
            if isinstance(error, AlreadySubmitted):
                heading, submission = recorded_before.OTHER_WORDS, new_id()
        except IntegrityError as error:
            # the same form arrived twice at the same moment: on the second try the first one is there
            mark_error_retryable(error)
            raise
        else:
            return go(request, _after(request, incident))
    elif not form.part("categories").data:
        form.object_to([FieldError("categories", "Choose at least one category.")])
    request.response.status_int = 422
    return _page(request, form, key, None, submission, request.POST, heading)


def _after(request: Request, incident: Incident) -> str:
    """INC-11: key holders see it on the student's record, or the whole school's, if they may; others go to
    the dashboard."""
    viewer = request.viewer
    said = {"said": "incident-recorded"}
    own = _on_own_record(viewer, whole_school=incident.student_id is None)
    seen = request.db.scalar(own, policy.who(viewer, incident=incident.id))
    if seen and viewer.may("students:details"):
        query = {"at": incident.id, **said}
        anchor = f"incident-{incident.number}"
        if incident.student_id is None:
            return str(request.route_path("whole-school", _query=query, _anchor=anchor))
        of = {"student_id": incident.student_id}
        return str(request.route_path("student-incidents", **of, _query=query, _anchor=anchor))
    return str(request.route_path("dashboard", _query=said))


@policy.for_rights
def _on_own_record(sight: policy.Sight, *, whole_school: bool) -> Select[uuid.UUID]:
    """The incident, where the viewer sees it by right and may open its student's record; for the whole
    school's the permission suffices."""
    seen = select(Incident.id).where(
        Incident.id == bindparam("incident", type_=Id), policy.rightful_incidents(sight)
    )
    if whole_school:
        return seen
    return seen.join(Student, Student.id == Incident.student_id).where(policy.student_records(sight))


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
    heading: str = "",
) -> dict[str, Any]:
    context = entry.fill_choices(request, form)
    people = student_fields.fill_students(request, form, typed)
    student = form.part("student").data
    return {
        "title": "Add incident",
        "form": form.form,
        "action": request.route_path("incident-add"),
        "fields": entry.drawn(form),
        "carried": carried(request, form),
        **context,
        **entry.told(
            request,
            dict(form.part("alerts").choices),
            student_id=as_id(student),
            whole_school=student == WHOLE_SCHOOL,
            linked_ids=form.part("linked").data or [],
            category_ids=form.part("categories").data or [],
            alert_ids=form.part("alerts").data or [],
            new_name=student_fields.new_name(form),
        ),
        **people,
        "linked_href": request.route_path("incident-linked"),
        "told_href": request.route_path("incident-told"),
        **draft_context(request, key, saved),
        **({"errors_heading": heading} if heading else {}),
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
            new_name=_new_name(post),
            linked_ids=ids["linked"],
            category_ids=ids["categories"],
            alert_ids=ids["alerts"],
        ),
    }


def _new_name(post: MultiDict[str, Any]) -> str:
    chosen = post.get("student", "")
    name: str = chosen.removeprefix(student_fields.NEW) if chosen.startswith(student_fields.NEW) else ""
    return (post.get("new_student", "").strip() or name.strip())[:200]


def linked(request: Request) -> dict[str, Any]:
    """What each linked student is asked for, asked again whenever the list of them changes (INC-04)."""
    ids = [one for one in map(as_id, request.POST.getall("linked")) if one]
    known = chosen_now(request.db, request.viewer, ids)
    shown = [replace(known[one], id=one) for one in ids if one in known]  # as the form has them
    return student_fields.linked_context(request, shown, request.POST)


def show(request: Request) -> Any:
    """One incident: for who sees it by right, in its place on the record; for an alert's recipient alone."""
    viewer, incident_id = request.viewer, matched_id(request, "incident_id")
    try:
        incident = chronology.one(request.db, viewer, incident_id)
    except NothingThere:
        if (merged := chronology.merged_into(request.db, viewer, incident_id)) is None:
            raise
        into, action_id = merged
        return HTTPFound(request.route_path("incident", incident_id=into, _query={"at": action_id}))
    asked = as_id(request.GET.get("at")) or incident.id
    request.shows([incident.id])
    if incident.rightful and (record := _record_of(request, incident.subject_id)):
        query = {"at": asked, **({"said": request.GET["said"]} if "said" in request.GET else {})}
        return HTTPFound(f"{record}?{urlencode(query)}#incident-{incident.number}")
    return {
        "title": f"Incident {incident.number}",
        "about": ", ".join(incident.student_names),
        "incident": incident_context(request, incident, highlighted=asked),
    }


def _record_of(request: Request, student_id: uuid.UUID | None) -> str | None:
    """The address of the record that an incident is on, if the viewer may open it: its student's, or the
    whole school's."""
    if student_id is None:
        return str(request.route_path("whole-school")) if request.viewer.may("students:details") else None
    if may_open_record(request, student_id):
        return str(request.route_path("student-incidents", student_id=student_id))
    return None


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
    return {
        "title": f"Who has read incident {incident.number}",
        "back_href": request.route_path("incident", incident_id=incident_id),
        "readings": [
            reading_context(request.viewer, one) for one in alerts.readings(request.db, incident_id)
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
