"""The Monitoring history of a student's record (STU-09): table, timeline, beginning and ending by hand."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther
from pyramid.request import Request

from cpoms_core.errors import Refused
from cpoms_core.students import monitoring_history as history
from cpoms_core.students.information import may_edit
from cpoms_core.students.monitoring_changes import Wish, update_monitoring
from cpoms_core.students.monitoring_forms import BeginForm
from cpoms_core.students.monitoring_history import Choice, Lane, Span, Timeline
from cpoms_core.students.record import Record, open_record
from cpoms_core.students.tabs import record_context
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import as_id

PAGE, BEGIN, END = "student-monitoring", "student-monitoring-begin", "student-monitoring-end"
LANE, HEAD = 44, 26
"""Heights in pixels: of a category on the timeline, and of the dates above them."""


def monitoring(request: Request) -> dict[str, Any]:
    """What a student was and is monitored for, of what the viewer may know."""
    record = open_record(request.db, request.viewer, matched_id(request, "student_id"))
    return _page(request, record)


def begin(request: Request) -> Any:
    """Begins to monitor the student for a category."""
    db, viewer = request.db, request.viewer
    record = open_record(db, viewer, matched_id(request, "student_id"))
    spans = history.history_of(db, viewer, record.id)
    form = _form(request, history.choices(db, viewer))
    if form.validate():
        try:
            update_monitoring(db, viewer, [record.id], form.wish())
        except Refused as refused:
            form[refused.field].errors = [refused.message]
        else:
            return _back(request, record.id, "monitoring-begun")
    request.response.status_int = 422
    return _page(request, record, spans, form)


def end(request: Request) -> Any:
    """Ends what a row of the history says goes on. Once it has ended there is nothing left to do."""
    db, viewer = request.db, request.viewer
    record = open_record(db, viewer, matched_id(request, "student_id"))
    category_id = as_id(request.POST.get("category"))
    if category_id is None:
        raise HTTPBadRequest
    today = viewer.local(viewer.now()).date()
    update_monitoring(db, viewer, [record.id], Wish("remove", category_id, today))
    return _back(request, record.id, "monitoring-ended")


def _back(request: Request, student_id: uuid.UUID, said: str) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path(PAGE, student_id=student_id, _query={"said": said}))


def _form(request: Request, categories: list[Choice]) -> BeginForm:
    viewer = request.viewer
    posted = request.POST if request.method == "POST" else None
    return BeginForm(posted, categories, viewer.local(viewer.now()).date())


def _page(
    request: Request, record: Record, spans: list[Span] | None = None, form: BeginForm | None = None
) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    found = history.history_of(db, viewer, record.id) if spans is None else spans
    editable = may_edit(viewer)
    drawn = history.timeline(found, viewer.local(viewer.now()))
    going_on = {span.category_id for span in found if span.ended is None}
    request.shows([record.id])
    categories = [one for one in history.choices(db, viewer) if one.id not in going_on and not one.disabled]
    return {
        "title": f"Monitoring history of {record.name}",
        "student": record_context(request, record, PAGE),
        "rows": [_row(request, span) for span in found],
        "timeline": _drawing(drawn) if drawn else None,
        "form": form or (_form(request, categories) if categories and editable else None),
        "editable": editable,
        "begin_href": request.route_path(BEGIN, student_id=record.id),
        "end_href": request.route_path(END, student_id=record.id),
    }


def _row(request: Request, span: Span) -> dict[str, Any]:
    return {
        "span": span,
        "incident_href": request.route_path("incident", incident_id=span.incident[0])
        if span.incident
        else None,
        "incident_number": span.incident[1] if span.incident else None,
    }


def _drawing(timeline: Timeline) -> dict[str, Any]:
    """The timeline as numbers for SVG attributes: lengths across in per cent, and no text is stretched."""
    return {
        "height": HEAD + LANE * len(timeline.lanes) + 4,
        "dates": [{"x": f"{place}%", "label": label} for place, label in timeline.dates],
        "words": f"From {timeline.first:%d %b %Y} to today; the table below says the same in words.",
        "lanes": [_lane(lane, HEAD + LANE * index) for index, lane in enumerate(timeline.lanes)],
    }


def _lane(lane: Lane, top: int) -> dict[str, Any]:
    return {
        "name": lane.category,
        "colour": lane.colour,
        "text_y": top + 15,
        "bar_y": top + 21,
        "line_y": top + LANE - 2,
        "bars": [
            {"x": f"{bar.left}%", "width": f"{bar.width}%", "end": f"{bar.left + bar.width}%"}
            | {"goes_on": bar.goes_on}
            for bar in lane.bars
        ],
    }
