"""Alert groups: the list, and the page of one (USR-06)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin import queries
from cpoms_core.admin.forms import AlertGroupForm
from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.queries import UserChoice
from cpoms_core.admin.services import alert_groups as services
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.web.forms import as_id


def alert_groups(request: Request) -> dict[str, Any]:
    """Every alert group with who is in it."""
    return {
        "title": "Alert groups",
        "groups": [
            {"row": row, "href": request.route_path("admin-alert-group", group_id=row.id)}
            for row in queries.alert_groups(request.db)
        ],
        "new_href": request.route_path("admin-alert-group-new"),
    }


def new_alert_group(request: Request) -> Any:
    """An alert group that does not exist yet."""
    form = AlertGroupForm(request.POST)
    if request.method == "POST":
        if form.validate():
            try:
                services.add_alert_group(request.db, request.viewer, form.name.data, form.members.data)
                return _to_list(request, "saved")
            except Refused as error:
                _refuse(request, form, error)
        request.response.status_int = 422
    return _page(request, form, None)


def alert_group(request: Request) -> Any:
    """One alert group: its name and its members."""
    db, viewer, group_id = request.db, request.viewer, _asked(request)
    request.shows([group_id])
    stored = queries.alert_group(db, group_id)
    if request.method != "POST":
        return _stored_page(request, group_id)
    form = AlertGroupForm(request.POST)
    request.response.status_int = 422
    if form.validate():
        try:
            services.change_alert_group(
                db, viewer, group_id, form.name.data, form.members.data, request.POST.get("seen", "")
            )
            return _to_list(request, "saved")
        except ChangedMeanwhile as error:
            request.tm.doom()
            return _stored_page(request, group_id, error.message)
        except Refused as error:
            _refuse(request, form, error)
    return _page(
        request,
        form,
        group_id,
        title=stored.name,
        deactivated=stored.deactivated,
        seen=request.POST.get("seen", ""),
    )


def delete(request: Request) -> Any:
    """Deletes an alert group."""
    services.delete_alert_group(request.db, request.viewer, _asked(request))
    return _to_list(request, "alert-group-deleted")


def _asked(request: Request) -> uuid.UUID:
    group_id = as_id(request.matchdict["group_id"])
    if group_id is None:
        raise NothingThere
    return group_id


def _to_list(request: Request, said: str) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path("admin-alert-groups", _query={"said": said}))


def _refuse(request: Request, form: AlertGroupForm, error: Refused) -> None:
    request.tm.doom()
    form[error.field].errors = [*form[error.field].errors, error.message]


def _stored_page(request: Request, group_id: uuid.UUID, error: str = "") -> dict[str, Any]:
    stored = queries.alert_group(request.db, group_id)
    members = services.active_members(request.db, group_id)
    form = AlertGroupForm(data={"name": stored.name, "members": sorted(members)})
    if error:
        form.form_errors.append(error)
    return _page(
        request,
        form,
        group_id,
        title=stored.name,
        deactivated=stored.deactivated,
        seen=mark_of(stored.name, members),
    )


def _page(
    request: Request,
    form: AlertGroupForm,
    group_id: uuid.UUID | None,
    *,
    title: str = "",
    deactivated: int = 0,
    seen: str = "",
) -> dict[str, Any]:
    users = queries.active_users(request.db)
    # the user group is part of the text, so that typing its name finds everyone in it
    form.members.choices = [(user.id, f"{user.name} ({user.group})") for user in users]
    return {
        "title": f"Alert group {title}" if title else "New alert group",
        "form": form,
        "user_groups": _by_user_group(users),
        "deactivated": deactivated,
        "seen": seen,
        "delete_href": request.route_path("admin-alert-group-delete", group_id=group_id)
        if group_id
        else None,
        "back_href": request.route_path("admin-alert-groups"),
    }


def _by_user_group(users: Sequence[UserChoice]) -> list[dict[str, str]]:
    """User groups as the buttons that add their present members."""
    members: dict[str, list[dict[str, str]]] = {}
    for user in users:
        members.setdefault(user.group, []).append(
            {"value": str(user.id), "text": f"{user.name} ({user.group})"}
        )
    return [
        {"id": name, "name": name, "members_json": json.dumps(people)}
        for name, people in sorted(members.items(), key=lambda item: item[0].casefold())
    ]
