"""The dashboard page and its student finder."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pyramid.request import Request

from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.classes import new_classes
from cpoms_core.admin.queries.modules import count_failing
from cpoms_core.dashboard.alerts import how_many, open_alerts
from cpoms_core.dashboard.history import forget_later_categories, history
from cpoms_core.dashboard.queries import describe
from cpoms_core.imports.queries import health
from cpoms_core.students import queries as students
from cpoms_core.students.bulk_views import ASKED
from cpoms_core.students.information import may_edit
from cpoms_core.students.queries import Search
from cpoms_core.web.forms import as_id


def dashboard(request: Request) -> dict[str, Any]:
    """DSH-01, 02, 04, 05; without a key DSH-06. The finder posts, so that no name stands in an address."""
    viewer: Viewer = request.viewer
    db = request.db
    lists = _lists(request)
    finder = viewer.elevated and viewer.may("students:list")
    asked = _asked(request) if finder else Search()
    return {
        "title": "Dashboard",
        "search": _finder(request, asked) if finder else None,
        "found": _found(request, asked) if finder and asked.asked else None,
        "health": health(db, viewer),
        "new_classes": _new_classes(request) if viewer.may("admin") else [],
        "failing": count_failing(db, viewer) if viewer.may("admin") else 0,
        **lists,
        "panels": request.app.hooks.collect("dashboard_panels", db, viewer),
        "may_open": viewer.elevated,
        "whole_school_href": request.route_path("whole-school") if viewer.may("students:details") else None,
    }


def _lists(request: Request) -> dict[str, Any]:
    """Open alerts and the own history, each from the key of a further page on, if one was asked for."""
    db, viewer, home = request.db, request.viewer, request.route_path("dashboard")
    older = {name: request.GET.get(name, "") for name in ("alerts-after", "history-after")}
    alerts, next_alerts = open_alerts(db, viewer, older["alerts-after"])
    own, next_own = history(db, viewer, older["history-after"])
    describe(db, viewer, [*alerts, *own])
    forget_later_categories(db, viewer, own)
    whole = not next_alerts and not older["alerts-after"]
    return {
        "alerts": alerts,
        "alert_count": len(alerts) if whole else how_many(db, viewer),
        "alerts_more_href": f"{home}?alerts-after={next_alerts}" if next_alerts else None,
        "history": own,
        "history_more_href": f"{home}?history-after={next_own}" if next_own else None,
        "newest_href": home if any(older.values()) else None,
    }


def _new_classes(request: Request) -> list[dict[str, Any]]:
    """USR-09: classes that an import brought while restrictions are on, until they are seen to."""
    return [
        {"id": one.id, "name": one.label, "href": request.route_path("admin-class", group_id=one.id)}
        for one in new_classes(request.db)
    ]


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
        "groups": students.groups(db, viewer),
        "categories": students.monitored_categories(db, viewer),
    }


def _found(request: Request, asked: Search) -> dict[str, Any]:
    viewer = request.viewer
    rows, after = students.search(request.db, viewer, asked)
    count = f"{len(rows)} students" if len(rows) != 1 else "1 student"
    may_open, may_add = viewer.may("students:details"), viewer.may("incidents:add")
    add = request.route_path("incident-add")
    more = "The first " if after and not asked.after else ""
    return {
        "heading": f"{more}{count}" if rows else "No student matches. Try fewer letters.",
        "after": after,
        # STU-10: what was asked for goes along, posted again
        "to_update": [(name, value) for name, value in request.POST.items() if name in ASKED and value]
        if rows and may_edit(viewer)
        else None,
        "students": [
            SimpleNamespace(
                name=row.name,
                note=row.note,
                archived=row.archived,
                monitored=row.monitored,
                href=request.address("student-incidents", student_id=row.id) if may_open else None,
                add_href=f"{add}?student={row.id}" if may_add else None,
            )
            for row in rows
        ],
    }
