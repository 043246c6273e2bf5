"""Routes of prints."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.modules.routes import CORE, ModuleRoutes
from cpoms_core.printing import views
from cpoms_core.printing.making import REPORTS

DETAILS = "students:details"


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    # before that of one incident, whose address is alike; they post the filters, and change nothing
    for name, pattern, view in (
        ("whole-school-print", "/incidents/whole-school/print", views.whole_school),
        ("student-incidents-print", "/students/{student_id}/incidents/print", views.student_incidents),
    ):
        routes.route(name, pattern, reads=True)
        routes.view(view, name, permission=DETAILS, audit=views.PRINTED, methods=("POST",))
    routes.route("incident-print", "/incidents/{incident_id}/print")
    routes.view(views.incident, "incident-print", permission=DETAILS, audit="incident.printed")
    routes.route("student-report", "/students/{student_id}/report", reads=True)
    template = "cpoms_core:templates/students/report.pt"
    routes.view(
        views.report, "student-report", permission=REPORTS, audit="student.report-opened", template=template
    )
    routes.view(
        views.report,
        "student-report",
        permission=REPORTS,
        audit="student.report-made",
        methods=("POST",),
        template=template,
    )
