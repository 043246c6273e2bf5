"""One event on one of its days: what, when, about whom, with whom (PLN-03)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students.views import matched_id
from cpoms_planner import queries, sight
from cpoms_planner.calendar_views import ICONS, day_of, span_words, words_of
from cpoms_planner.models import Event
from cpoms_planner.moments import MOMENT, REMINDERS
from cpoms_planner.queries import KINDS
from cpoms_planner.recurrence import NEVER, REPEATS

VERSIONS = {"made": "Made", "changed": "Changed", "removed": "Removed", "restored": "Restored"}


def show(request: Request) -> dict[str, Any]:
    """One event, on the day that the address names: what, when, about whom, with whom."""
    viewer, db = request.viewer, PluginSession(request.db)
    event_id = matched_id(request, "event_id")
    event = queries.one(db, event_id, sight.visible_events(viewer) | sight.restorable_events(viewer))
    one = queries.on_day(db, event, day_asked(request))
    about = queries.students_of(db, viewer, event.id)
    request.shows([event.id, *(student.id for student in about if student.id)])
    own = event.owner_id == viewer.user_id
    kind = queries.kind_of(viewer, event)
    return {
        "title": "Planner: event",
        "event": event,
        "name": viewer.text(event.title),
        "removed": event.removed_at is not None,
        "when": when_words(viewer, one),
        "repeats": _repeats(event),
        "reminder": _reminder(viewer, event),
        "kind": kind,
        "kind_words": KINDS[kind],
        "icon": ICONS[kind],
        "public": event.public,
        "owner": queries.owner_of(db, event),
        "own": own,
        "students": about,
        "shared": queries.shared_with(db, event.id) if own else [],
        "source": queries.source_of(db, viewer, event),
        "series": event.repeats != NEVER,
        "on": one.day.isoformat(),
        "removable": _may(db, event, sight.removable_events(viewer)),
        "restorable": _may(db, event, sight.restorable_events(viewer)),
        "left_out": _left_out(db, event) if own else [],
        "history": _history(db, viewer, event) if own else [],
        "day_href": request.route_path("planner.day", day=one.day.isoformat()),
        "month_href": request.route_path("planner.month_of", month=f"{one.day:%Y-%m}"),
    }


def day_asked(request: Request) -> dt.date | None:
    text = request.params.get("on", "")
    return day_of(text) if text else None


def _may(db: PluginSession, event: Event, condition: Any) -> bool:
    return db.scalar(select(Event.id).where(Event.id == event.id, condition)) is not None


def when_words(viewer: Viewer, one: Any) -> str:
    if one.last_day == one.day:
        return f"{words_of(one.day)}, {span_words(viewer, one, one.day)}".replace("All day", "all day")
    if one.all_day:
        return f"{words_of(one.day)} to {words_of(one.last_day)}, all day"
    return f"{words_of(one.day)}, {viewer.local(one.begins):%H:%M}, to {words_of(one.last_day)}, " + (
        f"{viewer.local(one.ends):%H:%M}"
    )


def _repeats(event: Event) -> str:
    if event.repeats == NEVER:
        return ""
    return f"{REPEATS[event.repeats]}, until {words_of(event.last_begin)}"


def _reminder(viewer: Viewer, event: Event) -> str:
    if event.reminder == MOMENT and event.remind_at is not None:
        local = viewer.local(event.remind_at)
        return f"{words_of(local.date())}, {local:%H:%M}"
    return REMINDERS[event.reminder]


def _left_out(db: PluginSession, event: Event) -> list[dict[str, str]]:
    days = queries.left_out(db, [event.id]).get(event.id, frozenset())
    return [{"day": day.isoformat(), "words": words_of(day)} for day in sorted(days)]


def _history(db: PluginSession, viewer: Viewer, event: Event) -> list[dict[str, Any]]:
    return [
        {
            "what": VERSIONS[row.EventVersion.kind],
            "who": row.who or "the system",
            "at": viewer.local(row.EventVersion.made_at),
        }
        for row in queries.history(db, event.id)
    ]
