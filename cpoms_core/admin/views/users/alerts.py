"""A user's alerts: automatic ones, and taking alerts off their dashboard (USR-07, USR-08)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.classes import KINDS, class_choices
from cpoms_core.admin.forms.users import AutomaticAlertsForm
from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.queries import user_alerts as queries
from cpoms_core.admin.queries.users import UserRow
from cpoms_core.admin.services import user_alerts as services
from cpoms_core.admin.services.user_alerts import AlertState, alert_state, alerts_shown, dashboard_alerts
from cpoms_core.admin.user_frame import user_frame
from cpoms_core.admin.views.sending import refuse
from cpoms_core.errors import Refused
from cpoms_core.web.inputs import json_object
from cpoms_core.web.page import Notice

HERE = "admin-user-alerts"


def alerts(request: Request) -> Any:
    """What the user is alerted to automatically: by category, student and student group."""
    frame = user_frame(request, HERE)
    user: UserRow = frame["user"]
    state, seen, form = alert_state(request.db, request.viewer, user.id), "", AutomaticAlertsForm()
    if request.method == "POST":
        form, seen = AutomaticAlertsForm(request.POST), request.POST.get("seen", "")
        try:
            wanted = _wanted(form, state)
            services.change_automatic_alerts(request.db, request.viewer, user.id, wanted, seen)
            return _back(request, user, "saved")
        except ChangedMeanwhile as error:
            seen = ""
            refuse(request, form, error)
        except Refused as error:
            state = wanted
            refuse(request, form, error)
    return _page(request, frame, form, state, seen)


def _wanted(form: AutomaticAlertsForm, stored: AlertState) -> AlertState:
    return AlertState(
        frozenset(form.categories.data or ()),
        frozenset(form.students.data or ()),
        frozenset(form.groups.data or ()),
        stored.hidden,
    )


def _page(
    request: Request, frame: dict[str, Any], form: AutomaticAlertsForm, state: AlertState, seen: str
) -> dict[str, Any]:
    db, viewer, user = request.db, request.viewer, frame["user"]
    categories = queries.category_choices(db, user.group_id)
    students = queries.students_named(db, viewer, state.students)
    request.shows(student.id for student in students)
    form.students.choices = [
        (str(one.id), f"{one.name} ({one.note})" if one.note else one.name) for one in students
    ]
    form.students.data = sorted(state.students)
    form.groups.choices = [
        (str(one.id), f"{one.name} ({KINDS[one.kind].lower().removesuffix('s')})")
        for one in class_choices(db)
    ]
    form.groups.data = sorted(state.groups)
    return {
        **frame,
        "form": form,
        "categories": [
            {"row": one, "checked": one.id in state.categories}
            for one in categories
            if not one.disabled or one.id in state.categories
        ],
        "can_be_told": user.deactivated_at is not None or queries.can_be_told(db, user.id),
        "reached": sum(one.reaches for one in categories),
        "hidden": state.hidden,
        "may_search": viewer.may("students:list"),
        "search_href": request.route_path("admin-user-students"),
        "seen": seen or mark_of(*alerts_shown(state)),
        "open_count": len(dashboard_alerts(db, viewer, user.id).ids),
        "remove_href": request.route_path("admin-user-alerts-remove", user_id=user.id),
    }


def remove_alerts(request: Request) -> Any:
    """Takes every alert off the user's dashboard, after a warning that counts them."""
    frame = user_frame(request, HERE)
    user: UserRow = frame["user"]
    if request.method == "POST":
        try:
            seen = request.POST.get("seen", "")
            services.remove_dashboard_alerts(request.db, request.viewer, user.id, seen)
            return _back(request, user, "user-alerts-removed")
        except Refused as error:
            request.tm.doom()
            request.response.status_int = 422
            request.page.notices.append(Notice("danger", error.message))
    ids = dashboard_alerts(request.db, request.viewer, user.id).ids
    return {
        **frame,
        "title": f"Remove the dashboard alerts of {user.name}",
        "count": len(ids),
        "seen": mark_of(ids),
        "back_href": request.route_path(HERE, user_id=user.id),
    }


def search_students(request: Request) -> list[dict[str, str]]:
    """Students for the type-ahead; posted, so that no name is in an address."""
    words = str(json_object(request).get("q", ""))[:200]
    found = queries.students_found(request.db, request.viewer, words)
    return [{"value": str(one.id), "text": one.name, "note": one.note} for one in found]


def _back(request: Request, user: UserRow, said: str) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path(HERE, user_id=user.id, _query={"said": said}))
