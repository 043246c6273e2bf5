"""Pages of students' records."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.modules.routes import CORE, ModuleRoutes
from cpoms_core.students import views


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    routes.route("student-search", "/students/search", reads=True)
    routes.view(
        views.search,
        "student-search",
        permission="incidents:add",
        audit="students.searched",
        methods=("POST",),
        template="json",
    )
    routes.route("student-incidents", "/students/{student_id}/incidents")
    routes.view(
        views.incidents,
        "student-incidents",
        permission="students:details",
        audit="incidents.viewed",
        template="cpoms_core:templates/incidents/chronology.pt",
    )
