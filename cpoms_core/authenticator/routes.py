"""The authenticator at the accounts' own host, and the questions of the key step wherever there are keys."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.authenticator import app_views, device_views, step_views
from cpoms_core.deployment import Place
from cpoms_core.keys.owner import route_name
from cpoms_core.modules.routes import (
    CORE,
    IN_SERVICE,
    OWN_ACCOUNT,
    PORTAL,
    PUBLIC,
    ModuleRoutes,
    NotAudited,
)

SAME_FOR_ALL = NotAudited("the same for everyone")
NOTHING_READ = NotAudited("how a log-in of one's own stands")
NO_SESSION = NotAudited("no data of a record; what is decided is written by the service")


def declare_step(routes: ModuleRoutes, at: Place, prefix: str) -> None:
    """Declares what the key step asks, at one kind of place; `keys.routes.declare` calls it."""
    permission = OWN_ACCOUNT if at == "school" else PORTAL
    for view, what, methods, audit in (
        (step_views.start, "start", ("POST",), NOTHING_READ),
        (step_views.state, "state", ("GET",), NOTHING_READ),
        (step_views.finish, "finish", ("POST",), IN_SERVICE),
    ):
        name = route_name(prefix, f"approval-{what}")
        routes.route(name, f"/elevate/approval/{what}", at=at)
        routes.view(view, name, permission=permission, audit=audit, methods=methods, template="json")


def includeme(config: Configurator) -> None:
    config.add_request_method(step_views.approval_step, "approval_step", reify=True)
    routes = ModuleRoutes(config, CORE)
    for name, pattern in (
        ("authenticator-bare", "/authenticator"),
        ("authenticator", "/authenticator/"),
        ("authenticator-manifest", "/authenticator/manifest.webmanifest"),
        ("authenticator-worker", "/authenticator/worker.js"),
        ("authenticator-nonce", "/authenticator/nonce"),
        ("authenticator-enrol", "/authenticator/enrol"),
        ("authenticator-pending", "/authenticator/pending"),
        ("authenticator-decide", "/authenticator/decide"),
    ):
        routes.route(name, pattern, at="accounts")
    for file, name in (
        (app_views.to_the_app, "authenticator-bare"),
        (app_views.manifest, "authenticator-manifest"),
        (app_views.worker, "authenticator-worker"),
    ):
        routes.view(file, name, permission=PUBLIC, audit=SAME_FOR_ALL)
    routes.view(
        app_views.app,
        "authenticator",
        permission=PUBLIC,
        audit=SAME_FOR_ALL,
        template="cpoms_core:templates/authenticator/app.pt",
    )
    routes.view(
        device_views.nonce, "authenticator-nonce", permission=PUBLIC, audit=SAME_FOR_ALL, template="json"
    )
    for view, name in (
        (device_views.enrol, "authenticator-enrol"),
        (device_views.pending, "authenticator-pending"),
        (device_views.decide, "authenticator-decide"),
    ):
        # no token of forms: no cookie is read, so a page of another site has nothing to misuse
        routes.view(
            view,
            name,
            permission=PUBLIC,
            audit=NO_SESSION,
            methods=("POST",),
            template="json",
            csrf=False,
        )
