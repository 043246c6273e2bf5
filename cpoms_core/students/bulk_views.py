"""Update categories: many students of a class or category list at once (STU-10). Ticked on one page, said
back on the next with what would change for whom, and only then done. All three post: what was searched for,
and whom, stands in no address."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.errors import Refused
from cpoms_core.students import monitoring_history as history
from cpoms_core.students import queries
from cpoms_core.students.models import Student
from cpoms_core.students.monitoring_changes import (
    MOST,
    ChangedMeanwhile,
    Plan,
    plan_update,
    update_monitoring,
)
from cpoms_core.students.monitoring_forms import UpdateForm
from cpoms_core.students.queries import SHOWN, Search, StudentShown
from cpoms_core.web.forms import as_id

CHOOSE, CONFIRM, APPLY = "categories-choose", "categories-confirm", "categories-apply"
ASKED = ("q", "monitored", "archived", "group", "category")
"""The finder's fields, which go along so that the way back leads to the same list."""


def choose(request: Request) -> dict[str, Any]:
    """The students of a list, to tick, and what is to be done with them."""
    return _choosing(request, _form(request))


def confirm(request: Request) -> dict[str, Any]:
    """What would change, for how many and for whom."""
    form, ticked = _form(request), _ticked(request)
    good = form.validate()
    if not ticked:
        form.form_errors.append("Tick at least one student.")
    if good and ticked:
        try:
            return _confirming(request, plan_update(request.db, request.viewer, ticked, form.wish()))
        except Refused as refused:
            _object(form, refused)
    request.response.status_int = 422
    return _choosing(request, form)


def apply(request: Request) -> Any:
    """Does what was confirmed, or shows what it would be by now."""
    form, ticked = _form(request), _ticked(request)
    if form.validate():
        seen = str(request.POST.get("confirmed", ""))
        try:
            update_monitoring(request.db, request.viewer, ticked, form.wish(), confirmed=seen)
        except ChangedMeanwhile as changed:
            request.response.status_int = 409
            return _confirming(request, changed.plan, changed=True)
        except Refused as refused:
            _object(form, refused)
        else:
            return HTTPSeeOther(request.route_path("dashboard", _query={"said": "categories-updated"}))
    request.response.status_int = 422
    return _choosing(request, form)


def _object(form: UpdateForm, refused: Refused) -> None:
    if refused.field in form:
        form[refused.field].errors = [refused.message]
    else:
        form.form_errors.append(refused.message)


def _form(request: Request) -> UpdateForm:
    db, viewer = request.db, request.viewer
    today = viewer.local(viewer.now()).date()
    return UpdateForm(request.POST, history.choices(db, viewer), today)


def _ticked(request: Request) -> list[uuid.UUID]:
    found = (as_id(one) for one in request.POST.getall("student"))
    return list(dict.fromkeys(one for one in found if one is not None))


def _frame(request: Request, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "asked": [(name, request.POST[name]) for name in ASKED if request.POST.get(name)],
        "choose_href": request.route_path(CHOOSE),
        "confirm_href": request.route_path(CONFIRM),
        "apply_href": request.route_path(APPLY),
    }


def _choosing(request: Request, form: UpdateForm) -> dict[str, Any]:
    post = request.POST
    asked = Search(
        words=post.get("q", "")[:200],
        monitored=bool(post.get("monitored")),
        archived=bool(post.get("archived")),
        group_id=as_id(post.get("group")),
        category_id=as_id(post.get("category")),
    )
    found, more = queries.search(request.db, request.viewer, asked, MOST) if asked.asked else ([], None)
    ticked = {student.id for student in found} if post.get("everyone") else set(_ticked(request))
    request.shows([student.id for student in found])
    return {
        **_frame(request, "Update categories"),
        "plan": None,
        "form": form,
        "students": [{"student": student, "ticked": student.id in ticked} for student in found],
        "most": MOST if more else None,
    }


def _confirming(request: Request, plan: Plan, *, changed: bool = False) -> dict[str, Any]:
    people = _people(request, plan.student_ids)
    request.shows([student.id for student in people])
    names = {one.id: one.name for one in history.choices(request.db, request.viewer)}
    return {
        **_frame(request, "Update categories: please confirm"),
        "plan": plan,
        "category": names.get(plan.wish.category_id) if plan.wish.category_id else None,
        "changing": [_change(plan, names, one) for one in people if one.id in plan.changed],
        "same": [one for one in people if one.id not in plan.changed],
        "missing": max(0, len(_ticked(request)) - len(people)),
        "changed_meanwhile": changed,
        "sent": [
            ("deed", plan.wish.deed),
            ("chosen", str(plan.wish.category_id or "")),
            ("since", plan.wish.since.isoformat()),
            *(("student", str(one.id)) for one in people),
        ],
    }


def _people(request: Request, student_ids: Sequence[uuid.UUID]) -> list[StudentShown]:
    """Students by surname, as the viewer may see them."""
    rows = request.db.execute(
        select(*SHOWN)
        .where(Student.id.in_(student_ids), policy.editable_students(request.viewer))
        .order_by(Student.surname_key, Student.forename_key, Student.id)
    ).all()
    return queries.show(request.db, request.viewer, rows)


def _change(plan: Plan, names: dict[uuid.UUID, str], student: StudentShown) -> dict[str, Any]:
    """What changes for one student: the categories that end, and whether one of them began after the day; or
    that what an incident began goes on without it."""
    ends = [one for one in plan.ends if one.student_id == student.id]
    return {
        "student": student,
        "ends": sorted(names[one.category_id] for one in ends if one.category_id in names),
        "began_later": any(one.began_later for one in ends),
        "kept": any(one.student_id == student.id for one in plan.told),
    }
