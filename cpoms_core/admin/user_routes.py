"""Pages about users (USR-01, USR-02, USR-03, USR-07, USR-08, ACC-11). The other tabs of a profile, Audits and
Security log, are declared where the audit is."""

from __future__ import annotations

from cpoms_core.admin.views.users import activation, adding, alerts, details, keys, listing, permissions
from cpoms_core.modules.routes import IN_SERVICE, ModuleRoutes, NotAudited

ADMIN = "admin"
TEMPLATES = "cpoms_core:templates/admin/users/"
EMPTY = NotAudited("an empty form")
POST = ("POST",)


def declare(routes: ModuleRoutes) -> None:
    """Declares the pages; those whose address is one word come before those of a user."""
    for name, pattern, reads in (
        ("admin-users", "/admin/users", True),
        ("admin-users-deactivated", "/admin/users/deactivated", True),
        ("admin-user-new", "/admin/users/new", False),
        ("admin-user-new-other", "/admin/users/new/other", False),
        ("admin-user-students", "/admin/users/students", True),
        ("admin-user", "/admin/users/{user_id}", False),
        ("admin-user-link", "/admin/users/{user_id}/link", False),
        ("admin-user-deactivate", "/admin/users/{user_id}/deactivate", False),
        ("admin-user-reactivate", "/admin/users/{user_id}/reactivate", False),
        ("admin-user-permissions", "/admin/users/{user_id}/permissions", False),
        ("admin-user-alerts", "/admin/users/{user_id}/alerts", False),
        ("admin-user-alerts-remove", "/admin/users/{user_id}/alerts/remove", False),
        ("admin-user-keys", "/admin/users/{user_id}/keys", False),
    ):
        routes.route(name, pattern, reads=reads)
    for view, route, template in (
        (listing.users, "admin-users", "users.pt"),
        (listing.deactivated_users, "admin-users-deactivated", "users.pt"),
    ):
        page = f"{TEMPLATES}{template}"
        routes.view(view, route, permission=ADMIN, audit="users.listed", template=page)
        routes.view(view, route, permission=ADMIN, audit="users.searched", methods=POST, template=page)
    for view, route, template, event in (
        (adding.new_user, "admin-user-new", "new.pt", "staff.listed"),
        (adding.new_other_user, "admin-user-new-other", "new_other.pt", EMPTY),
        (details.details, "admin-user", "details.pt", "user.viewed"),
        (activation.deactivate, "admin-user-deactivate", "deactivate.pt", "user.viewed"),
        (activation.reactivate, "admin-user-reactivate", "reactivate.pt", "user.viewed"),
        (permissions.permissions, "admin-user-permissions", "permissions.pt", "user.permissions-viewed"),
        (alerts.alerts, "admin-user-alerts", "alerts.pt", "user.alerts-viewed"),
        (alerts.remove_alerts, "admin-user-alerts-remove", "alerts_remove.pt", "user.alerts-viewed"),
        (keys.keys, "admin-user-keys", "keys.pt", "user.keys-viewed"),
    ):
        page = f"{TEMPLATES}{template}"
        routes.view(view, route, permission=ADMIN, audit=event, template=page)
        routes.view(
            view, route, permission=ADMIN, audit=IN_SERVICE, comes_back=event, methods=POST, template=page
        )
    routes.view(
        details.send_link,
        "admin-user-link",
        permission=ADMIN,
        audit=IN_SERVICE,
        comes_back="user.viewed",
        methods=POST,
        template=f"{TEMPLATES}details.pt",
    )
    routes.view(
        alerts.search_students,
        "admin-user-students",
        permission=ADMIN,
        audit="students.searched",
        methods=POST,
        template="json",
    )
