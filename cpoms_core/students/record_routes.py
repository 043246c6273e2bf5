"""Pages of a student's record about attendance and monitoring, and the update of many students at once."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.modules.routes import CORE, IN_SERVICE, ModuleRoutes
from cpoms_core.students import attendance_views, bulk_views, monitoring_views
from cpoms_core.students.information import PERMISSION

DETAILS = "students:details"
TEMPLATES = "cpoms_core:templates/students/"


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    _attendance(routes)
    _monitoring(routes)
    _many(routes)


def _attendance(routes: ModuleRoutes) -> None:
    routes.route(attendance_views.PAGE, "/students/{student_id}/attendance")
    routes.view(
        attendance_views.attendance,
        attendance_views.PAGE,
        permission=DETAILS,
        audit="student.attendance-viewed",
        template=f"{TEMPLATES}attendance.pt",
    )


def _monitoring(routes: ModuleRoutes) -> None:
    template = f"{TEMPLATES}monitoring.pt"
    routes.route(monitoring_views.PAGE, "/students/{student_id}/monitoring")
    routes.view(
        monitoring_views.monitoring,
        monitoring_views.PAGE,
        permission=DETAILS,
        audit="student.monitoring-viewed",
        template=template,
    )
    for name, deed, view in (
        (monitoring_views.BEGIN, "begin", monitoring_views.begin),
        (monitoring_views.END, "end", monitoring_views.end),
    ):
        routes.route(name, f"/students/{{student_id}}/monitoring/{deed}")
        routes.view(
            view,
            name,
            permission=PERMISSION,
            audit=IN_SERVICE,
            comes_back="student.monitoring-viewed",
            methods=("POST",),
            template=template,
        )


def _many(routes: ModuleRoutes) -> None:
    template = f"{TEMPLATES}update_categories.pt"
    for name, pattern, view, event in (
        (bulk_views.CHOOSE, "/update-categories", bulk_views.choose, "students.listed-to-update"),
        (bulk_views.CONFIRM, "/update-categories/confirm", bulk_views.confirm, "students.update-previewed"),
    ):
        # they post what was searched for and whom it is about, and change nothing
        routes.route(name, pattern, reads=True)
        routes.view(view, name, permission=PERMISSION, audit=event, methods=("POST",), template=template)
    routes.route(bulk_views.APPLY, "/update-categories/apply")
    routes.view(
        bulk_views.apply,
        bulk_views.APPLY,
        permission=PERMISSION,
        audit=IN_SERVICE,
        comes_back="students.update-previewed",
        methods=("POST",),
        template=template,
    )
