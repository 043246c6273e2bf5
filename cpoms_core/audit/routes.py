"""Pages of the audit. Each time one is opened is itself written down."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.audit import views
from cpoms_core.modules.routes import CORE, ModuleRoutes

ADMIN = "admin"
TEMPLATES = "cpoms_core:templates/audit/"
BOTH = ("GET", "POST")


def includeme(config: Configurator) -> None:
    config.registry.app.audit_words  # type: ignore[attr-defined]  # noqa: B018 - two modules' words for one event stop the start
    routes = ModuleRoutes(config, CORE)
    for name, pattern, view, methods, template, event in (
        (
            "admin-user-audits",
            "/admin/users/{user_id}/audits",
            views.user_audits,
            BOTH,
            "audits.pt",
            "user.audits-viewed",
        ),
        (
            "admin-user-audits-export",
            "/admin/users/{user_id}/audits/export",
            views.export_audits,
            ("POST",),
            "audits.pt",
            "user.audits-exported",
        ),
        (
            "admin-user-security-log",
            "/admin/users/{user_id}/security-log",
            views.user_security_log,
            BOTH,
            "security_log.pt",
            "user.security-log-viewed",
        ),
        (
            "admin-security-log",
            "/admin/security-log",
            views.security_log,
            BOTH,
            "security_log.pt",
            "security-log.viewed",
        ),
    ):
        # posts narrow the list, and change nothing
        routes.route(name, pattern, reads=True)
        routes.view(
            view, name, permission=ADMIN, audit=event, methods=methods, template=f"{TEMPLATES}{template}"
        )
