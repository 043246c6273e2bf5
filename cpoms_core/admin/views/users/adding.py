"""New users: out of the staff of the MIS, or by name (USR-01)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.forms.users import OtherUserForm, StaffUserForm
from cpoms_core.admin.queries import users as queries
from cpoms_core.admin.queries.staff import WHY_NOT, StaffOffered, staff_offered
from cpoms_core.admin.services import users as services
from cpoms_core.admin.services.users import NewUser, WasDeactivated
from cpoms_core.admin.views.sending import posted, refuse, well_filled
from cpoms_core.errors import Refused

CHOOSE = "Choose…"


def new_user(request: Request) -> Any:
    """A member of staff who has no account yet."""
    form, reactivate_href = StaffUserForm(posted(request)), None
    also = [reason for reason in request.params.getall("also") if reason in WHY_NOT]
    if request.method == "POST" and well_filled(request, form):
        try:
            return _added(
                request,
                NewUser(
                    form.email.data or "",
                    form.group.data,
                    staff_id=form.staff.data,
                    send_link=form.send_link.data,
                ),
            )
        except WasDeactivated as error:
            reactivate_href = request.route_path("admin-user-reactivate", user_id=error.user_id)
            refuse(request, form, error)
        except Refused as error:
            refuse(request, form, error)
    today = request.viewer.local(request.viewer.now()).date()
    offered = staff_offered(request.db, today, also)
    form.staff.choices = _staff_choices(offered)
    form.group.choices = _groups(request)
    return {
        "title": "New user",
        "form": form,
        "offered": offered,
        "filters": [
            {"value": reason, "label": words, "count": offered.left_out[reason], "checked": reason in also}
            for reason, words in WHY_NOT.items()
        ],
        "also": also,
        "reactivate_href": reactivate_href,
        "action": request.path,
        "other_href": request.route_path("admin-user-new-other"),
        "back_href": request.route_path("admin-users"),
    }


def new_other_user(request: Request) -> Any:
    """Somebody who is not in the MIS."""
    form = OtherUserForm(posted(request))
    if request.method == "POST" and well_filled(request, form):
        try:
            return _added(
                request,
                NewUser(
                    form.email.data or "",
                    form.group.data,
                    forename=form.forename.data or "",
                    surname=form.surname.data or "",
                    send_link=form.send_link.data,
                ),
            )
        except Refused as error:
            refuse(request, form, error)
    form.group.choices = _groups(request)
    return {
        "title": "New user who is not in the MIS",
        "form": form,
        "staff_href": request.route_path("admin-user-new"),
        "back_href": request.route_path("admin-users"),
    }


def _added(request: Request, new: NewUser) -> HTTPSeeOther:
    user_id = services.add_user(request.db, request.viewer, new)
    said = "user-added-link" if new.send_link else "user-added"
    return HTTPSeeOther(request.route_path("admin-user", user_id=user_id, _query={"said": said}))


def _staff_choices(offered: StaffOffered) -> list[tuple[str, str]]:
    people = [(str(one.id), f"{one.name} ({one.note})" if one.note else one.name) for one in offered.choices]
    return [("", CHOOSE), *people]


def _groups(request: Request) -> list[tuple[str, str]]:
    return [("", CHOOSE), *((str(one), name) for one, name in queries.group_choices(request.db))]
