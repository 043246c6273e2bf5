"""Routes of the school's logo."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.documents import logo_views
from cpoms_core.modules.routes import CORE, IN_SERVICE, PUBLIC, ModuleRoutes, NotAudited


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    routes.route("school-logo", "/logo/{logo_id}")
    routes.view(
        logo_views.show, "school-logo", permission=PUBLIC, audit=NotAudited("a picture on every page")
    )
    routes.route("admin-logo", "/admin/settings/logo")
    routes.route("admin-logo-remove", "/admin/settings/logo/remove")
    template = "cpoms_core:templates/admin/logo.pt"
    routes.view(logo_views.settings, "admin-logo", permission="admin", audit="logo.viewed", template=template)
    routes.view(
        logo_views.settings,
        "admin-logo",
        permission="admin",
        audit=IN_SERVICE,
        comes_back="logo.viewed",
        methods=("POST",),
        template=template,
        keeps_text=True,
    )
    routes.view(
        logo_views.remove, "admin-logo-remove", permission="admin", audit=IN_SERVICE, methods=("POST",)
    )
