"""Deactivating a user and taking them back (USR-02)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.forms.users import ReactivateForm
from cpoms_core.admin.queries import users as queries
from cpoms_core.admin.services import users as services
from cpoms_core.admin.user_frame import asked_user
from cpoms_core.admin.views.sending import posted, refuse, well_filled
from cpoms_core.errors import Refused
from cpoms_core.web.page import Notice


def deactivate(request: Request) -> Any:
    """Says what will happen; does it once it is confirmed."""
    user = asked_user(request)
    if user.deactivated_at is not None and request.method == "GET":
        return HTTPSeeOther(request.route_path("admin-user", user_id=user.id))
    if request.method == "POST":
        try:
            services.deactivate_user(request.db, request.viewer, user.id)
            return HTTPSeeOther(request.route_path("admin-users", _query={"said": "user-deactivated"}))
        except Refused as error:
            request.tm.doom()
            request.response.status_int = 422
            request.page.notices.append(Notice("danger", error.message))
    return {
        "title": f"Deactivate {user.name}",
        "user": user,
        "facts": queries.standing_of(request.db, user.id),
        "action": request.path,
        "back_href": request.route_path("admin-user", user_id=user.id),
    }


def reactivate(request: Request) -> Any:
    """Takes a deactivated user back, with an address and a user group."""
    user = asked_user(request)
    if user.deactivated_at is None and request.method == "GET":
        return HTTPSeeOther(request.route_path("admin-user", user_id=user.id))
    stored = {"email": user.email, "group": user.group_id}
    form = ReactivateForm(posted(request), data=stored)
    if request.method == "POST" and well_filled(request, form):
        try:
            services.reactivate_user(
                request.db,
                request.viewer,
                user.id,
                form.email.data or "",
                form.group.data,
                send_link=form.send_link.data,
            )
            said = "user-reactivated"
            return HTTPSeeOther(request.route_path("admin-user", user_id=user.id, _query={"said": said}))
        except Refused as error:
            refuse(request, form, error)
    form.group.choices = [(str(one), name) for one, name in queries.group_choices(request.db)]
    return {
        "title": f"Reactivate {user.name}",
        "user": user,
        "form": form,
        "since": request.viewer.local(user.deactivated_at) if user.deactivated_at else None,
        "left_extract": request.viewer.school.setting("disable_missing_accounts")
        and queries.is_leaver(request.db, user.id),
        "back_href": request.route_path("admin-users-deactivated"),
    }
