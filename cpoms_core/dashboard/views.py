"""The dashboard page and its student finder."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from cpoms_core.access.viewer import Viewer
from cpoms_core.dashboard import queries
from cpoms_core.imports.queries import health
from cpoms_core.students import queries as students
from cpoms_core.students.queries import Search
from cpoms_core.web.forms import as_id


def dashboard(request: Request) -> dict[str, Any]:
    """DSH-01, 02, 04, 05; without a key DSH-06. The finder posts, so that no name stands in an address."""
    viewer: Viewer = request.viewer
    db = request.db
    finder = viewer.elevated and viewer.may("students:list")
    asked = _asked(request) if finder else Search()
    return {
        "title": "Dashboard",
        "search": _finder(request, asked) if finder else None,
        "found": _found(request, asked) if finder and asked.asked else None,
        "health": health(db, viewer),
        "alerts": queries.open_alerts(db, viewer),
        "history": queries.history(db, viewer),
        "panels": request.app.hooks.collect("dashboard_panels", db, viewer),
        "may_open": viewer.elevated,
    }


def _asked(request: Request) -> Search:
    form = request.POST
    return Search(
        words=form.get("q", "")[:200],
        monitored=bool(form.get("monitored")),
        archived=bool(form.get("archived")),
        group_id=as_id(form.get("group")),
        category_id=as_id(form.get("category")),
        after=as_id(form.get("after")),
    )


def _finder(request: Request, asked: Search) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    kind = viewer.school.setting("dashboard_group_kind")
    return {
        "q": asked.words,
        "monitored": asked.monitored,
        "archived": asked.archived,
        "group": asked.group_id,
        "category": asked.category_id,
        "group_label": "Tutor group" if kind == "tutor" else "Year group",
        "groups": [(group.id, group.name) for group in students.groups(db, viewer)],
        "categories": [
            (category.id, category.name) for category in students.monitored_categories(db, viewer)
        ],
    }


def _found(request: Request, asked: Search) -> dict[str, Any]:
    viewer = request.viewer
    rows, after = students.search(request.db, viewer, asked)
    count = f"{len(rows)} students" if len(rows) != 1 else "1 student"
    more = "The first " if after and not asked.after else ""
    return {
        "heading": f"{more}{count}" if rows else "No student matches. Try fewer letters.",
        "after": after,
        "students": [
            {
                "name": row.name,
                "note": row.note,
                "archived": row.archived,
                "monitored": [
                    {"name": c.name, "parent_name": None, "colour": c.colour} for c in row.monitored
                ],
                "href": request.route_path("student-incidents", student_id=row.id)
                if viewer.may("students:details")
                else None,
                "add_href": request.route_path("incident-add", _query={"student": row.id})
                if viewer.may("incidents:add")
                else None,
            }
            for row in rows
        ],
    }
