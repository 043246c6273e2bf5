"""User groups: the list, and the page with the matrix of one (USR-04)."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.forms.groups import GroupForm, wanted_group
from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.queries import groups as queries
from cpoms_core.admin.rights import RIGHTS, GroupState, category_rows, grantable, group_state
from cpoms_core.admin.services import groups as services
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.types import Permission
from cpoms_core.web.forms import as_id
from cpoms_core.web.page import Notice


def groups(request: Request) -> dict[str, Any]:
    """Every user group, with how many users are in it."""
    rows = queries.groups(request.db)
    return {
        "title": "User groups",
        "groups": [{"row": row, "href": request.route_path("admin-group", group_id=row.id)} for row in rows],
        "new_href": request.route_path("admin-group-new"),
    }


def new_group(request: Request) -> Any:
    """A user group that does not exist yet."""
    form = GroupForm(request.POST)
    state = GroupState()
    if request.method == "POST":
        try:
            state = wanted_group(request.POST)
            if form.validate():
                services.add_group(request.db, request.viewer, state)
                return _saved(request)
        except Refused as error:
            _refuse(request, form, error)
        request.response.status_int = 422
    return _page(request, form, state, None)


def group(request: Request) -> Any:
    """One user group: its name, the matrix of categories, and its system permissions."""
    group_id = as_id(request.matchdict["group_id"])
    if group_id is None:
        raise NothingThere
    db, viewer = request.db, request.viewer
    request.shows([group_id])
    state = group_state(db, viewer, group_id)
    if request.method != "POST":
        return _page(request, GroupForm(data={"name": state.name}), state, group_id)
    form, seen = GroupForm(request.POST), request.POST.get("seen", "")
    try:
        state = wanted_group(request.POST)
        if form.validate():
            services.change_group(db, viewer, group_id, state, seen)
            return _saved(request)
    except ChangedMeanwhile as error:
        state, seen = group_state(db, viewer, group_id), ""
        form = GroupForm(data={"name": state.name})
        _refuse(request, form, error)
    except Refused as error:
        _refuse(request, form, error)
    request.response.status_int = 422
    return _page(request, form, state, group_id, seen)


def delete(request: Request) -> Any:
    """Deletes a user group that nobody is in; says who is in one that cannot be deleted (USR-05)."""
    group_id = as_id(request.matchdict["group_id"])
    found = queries.groups(request.db, group_id) if group_id else []
    if group_id is None or not found:
        raise NothingThere
    request.shows([group_id])
    if request.method == "POST":
        try:
            services.delete_group(request.db, request.viewer, group_id)
            return HTTPSeeOther(request.route_path("admin-groups", _query={"said": "group-deleted"}))
        except Refused as error:
            request.tm.doom()
            request.response.status_int = 422
            request.page.notices.append(Notice("danger", error.message))
    return {
        "title": f"Delete the user group {found[0].name}",
        "row": found[0],
        "users": [
            {
                "name": user.name,
                "href": request.route_path("admin-user", user_id=user.id),
                "deactivated": user.deactivated_at is not None,
            }
            for user in services.users_in(request.db, group_id)
        ],
        "action": request.path,
        "back_href": request.route_path("admin-group", group_id=group_id),
    }


def _saved(request: Request) -> HTTPSeeOther:
    """Back to the list; to the dashboard for those who took the administration from themselves."""
    left = [row for row in queries.groups(request.db, request.viewer.group_id) if row.administers]
    return HTTPSeeOther(request.route_path("admin-groups" if left else "dashboard", _query={"said": "saved"}))


def _refuse(request: Request, form: GroupForm, error: Refused) -> None:
    request.tm.doom()
    if error.field and error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.message]
    else:
        form.form_errors.append(error.message)


def _without_key(permission: Permission) -> str:
    """What is said behind a permission that counts, or may count, without a key."""
    if isinstance(permission.when_restricted, str):
        return "also without a key, where the school allows"
    return "also without a key" if permission.when_restricted else ""


def _page(
    request: Request, form: GroupForm, state: GroupState, group_id: uuid.UUID | None, seen: str = ""
) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    offered = grantable(db, viewer)
    sections: dict[str, list[dict[str, Any]]] = {}
    for name, permission in offered.items():
        sections.setdefault(permission.section, []).append(
            {
                "id": f"permission-{name.replace(':', '-')}",
                "name": name,
                "title": permission.title,
                "without_key": _without_key(permission),
                "checked": name in state.permissions,
            }
        )
    found = queries.groups(db, group_id) if group_id else []
    return {
        "title": f"User group {found[0].name}" if found else "New user group",
        "form": form,
        "row": found[0] if found else None,
        "rights": list(RIGHTS.items()),
        "categories": [
            {"row": row, "given": {right: row.id in state.rights[right] for right in RIGHTS}}
            for row in category_rows(db)
        ],
        "sections": sections,
        "seen": seen or mark_of(*services.shown(db, viewer, state)),
        "back_href": request.route_path("admin-groups"),
        "delete_href": request.route_path("admin-group-delete", group_id=group_id) if group_id else None,
    }
