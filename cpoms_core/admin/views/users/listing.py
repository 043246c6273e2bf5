"""The lists of users, active and deactivated, with their search (USR-01, USR-02)."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from cpoms_core.admin.queries import users as queries
from cpoms_core.admin.queries.users import UserRow, UserSearch
from cpoms_core.web.forms import as_id

LONGEST_SEARCH = 200  # characters


def users(request: Request) -> dict[str, Any]:
    """Everyone who has an account. The search posts, so that no name stands in an address."""
    return _page(request, _asked(request, deactivated=False))


def deactivated_users(request: Request) -> dict[str, Any]:
    """Those whose account was deactivated."""
    return _page(request, _asked(request, deactivated=True))


def _asked(request: Request, *, deactivated: bool) -> UserSearch:
    form = request.POST
    return UserSearch(
        words=form.get("q", "").strip()[:LONGEST_SEARCH],
        group_id=as_id(form.get("group")) if form.get("group") else None,
        deactivated=deactivated,
        after=as_id(form.get("after")) if form.get("after") else None,
    )


def _page(request: Request, asked: UserSearch) -> dict[str, Any]:
    found, counts = queries.users(request.db, asked), queries.counts(request.db)
    request.shows(row.id for row in found.rows)
    return {
        "title": "Deactivated users" if asked.deactivated else "Users",
        "asked": asked,
        "searched": bool(asked.words or asked.group_id),
        "counts": counts,
        "users": [_row(request, row) for row in found.rows],
        "after": found.after,
        "groups": queries.group_choices(request.db),
        "action": request.path,
        "new_href": request.route_path("admin-user-new"),
        "users_href": request.route_path("admin-users"),
        "deactivated_href": request.route_path("admin-users-deactivated"),
    }


def _row(request: Request, row: UserRow) -> dict[str, Any]:
    local, user_id = request.viewer.local, row.id
    return {
        "row": row,
        "href": request.route_path("admin-user", user_id=user_id),
        "group_href": request.route_path("admin-group", group_id=row.group_id),
        "last_login": local(row.last_login) if row.last_login else None,
        "deactivated": local(row.deactivated_at) if row.deactivated_at else None,
        "own": user_id == request.viewer.user_id,
        "deactivate_href": request.route_path("admin-user-deactivate", user_id=user_id),
        "reactivate_href": request.route_path("admin-user-reactivate", user_id=user_id),
    }
