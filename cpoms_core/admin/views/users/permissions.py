"""A user's group and classes (USR-03, USR-09)."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.classes import KINDS, class_choices, classes_of, restricted_kinds
from cpoms_core.admin.forms.users import PermissionsForm
from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.queries import users as queries
from cpoms_core.admin.queries.users import UserRow
from cpoms_core.admin.services import groups
from cpoms_core.admin.services import user_permissions as services
from cpoms_core.admin.services.user_permissions import PermissionState, permission_state, permissions_shown
from cpoms_core.admin.user_frame import user_frame
from cpoms_core.admin.views.sending import refuse
from cpoms_core.errors import Refused
from cpoms_core.web.forms import as_id

HERE = "admin-user-permissions"


def permissions(request: Request) -> Any:
    """The user group, the classes of each kind that is restricted, and students without a group."""
    frame = user_frame(request, HERE)
    user: UserRow = frame["user"]
    state, seen, form = permission_state(request.db, user.id), "", PermissionsForm()
    if request.method == "POST":
        form, seen = PermissionsForm(request.POST), request.POST.get("seen", "")
        wanted = _wanted(form, request)
        try:
            services.change_permissions(request.db, request.viewer, user.id, wanted, seen)
            return _saved(request, user.id)
        except ChangedMeanwhile as error:
            seen = ""
            refuse(request, form, error)
        except Refused as error:
            state = wanted
            refuse(request, form, error)
    form.group.data, form.sees_ungrouped.data = state.group_id, state.sees_ungrouped
    form.group.choices = [(str(one), name) for one, name in queries.group_choices(request.db)]
    return {
        **frame,
        "form": form,
        "kinds": _kinds(request, user, state),
        "seen": seen or mark_of(*permissions_shown(request.db, state)),
    }


def _wanted(form: PermissionsForm, request: Request) -> PermissionState:
    chosen = frozenset(filter(None, map(as_id, request.POST.getall("classes"))))
    return PermissionState(form.group.data, form.sees_ungrouped.data, chosen)


def _saved(request: Request, user_id: uuid.UUID) -> HTTPSeeOther:
    """Back to the page; to the dashboard for those who took the administration from themselves."""
    if user_id == request.viewer.user_id and not groups.administers_user(request.db, user_id):
        return HTTPSeeOther(request.route_path("dashboard", _query={"said": "saved"}))
    return HTTPSeeOther(request.route_path(HERE, user_id=user_id, _query={"said": "saved"}))


def _kinds(request: Request, user: UserRow, state: PermissionState) -> list[dict[str, Any]]:
    """Each kind of student group: whether it is restricted, and which of its groups list this user, or the
    whole user group that they are in."""
    on = restricted_kinds(request.db)
    choices = class_choices(request.db, on) if on else []
    by_group = classes_of(request.db, user.group_id) if on else frozenset()
    return [
        {
            "kind": kind,
            "label": label,
            "restricted": kind in on,
            "choices": [
                {
                    "id": one.id,
                    "name": one.name,
                    "chosen": one.id in state.classes,
                }
                for one in choices
                if one.kind == kind
            ],
            "by_group": [one.name for one in choices if one.kind == kind and one.id in by_group],
        }
        for kind, label in KINDS.items()
    ]
