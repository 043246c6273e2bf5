"""A student's record, and searches for students on forms."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.request import Request

from cpoms_core.errors import NothingThere
from cpoms_core.incidents import chronology
from cpoms_core.incidents.shown import incident_context
from cpoms_core.students import queries
from cpoms_core.students.queries import StudentShown
from cpoms_core.web.forms import as_id
from cpoms_core.web.inputs import json_object


def matched_id(request: Request, name: str) -> uuid.UUID:
    """An id of the address. Raises NothingThere where it is none."""
    found = as_id(request.matchdict[name])
    if found is None:
        raise NothingThere
    return found


def student_context(request: Request, student: StudentShown, active: str) -> dict[str, Any]:
    """What the rail of a record shows (STU-01)."""
    tabs = [("Incidents", "student-incidents")]
    tabs += [
        (tab.label, tab.route)
        for tab in request.app.hooks.collect(
            "student_tabs", request.db, request.viewer, student_id=student.id
        )
    ]
    return {
        "id": student.id,
        "name": student.name,
        "note": student.note,
        "photo": None,
        "archived": student.archived,
        "monitored": student.monitored,
        "tabs": [
            {
                "label": label,
                "href": request.route_path(route, student_id=student.id),
                "active": route == active,
            }
            for label, route in tabs
        ],
    }


def incidents(request: Request) -> dict[str, Any]:
    """The student's chronology (INC-13), from the newest on, or from the incident that `at` names."""
    viewer, db = request.viewer, request.db
    student = queries.record_of(db, viewer, matched_id(request, "student_id"))
    asked = as_id(request.GET.get("at"))
    after = request.GET.get("after", "")
    shown, next_page = chronology.of_student(db, viewer, student.id, after=after)
    placed = chronology.place_of(db, viewer, student.id, asked) if asked else None
    if placed and placed not in {incident.id for incident in shown}:
        shown = [chronology.one(db, viewer, placed, record=student.id), *shown]
    request.shows([student.id, *(incident.id for incident in shown)])
    here = request.route_path("student-incidents", student_id=student.id)
    # an action that the page was opened for must not hide in a fold
    open_all = request.GET.get("actions") == "open" or (placed is not None and placed != asked)
    return {
        "title": f"Incidents of {student.name}",
        "student": student_context(request, student, "student-incidents"),
        "incidents": [incident_context(request, one, highlighted=asked) for one in shown],
        "actions_open": open_all,
        "parents_open": request.GET.get("parents") == "open",
        "actions_href": here if open_all else f"{here}?actions=open",
        "parents_href": here if request.GET.get("parents") == "open" else f"{here}?parents=open",
        "add_href": request.route_path("incident-add", _query={"student": student.id})
        if viewer.may("incidents:add")
        else None,
        "more_href": f"{here}?after={next_page}" if next_page else None,
        "newest_href": here if after else None,
    }


def search(request: Request) -> list[dict[str, str]]:
    """Students for a form's type-ahead, by any part of a name; posted, so that no name is in an address."""
    viewer = request.viewer
    if not viewer.elevated and not viewer.school.setting("student_search_on_form"):
        return []
    words = str(json_object(request).get("q", ""))[:200]
    return [
        {
            "value": str(student.id),
            "text": student.name,
            "note": student.note + (" · archived" if student.archived else ""),
        }
        for student in queries.choices(request.db, viewer, words)
    ]
