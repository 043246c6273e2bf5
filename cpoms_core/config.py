"""What the WSGI application is made of, in order."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator

from cpoms_core.application import Application
from cpoms_core.modules.routes import ModuleRoutes, refuse_unstamped

PARTS = (
    "cpoms_core.web.templates",
    "pyramid_tm",
    "pyramid_retry",
    "cpoms_core.modules.routes",
    "cpoms_core.web.request",
    "cpoms_core.web.security",
    "cpoms_core.web.tweens",
    "cpoms_core.web.inputs",
    "cpoms_core.web.auditing",
    "cpoms_core.incidents.locked_forms",
    "cpoms_core.access.hiding_views",
    "cpoms_core.web.page",
    "cpoms_core.web.errors",
    "cpoms_core.web.routes",
    "cpoms_core.web.demo_door",
    "cpoms_core.portal.routes",
    "cpoms_core.access.routes",
    "cpoms_core.openid.routes",
    "cpoms_core.keys.routes",
    "cpoms_core.authenticator.routes",
    "cpoms_core.dashboard.routes",
    "cpoms_core.students.routes",
    "cpoms_core.students.record_routes",
    "cpoms_core.printing.routes",
    "cpoms_core.incidents.routes",
    "cpoms_core.incidents.change_routes",
    "cpoms_core.documents.routes",
    "cpoms_core.documents.prepared_routes",
    "cpoms_core.documents.logo_routes",
    "cpoms_core.imports.routes",
    "cpoms_core.audit.routes",
    "cpoms_core.admin.routes",
)
SETTINGS = {
    "tm.manager_hook": "pyramid_tm.explicit_manager",
    "retry.attempts": 3,
    "retry.activate_hook": "cpoms_core.web.inputs.attempts",
    "chameleon.reload": False,
    "pyramid.reload_templates": False,
}


def configure(app: Application) -> Any:
    """Builds the WSGI application; an undeclared view or a module that fails stops the start."""
    with Configurator(settings=SETTINGS) as config:
        config.registry.app = app  # type: ignore[attr-defined]
        config.registry.reading_routes = set()  # type: ignore[attr-defined]
        config.registry.changing_routes = set()  # type: ignore[attr-defined]
        for part in PARTS:
            config.include(part)
        app.hooks.boot_with("register_routes", lambda module: {"routes": ModuleRoutes(config, module)})
        config.commit()
        app.check()
        refuse_unstamped(config)
        return config.make_wsgi_app()
