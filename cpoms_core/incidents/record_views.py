"""Chronologies: a student's Incidents page, and the whole school's (INC-13, INC-14)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from sqlalchemy import ColumnElement, select

from cpoms_core.access import policy
from cpoms_core.incidents import chronology
from cpoms_core.incidents.filter_form import FilterForm, fill_choices, filter_form
from cpoms_core.incidents.filters import EVERYTHING, ChronologyFilter
from cpoms_core.incidents.marked import in_their_places, markers_of
from cpoms_core.incidents.models import Incident, IncidentStudent
from cpoms_core.incidents.on_page import IncidentShown
from cpoms_core.incidents.shown import incident_context
from cpoms_core.students.record import open_record
from cpoms_core.students.tabs import record_context
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import as_id

Read = Callable[[str, ChronologyFilter], tuple[list[IncidentShown], str]]
"""A page of a record: after a key, narrowed to a filter; with the key of the next page."""


def of_student(request: Request) -> dict[str, Any]:
    """The student's chronology, from the newest on, or from the incident that `at` names."""
    viewer, db = request.viewer, request.db
    student = open_record(db, viewer, matched_id(request, "student_id"))
    request.shows([student.id])

    def read(after: str, only: ChronologyFilter) -> tuple[list[IncidentShown], str]:
        return chronology.of_student(db, viewer, student.id, after=after, only=only)

    here = request.route_path("student-incidents", student_id=student.id)
    add = request.route_path("incident-add", _query={"student": student.id})
    on_record = select(IncidentStudent.incident_id).where(IncidentStudent.student_id == student.id)
    page = _page(request, read, here, Incident.id.in_(on_record), record=student.id)
    return {
        **page,
        "title": f"Incidents of {student.name}",
        "whose": student.name,
        "student": record_context(request, student, "student-incidents"),
        "print_href": request.route_path("student-incidents-print", student_id=student.id),
        "add_href": add if viewer.may("incidents:add") else None,
        "nothing": "If something worries you about this child, however small, write it down.",
    }


def of_whole_school(request: Request) -> dict[str, Any]:
    """What was recorded about the whole school: on no student's record but where a student was linked."""
    viewer, db = request.viewer, request.db

    def read(after: str, only: ChronologyFilter) -> tuple[list[IncidentShown], str]:
        return chronology.of_whole_school(db, viewer, after=after, only=only)

    add = request.route_path("incident-add", _query={"student": "whole-school"})
    here = request.route_path("whole-school")
    page = _page(request, read, here, Incident.student_id.is_(None), record=None)
    return {
        **page,
        "title": "Incidents of the whole school",
        "whose": "the whole school",
        "student": None,
        "print_href": request.route_path("whole-school-print"),
        "add_href": add if viewer.may("incidents:add") else None,
        "nothing": "What concerns everybody, and no child in particular, is kept here.",
    }


def _page(
    request: Request, read: Read, here: str, on_record: ColumnElement[bool], *, record: uuid.UUID | None
) -> dict[str, Any]:
    """What both pages show; a post has filters."""
    posted = request.method == "POST"
    opened = posted or request.GET.get("filter") == "open"
    form = filter_form(request.db, request.viewer, request.POST if posted else None) if opened else None
    accepted = not posted or (form is not None and form.validate())
    only = form.filter() if form is not None and posted and accepted else EVERYTHING
    after = (request.POST if posted else request.GET).get("after", "")
    shown, next_page = read(after, only) if accepted else ([], "")
    markers = markers_of(request, record, shown, after, next_page) if accepted and not only.asked else []
    asked = None if posted else as_id(request.GET.get("at"))
    placed = chronology.place_of(request.db, request.viewer, asked, on_record) if asked else None
    contexts = [incident_context(request, one, highlighted=asked) for one in shown]
    entries = in_their_places(request, contexts, shown, markers)
    if placed and placed not in {incident.id for incident in shown}:
        opened = chronology.one(request.db, request.viewer, placed, record=record)
        shown, entries = [opened, *shown], [incident_context(request, opened, highlighted=asked), *entries]
    request.shows([incident.id for incident in shown], **({"filters": only.asked} if only.asked else {}))
    if not accepted:
        request.response.status_int = 422
    folds = _folds(request)
    if placed is not None and placed != asked:
        folds["actions"] = True  # an action that the page was opened for must not hide in a fold
    return {
        "incidents": entries,
        "here": here,
        "filter": _filter(request, form, on_record, record) if form is not None else None,
        "filter_href": _address(here, {**folds, "filter": True}),
        "narrowed": bool(only.asked) or not accepted,
        "accepted": accepted,
        "actions_open": folds["actions"],
        "parents_open": folds["parents"],
        "actions_href": _address(here, {**folds, "actions": not folds["actions"]}),
        "parents_href": _address(here, {**folds, "parents": not folds["parents"]}),
        "after": next_page,
        "more_href": _address(here, folds, next_page) if next_page and not posted else None,
        "newest_href": _address(here, folds) if after and not posted else None,
    }


def _filter(
    request: Request, form: FilterForm, on_record: ColumnElement[bool], record: uuid.UUID | None
) -> FilterForm:
    """The form's lists are asked for only where it is drawn."""
    fill_choices(request.db, form, on_record & policy.visible_incidents(request.viewer), record)
    return form


def _folds(request: Request) -> dict[str, bool]:
    """Whether all actions and the parents' names are shown: kept from page to page, and turned by the two
    buttons of a page with filters."""
    sent = request.POST if request.method == "POST" else request.GET
    turned = sent.get("turn")
    return {name: (sent.get(name) == "open") != (turned == name) for name in ("actions", "parents")}


def _address(path: str, opened: dict[str, bool], after: str = "") -> str:
    query = [f"{name}=open" for name, is_open in opened.items() if is_open]
    query += [f"after={after}"] if after else []
    return f"{path}?{'&'.join(query)}" if query else path
