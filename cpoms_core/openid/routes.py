"""Pages of logging in by a provider, and of its administration."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.modules.routes import CORE, IN_SERVICE, PUBLIC, ModuleRoutes, NotAudited
from cpoms_core.openid import views

ADMIN = "admin"
TEMPLATES = "cpoms_core:templates/openid/"


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    routes.route("openid-back", "/openid/back", changes=True)
    for name, pattern in (
        ("openid-go", "/openid/{provider_id}"),
        ("admin-providers", "/admin/providers"),
        ("admin-provider-new", "/admin/providers/new"),
        ("admin-provider", "/admin/providers/{provider_id}"),
    ):
        routes.route(name, pattern)
    sorry = f"{TEMPLATES}sorry.pt"
    nothing = NotAudited("nobody is known yet")
    routes.view(views.go, "openid-go", permission=PUBLIC, audit=nothing, template=sorry)
    routes.view(views.back, "openid-back", permission=PUBLIC, audit=IN_SERVICE, template=sorry)
    routes.view(
        views.providers,
        "admin-providers",
        permission=ADMIN,
        audit="providers.listed",
        template=f"{TEMPLATES}providers.pt",
    )
    for route, event in (
        ("admin-provider-new", NotAudited("an empty form")),
        ("admin-provider", "provider.viewed"),
    ):
        template = f"{TEMPLATES}provider.pt"
        routes.view(views.provider, route, permission=ADMIN, audit=event, template=template)
        routes.view(
            views.provider,
            route,
            permission=ADMIN,
            audit=IN_SERVICE,
            comes_back=event,
            methods=("POST",),
            template=template,
        )
