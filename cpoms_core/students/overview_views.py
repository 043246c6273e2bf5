"""A student's overview, and its charts as pictures (STU-02)."""

from __future__ import annotations

import json
from typing import Any

import structlog
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.charts.pictures import MEDIA_TYPES, Kind, NoPicture, picture
from cpoms_core.charts.specs import titled
from cpoms_core.errors import NothingThere
from cpoms_core.students.figures import FIGURES, Figure
from cpoms_core.students.information import may_edit
from cpoms_core.students.overview import overview
from cpoms_core.students.record import open_record
from cpoms_core.students.tabs import record_context
from cpoms_core.students.views import matched_id
from cpoms_core.web.errors import answer

log = structlog.get_logger()
ROUTE = "student"


def show(request: Request) -> dict[str, Any]:
    """The first page of a student's record."""
    db, viewer = request.db, request.viewer
    record = open_record(db, viewer, matched_id(request, "student_id"))
    found = overview(db, viewer, record.id)
    request.shows([record.id])
    return {
        "title": f"Overview of {record.name}",
        "student": record_context(request, record, ROUTE),
        "found": found,
        "links": [
            {
                "link": link,
                "href": request.address("student", student_id=link.other_id) if link.opens else None,
            }
            for link in found.links
        ],
        "figures": [_drawn(request, record.id, figure) for figure in found.figures],
        "panels": [
            panel
            for panel in request.app.hooks.collect("student_panels", db, viewer, student_id=record.id)
            if panel.slot == "student-overview"
        ],
        "history_href": request.route_path("student-history", student_id=record.id)
        if may_edit(viewer)
        else None,
        "edit_href": request.route_path("student-edit", student_id=record.id) if may_edit(viewer) else None,
    }


def _drawn(request: Request, student_id: Any, figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "title": figure.title,
        "along": figure.along,
        "rows": figure.rows,
        "spec": json.dumps(figure.spec),
        "saves": [
            (
                kind.upper(),
                request.route_path("student-chart", student_id=student_id, picture=f"{figure.name}.{kind}"),
            )
            for kind in MEDIA_TYPES
        ],
    }


def chart(request: Request) -> Response:
    """One of the charts as a picture to keep, with the words that say what it shows."""
    db, viewer = request.db, request.viewer
    record = open_record(db, viewer, matched_id(request, "student_id"))
    name, _, ending = request.matchdict["picture"].rpartition(".")
    kind: Kind | None = next((one for one in MEDIA_TYPES if one == ending), None)
    if name not in FIGURES or kind is None:
        raise NothingThere
    figure = FIGURES[name](db, viewer, record.id)
    today = viewer.local(viewer.now())
    about = f"{record.name}, {today.day} {today:%B %Y}"
    try:
        content = picture(titled(figure.spec, figure.title, about), kind)
    except NoPicture as error:
        log.warning("no picture of a chart", reason=str(error))
        return answer(request, 503)
    request.shows([record.id], chart=name)
    response = Response(content, content_type=MEDIA_TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
