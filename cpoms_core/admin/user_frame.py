"""The frame of every page about one user: whom it is about, and the tabs of their profile (USR-03).

A page of the profile answers `{**user_frame(request, "admin-user-audits"), ...}` and draws
`templates/admin/users/_tabs.pt`; its address holds `{user_id}`.
"""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from cpoms_core.admin.queries.users import UserRow, user_of
from cpoms_core.admin.tabs import ShownTab
from cpoms_core.errors import NothingThere
from cpoms_core.web.forms import as_id

USER_TABS = (
    ("Personal details", "admin-user"),
    ("Permissions", "admin-user-permissions"),
    ("Alerts", "admin-user-alerts"),
    ("Security keys", "admin-user-keys"),
    ("Audits", "admin-user-audits"),
    ("Security log", "admin-user-security-log"),
)
"""The tabs of a user's profile in their order, by the names of their routes."""


def asked_user(request: Request) -> UserRow:
    """The user whom the address names, deactivated or not, noted for the audit of the page. Raises
    NothingThere for what is no user of the school."""
    user_id = as_id(request.matchdict["user_id"])
    if user_id is None:
        raise NothingThere
    user = user_of(request.db, user_id)
    request.shows([user_id])
    return user


def user_frame(request: Request, active: str) -> dict[str, Any]:
    """What the frame of a profile page shows: `title`, `user` and `user_tabs`. `active`: the name of the
    page's own route. Raises NothingThere."""
    user = asked_user(request)
    tabs = [
        ShownTab(label, request.route_path(route, user_id=user.id), route == active)
        for label, route in USER_TABS
    ]
    label = next((tab.label for tab in tabs if tab.active), "")
    return {
        "title": f"{user.name}: {label}" if label else user.name,
        "user": user,
        "user_tabs": tabs,
        "last_login": request.viewer.local(user.last_login) if user.last_login else None,
        "group_href": request.route_path("admin-group", group_id=user.group_id),
        "reactivate_href": request.route_path("admin-user-reactivate", user_id=user.id),
        "deactivate_href": request.route_path("admin-user-deactivate", user_id=user.id),
    }
