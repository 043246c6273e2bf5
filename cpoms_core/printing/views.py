"""Prints of incidents and records, and the page of a student report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

import structlog
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.documents import prepared
from cpoms_core.documents.services import safe_name
from cpoms_core.errors import Refused
from cpoms_core.incidents import record_views
from cpoms_core.incidents.filter_form import posted_filter
from cpoms_core.incidents.models import Category, Incident, IncidentCategory, IncidentStudent
from cpoms_core.printing import services
from cpoms_core.printing.forms import Report
from cpoms_core.printing.making import PDF, RECORD_PRINT
from cpoms_core.printing.opening import offered
from cpoms_core.printing.pdf import PrintFailed, TookTooLong
from cpoms_core.printing.queries import Chosen, record_student
from cpoms_core.printing.services import Busy, Plan, RecordWanted, TooLong
from cpoms_core.students.record import open_record
from cpoms_core.students.tabs import record_context
from cpoms_core.students.views import matched_id
from cpoms_core.web.errors import answer

log = structlog.get_logger()
PRINTED = "incidents.printed"
NOT_MADE = "The PDF could not be made. Nothing is lost: try again, and tell support if it happens again."


def incident(request: Request) -> Response:
    """EDT-07: one incident as PDF, shown by the browser."""
    plan = services.plan_incident(request.db, request.viewer, matched_id(request, "incident_id"))
    request.shows(plan.subjects)
    try:
        content = services.make_incident(request.db, plan)
    except (Busy, TookTooLong) as error:
        log.warning("an incident was not printed", reason=type(error).__name__)
        return answer(request, 503)
    return _pdf(content, plan.file_name, shown=True)


def student_incidents(request: Request) -> Response:
    """INC-14: a print of what the student's Incidents page shows, with its filters."""
    only = posted_filter(request.db, request.viewer, request.POST)
    if only is None:
        return _page_again(request, "chronology.pt", record_views.of_student)
    student = open_record(request.db, request.viewer, matched_id(request, "student_id"))
    return _record(request, RecordWanted(student.id, Chosen(student.id, only, pinned_first=True)))


def whole_school(request: Request) -> Response:
    """INC-14: as `student_incidents`, of the whole school's."""
    only = posted_filter(request.db, request.viewer, request.POST)
    if only is None:
        return _page_again(request, "whole_school.pt", record_views.of_whole_school)
    return _record(request, RecordWanted(None, Chosen(None, only, pinned_first=True)))


def _page_again(request: Request, template: str, page: Callable[[Request], dict[str, Any]]) -> Response:
    """The page with what is wrong with its filters."""
    shown = page(request)
    where = f"cpoms_core:templates/incidents/{template}"
    return cast(Response, render_to_response(where, shown, request, response=request.response))


def _record(request: Request, wanted: RecordWanted, *, password: str = "") -> Response:
    """The PDF at once where it is short, and otherwise the page that waits for it."""
    db, viewer = request.db, request.viewer
    plan = services.plan_record(db, viewer, wanted, password=bool(password))
    try:
        content = services.make_now(db, plan, password=password)
    except (TooLong, TookTooLong):
        return _asked(request, plan, wanted, password)
    request.shows(plan.subjects, **plan.details)
    return _pdf(content, plan.file_name, shown=not wanted.report)


def _asked(request: Request, plan: Plan, wanted: RecordWanted, password: str) -> Response:
    """Leaves it to the worker, in a transaction of its own: this request's only reads."""
    viewer = request.viewer
    with request.app.transaction(viewer.school_id) as db:
        file_id = prepared.ask(db, viewer, RECORD_PRINT.kind, wanted.as_json(), secret=password)
    request.shows([one for one in plan.subjects[:1] if one == wanted.student_id], asked=True)
    return HTTPSeeOther(request.route_path("prepared-file", file_id=file_id))


def report(request: Request) -> Any:
    """STU-07: the Student report tab."""
    db, viewer = request.db, request.viewer
    record = open_record(db, viewer, matched_id(request, "student_id"))
    student = record_student(db, viewer, record.id)
    posted = request.POST if request.method == "POST" else None
    columns = db.app.hooks.collect("report_columns", db, viewer)
    made = Report(offered(viewer, student), _categories(request, record.id), columns, posted)
    if posted is not None:
        if made.validate():
            try:
                return _record(request, made.wanted(record.id), password=made.form.password.data or "")
            except Refused as error:
                made.form.form_errors.append(error.message)
            except PrintFailed as error:
                log.error("a print failed", reason=str(error))
                made.form.form_errors.append(NOT_MADE)
        request.response.status_int = 422
    request.shows([record.id])
    return {
        "title": f"Student report of {record.name}",
        "student": record_context(request, record, "student-report"),
        "form": made.form,
        "basic": made.basic,
        "columns": made.columns,
        "hides": viewer.names_hidden,
    }


def _categories(request: Request, student_id: Any) -> list[Any]:
    """The categories of the incidents on the record, of those that the viewer may see."""
    seen = select(Incident.id).where(
        Incident.id.in_(select(IncidentStudent.incident_id).where(IncidentStudent.student_id == student_id)),
        policy.visible_incidents(request.viewer),
    )
    used = select(IncidentCategory.category_id).where(IncidentCategory.incident_id.in_(seen))
    rows = request.db.execute(
        select(Category.id, Category.name).where(Category.id.in_(used)).order_by(Category.name)
    )
    return [(row.id, row.name) for row in rows]


def _pdf(content: bytes, name: str, *, shown: bool) -> Response:
    response = Response(body=content, content_type=PDF, charset=None)
    place = "inline" if shown else "attachment"
    response.headers["Content-Disposition"] = f"{place}; filename*=UTF-8''{quote(safe_name(name))}"
    return response
