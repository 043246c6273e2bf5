"""Static files, the school's colour, and the demo's front door."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.modules.routes import CORE, OWN_ACCOUNT, PUBLIC, ModuleRoutes, NotAudited

CONTRAST = "#0b5c7a"


def accent(request: Request) -> Response:
    """The school's accent colour as a style sheet: the only style that differs between schools."""
    colour = request.asking.school.accent if request.asking else CONTRAST
    return Response(
        f":root{{--accent:{colour}}}",
        content_type="text/css",
        charset="utf-8",
        cache_control="private, max-age=300",
    )


def help_page(request: Request) -> dict[str, Any]:
    """The guide, the questions people ask, and whom to call (DSH-07)."""
    deployment = request.app.deployment
    return {
        "title": "Help",
        "email": deployment.support_email,
        "phone": deployment.support_phone,
        "hours": deployment.support_hours,
    }


def health(request: Request) -> dict[str, Any]:
    """Whether the process answers, and which modules are off because their tables are not up to date; says
    nothing of any school (OPS-05)."""
    behind = sorted(request.app.behind)
    return {"ok": True, "modules_behind": behind} if behind else {"ok": True}


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    routes.static("cpoms_core:static")
    routes.route("accent", "/accent.css")
    routes.view(accent, "accent", permission=PUBLIC, audit=NotAudited("a style sheet"))
    routes.route("help", "/help")
    routes.view(
        help_page,
        "help",
        permission=OWN_ACCOUNT,
        audit=NotAudited("the same for everyone"),
        template="cpoms_core:templates/support/help.pt",
    )
    routes.route("health", "/health")
    routes.view(health, "health", permission=PUBLIC, audit=NotAudited("no data"), template="json")
