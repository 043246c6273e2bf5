"""The tabs of a student's record: the core's, in one place, and those of the modules that are on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from pyramid.request import Request

from cpoms_core.hooks.types import Tab
from cpoms_core.students.record import Record

log = structlog.get_logger()

CORE_TABS = (
    Tab("Overview", "student", 0),
    Tab("Incidents", "student-incidents", 10),
    Tab("Contact details", "student-contacts", 20),
    Tab("Document vault", "student-vault", 30),
    Tab("Attendance", "student-attendance", 40),
    Tab("Student report", "student-report", 50, needs="reports:run"),
    Tab("Audit report", "student-audits", 60),
    Tab("Monitoring history", "student-monitoring", 70),
)
"""Each tab's route has one parameter, `student_id`. Overview 0, Incidents 10, Contact details 20, Document
vault 30, Attendance 40, Student report 50, Audit report 60, Monitoring history 70 (STU-01)."""


@dataclass(frozen=True, slots=True)
class ShownTab:
    """A tab as it is drawn."""

    label: str
    href: str
    active: bool


def record_context(request: Request, record: Record, active: str) -> dict[str, Any]:
    """What the rail of a record shows (`student` of macros/students.pt). `active`: the route of the tab that
    the page belongs to."""
    return {
        "id": record.id,
        "name": record.name,
        "note": record.note,
        "photo": request.route_path("student-photo", student_id=record.id, _query={"v": record.photo_id})
        if record.photo_id
        else None,
        "archived": record.archived,
        "monitored": record.monitored,
        "tabs": _tabs(request, record, active),
    }


def _tabs(request: Request, record: Record, active: str) -> list[ShownTab]:
    viewer = request.viewer
    tabs = [tab for tab in CORE_TABS if not tab.needs or viewer.may(tab.needs)]
    tabs += request.app.hooks.collect("student_tabs", request.db, viewer, student_id=record.id)
    shown = []
    for tab in sorted(tabs, key=lambda tab: tab.weight):
        try:
            href = request.route_path(tab.route, student_id=record.id)
        except KeyError:  # a module's slip must cost its tab, not every page
            log.error("a tab of the student's record names no route", route=tab.route)
            continue
        shown.append(ShownTab(tab.label, href, tab.route == active))
    return shown
