"""The dashboard's pages."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.dashboard import views
from cpoms_core.modules.routes import CORE, SIGNED_IN, ModuleRoutes

TEMPLATE = "cpoms_core:templates/dashboard/dashboard.pt"


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    routes.route("dashboard", "/", reads=True)
    routes.view(
        views.dashboard, "dashboard", permission=SIGNED_IN, audit="dashboard.viewed", template=TEMPLATE
    )
    routes.view(
        views.dashboard,
        "dashboard",
        permission="students:list",
        audit="students.searched",
        methods=("POST",),
        template=TEMPLATE,
    )
