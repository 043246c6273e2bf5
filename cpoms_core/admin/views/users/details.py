"""A user's personal details, and the link to set a password (USR-03)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.forms.users import DetailsForm
from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.queries.users import UserRow
from cpoms_core.admin.services import users as services
from cpoms_core.admin.user_frame import user_frame
from cpoms_core.admin.views.sending import refuse
from cpoms_core.errors import Refused
from cpoms_core.web.page import Notice

HERE = "admin-user"


def details(request: Request) -> Any:
    """The name of a user who is not from the MIS, and the address."""
    frame = user_frame(request, HERE)
    user: UserRow = frame["user"]
    form, seen = _stored(user), _mark(user)
    if request.method == "POST":
        form, seen = DetailsForm(request.POST), request.POST.get("seen", "")
        try:
            services.change_details(
                request.db,
                request.viewer,
                user.id,
                form.forename.data or "",
                form.surname.data or "",
                form.email.data or "",
                seen,
            )
            return _back(request, user, "saved")
        except ChangedMeanwhile as error:
            form, seen = _stored(user), _mark(user)
            refuse(request, form, error)
        except Refused as error:
            refuse(request, form, error)
    return _page(request, frame, form, seen)


def send_link(request: Request) -> Any:
    """Mails the user a link to set their password."""
    frame = user_frame(request, HERE)
    user: UserRow = frame["user"]
    try:
        services.send_link(request.db, request.viewer, user.id)
        return _back(request, user, "user-link-sent")
    except Refused as error:
        request.tm.doom()
        request.response.status_int = 422
        request.page.notices.append(Notice("danger", error.message))
    return _page(request, frame, _stored(user), _mark(user))


def _stored(user: UserRow) -> DetailsForm:
    return DetailsForm(data={"forename": user.forename, "surname": user.surname, "email": user.email})


def _mark(user: UserRow) -> str:
    return mark_of(user.forename, user.surname, user.email)


def _back(request: Request, user: UserRow, said: str) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path(HERE, user_id=user.id, _query={"said": said}))


def _page(request: Request, frame: dict[str, Any], form: DetailsForm, seen: str) -> dict[str, Any]:
    user: UserRow = frame["user"]
    return {
        **frame,
        "form": form,
        "seen": seen,
        "action": request.route_path(HERE, user_id=user.id),
        "link_href": request.route_path("admin-user-link", user_id=user.id),
        "own": user.id == request.viewer.user_id,
    }
