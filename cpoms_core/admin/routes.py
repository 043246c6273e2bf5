"""Pages of the administration. Their permission counts in elevated sessions only, so all need a key."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.admin import user_routes
from cpoms_core.admin.tabs import admin_tabs
from cpoms_core.admin.views import alert_groups, classes, groups, modules, overview, settings, training, why
from cpoms_core.modules.routes import CORE, IN_SERVICE, ModuleRoutes, NotAudited

ADMIN = "admin"
TEMPLATES = "cpoms_core:templates/admin/"
EMPTY = NotAudited("an empty form")


def includeme(config: Configurator) -> None:
    config.add_request_method(admin_tabs, "admin_tabs", reify=True)
    routes = ModuleRoutes(config, CORE)
    user_routes.declare(routes)
    for name, pattern in (
        ("admin", "/admin"),
        ("admin-failures-seen", "/admin/failures/seen"),
        ("admin-groups", "/admin/groups"),
        ("admin-group-new", "/admin/groups/new"),
        ("admin-group", "/admin/groups/{group_id}"),
        ("admin-group-delete", "/admin/groups/{group_id}/delete"),
        ("admin-alert-groups", "/admin/alert-groups"),
        ("admin-alert-group-new", "/admin/alert-groups/new"),
        ("admin-alert-group", "/admin/alert-groups/{group_id}"),
        ("admin-alert-group-delete", "/admin/alert-groups/{group_id}/delete"),
        ("admin-classes", "/admin/classes"),
        ("admin-classes-seen", "/admin/classes/seen"),
        ("admin-class-kind", "/admin/classes/kinds/{kind}"),
        ("admin-class", "/admin/classes/{group_id}"),
        ("admin-modules", "/admin/modules"),
        ("admin-module", "/admin/modules/{module}"),
        ("admin-module-switch", "/admin/modules/{module}/switch"),
        ("admin-module-again", "/admin/modules/{module}/again"),
        ("admin-module-seen", "/admin/modules/{module}/seen"),
        ("admin-settings", "/admin/settings"),
        ("admin-training", "/admin/settings/training"),
        ("admin-training-begin", "/admin/settings/training/begin"),
    ):
        routes.route(name, pattern)

    routes.route("admin-why", "/admin/why", reads=True)
    page = f"{TEMPLATES}why.pt"
    routes.view(why.ask, "admin-why", permission=ADMIN, audit=EMPTY, template=page)
    routes.view(why.ask, "admin-why", permission=ADMIN, audit="why.asked", methods=("POST",), template=page)

    for view, route, template, event in (
        (overview.overview, "admin", "overview.pt", "admin.viewed"),
        (groups.groups, "admin-groups", "groups.pt", "groups.listed"),
        (groups.new_group, "admin-group-new", "group.pt", EMPTY),
        (groups.group, "admin-group", "group.pt", "group.viewed"),
        (groups.delete, "admin-group-delete", "group_delete.pt", "group.viewed"),
        (alert_groups.alert_groups, "admin-alert-groups", "alert_groups.pt", "alert-groups.listed"),
        (alert_groups.new_alert_group, "admin-alert-group-new", "alert_group.pt", EMPTY),
        (alert_groups.alert_group, "admin-alert-group", "alert_group.pt", "alert-group.viewed"),
        (classes.classes, "admin-classes", "classes.pt", "classes.listed"),
        (classes.kind, "admin-class-kind", "class_kind.pt", "classes.listed"),
        (classes.one, "admin-class", "class.pt", "class.viewed"),
        (modules.modules, "admin-modules", "modules.pt", "modules.listed"),
        (modules.module, "admin-module", "module.pt", "module.viewed"),
        (modules.confirm, "admin-module-switch", "module_switch.pt", "module.viewed"),
        (settings.settings, "admin-settings", "settings.pt", "settings.viewed"),
        (training.manage, "admin-training", "training.pt", "training.viewed"),
    ):
        routes.view(view, route, permission=ADMIN, audit=event, template=f"{TEMPLATES}{template}")
    for view, route, template, event in (
        (groups.new_group, "admin-group-new", "group.pt", EMPTY),
        (groups.group, "admin-group", "group.pt", "group.viewed"),
        (groups.delete, "admin-group-delete", "group_delete.pt", "group.viewed"),
        (alert_groups.new_alert_group, "admin-alert-group-new", "alert_group.pt", EMPTY),
        (alert_groups.alert_group, "admin-alert-group", "alert_group.pt", "alert-group.viewed"),
        (alert_groups.delete, "admin-alert-group-delete", "alert_group.pt", "alert-group.viewed"),
        (classes.kind, "admin-class-kind", "class_kind.pt", "classes.listed"),
        (classes.one, "admin-class", "class.pt", "class.viewed"),
        (modules.turn, "admin-module", "module_switch.pt", "module.viewed"),
        (settings.settings, "admin-settings", "settings.pt", "settings.viewed"),
        (training.manage, "admin-training", "training.pt", "training.viewed"),
    ):
        routes.view(
            view,
            route,
            permission=ADMIN,
            audit=IN_SERVICE,
            comes_back=event,
            methods=("POST",),
            template=f"{TEMPLATES}{template}",
        )
    for view, route in (
        (overview.failures_seen, "admin-failures-seen"),
        (classes.seen, "admin-classes-seen"),
        (modules.again, "admin-module-again"),
        (modules.seen, "admin-module-seen"),
        (training.begin, "admin-training-begin"),
    ):
        routes.view(view, route, permission=ADMIN, audit=IN_SERVICE, methods=("POST",))
