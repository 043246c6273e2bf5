"""Pages of the audit. Each time one is opened is itself written down."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.audit import student_views, views
from cpoms_core.modules.routes import CORE, ModuleRoutes

ADMIN, DETAILS = "admin", "students:details"
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
    for name, pattern, view, methods, event in (
        (
            student_views.PAGE,
            "/students/{student_id}/audits",
            student_views.student_audits,
            BOTH,
            "student.audits-viewed",
        ),
        (
            student_views.EXPORT,
            "/students/{student_id}/audits/export",
            student_views.export_student_audits,
            ("POST",),
            "student.audits-exported",
        ),
    ):
        routes.route(name, pattern, reads=True)
        routes.view(
            view, name, permission=DETAILS, audit=event, methods=methods, template=f"{TEMPLATES}student.pt"
        )
