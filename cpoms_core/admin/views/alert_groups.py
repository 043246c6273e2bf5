"""Alert groups: the list, and the page of one (USR-06)."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.forms.groups import AlertGroupForm
from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.queries import alert_groups as queries
from cpoms_core.admin.services import alert_groups as services
from cpoms_core.admin.views.dual_lists import people_sections
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
    """Deletes an alert group; where that cannot be, the group is shown with the reason."""
    group_id = _asked(request)
    try:
        services.delete_alert_group(request.db, request.viewer, group_id)
    except Refused as error:
        request.tm.doom()
        request.response.status_int = 422
        return _stored_page(request, group_id, error.message)
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
    return {
        "title": f"Alert group {title}" if title else "New alert group",
        "form": form,
        "users": {
            "id": "members",
            "name": "members",
            "legend": form.members.label.text,
            "help": form.members.description,
            "errors": form.members.errors,
            "left": "Not in this alert group",
            "right": "In this alert group",
            "sections": people_sections(queries.active_users(request.db), set(form.members.data or [])),
            "offers_groups": True,
        },
        "deactivated": deactivated,
        "seen": seen,
        "delete_href": request.route_path("admin-alert-group-delete", group_id=group_id)
        if group_id
        else None,
        "back_href": request.route_path("admin-alert-groups"),
    }
