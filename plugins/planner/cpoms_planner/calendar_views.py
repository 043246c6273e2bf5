"""The month and the day (PLN-01). Both are drawn on the server: they need no script, and are a table and a
list to who does not see them."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from pyramid.request import Request

from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_planner import queries
from cpoms_planner.forms import EARLIEST, LATEST
from cpoms_planner.queries import KINDS, Entry

ICONS = {queries.OWN: "user", queries.SHARED: "users", queries.PUBLIC: "world"}
"""A sign for each kind beside its colour."""
MOST_IN_CELL = 4
FIRST_HOUR, LAST_HOUR = 8, 17
DAY = dt.timedelta(days=1)
MONTHS = calendar.month_name
WEEK_DAYS = list(calendar.day_name)
KEY = [{"kind": kind, "icon": ICONS[kind], "words": words} for kind, words in KINDS.items()]


def month(request: Request) -> dict[str, Any]:
    """The month of the address, or the present one."""
    viewer = request.viewer
    today = viewer.local(viewer.now()).date()
    first = _month(request.matchdict["month"]) if "month" in request.matchdict else today.replace(day=1)
    weeks = calendar.Calendar(calendar.MONDAY).monthdatescalendar(first.year, first.month)
    since, until = weeks[0][0], weeks[-1][-1]
    entries = queries.entries(PluginSession(request.db), viewer, since, until)
    request.shows(sorted({entry.event_id for entry in entries}))
    by_day = _by_day(entries, since, until)
    cells = [[_cell(request, day, first.month, today, by_day.get(day, [])) for day in week] for week in weeks]
    return {
        "title": f"Planner: {MONTHS[first.month]} {first.year}",
        "heading": f"{MONTHS[first.month]} {first.year}",
        "weeks": cells,
        "empty": not any(cell["entries"] for week in cells for cell in week if not cell["out"]),
        "week_days": WEEK_DAYS,
        "key": KEY,
        "day_href": request.route_path("planner.day", day=today.isoformat()),
        "new_href": request.route_path("planner.new"),
        "feed_href": request.route_path("planner.feeds"),
        "today_href": request.route_path("planner.month"),
        "before": _month_link(request, first - DAY),
        "after": _month_link(request, first + dt.timedelta(days=31)),
    }


def _month(text: str) -> dt.date:
    """The first of a month that an address names. Raises NothingThere."""
    return day_of(f"{text}-01" if re.fullmatch(r"\d{4}-\d{2}", text) else "")


def day_of(text: str) -> dt.date:
    """A day that an address names. Raises NothingThere."""
    try:
        day = dt.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        raise NothingThere
    return day


def _month_link(request: Request, day: dt.date) -> dict[str, str] | None:
    if not EARLIEST <= day <= LATEST:
        return None
    return {
        "href": request.route_path("planner.month_of", month=f"{day:%Y-%m}"),
        "label": f"{MONTHS[day.month]} {day.year}",
    }


def _by_day(entries: Iterable[Entry], since: dt.date, until: dt.date) -> dict[dt.date, list[Entry]]:
    """The entries of each day that they have a part in."""
    found: defaultdict[dt.date, list[Entry]] = defaultdict(list)
    for entry in entries:
        day = max(entry.occurrence.day, since)
        while day <= min(entry.occurrence.last_day, until):
            found[day].append(entry)
            day += DAY
    return found


def _cell(request: Request, day: dt.date, month: int, today: dt.date, entries: list[Entry]) -> dict[str, Any]:
    drawn = [drawn_entry(request, entry, day) for entry in entries[:MOST_IN_CELL]]
    return {
        "day": day,
        "words": f"{WEEK_DAYS[day.weekday()]} {day.day} {MONTHS[day.month]}",
        "href": request.route_path("planner.day", day=day.isoformat()),
        "out": day.month != month,
        "today": day == today,
        "entries": drawn,
        "more": len(entries) - len(drawn),
    }


def drawn_entry(request: Request, entry: Entry, day: dt.date) -> dict[str, Any]:
    """An entry as both pages draw it, on one of its days."""
    one = entry.occurrence
    query = {"on": one.day.isoformat()} if one.event.repeats != "never" else {}
    return {
        "href": request.route_path("planner.event", event_id=entry.event_id, _query=query),
        "when": span_words(request.viewer, one, day),
        "title": entry.title,
        "kind": entry.kind,
        "kind_words": KINDS[entry.kind],
        "icon": ICONS[entry.kind],
        "owner": "" if entry.kind == queries.OWN else entry.owner,
    }


def span_words(viewer: Viewer, one: Any, day: dt.date) -> str:
    """The times of an occurrence on one of its days: 09:00 to 10:00, All day, until 10:00."""
    if one.all_day:
        return "All day"
    begins, ends = viewer.local(one.begins), viewer.local(one.ends) if one.ends else None
    if ends is None or ends == begins:
        return f"{begins:%H:%M}"
    if one.day == one.last_day:
        return f"{begins:%H:%M} to {ends:%H:%M}"
    if day == one.day:
        return f"from {begins:%H:%M}"
    return f"until {ends:%H:%M}" if day == one.last_day else "All day"


def day(request: Request) -> dict[str, Any]:
    """One day as a timeline: what is there all day, then hour by hour."""
    viewer, chosen = request.viewer, day_of(request.matchdict["day"])
    entries = queries.entries(PluginSession(request.db), viewer, chosen, chosen)
    request.shows(sorted({entry.event_id for entry in entries}))
    whole, hours = [], _hours(viewer, entries, chosen)
    for entry in entries:
        one = entry.occurrence
        if one.all_day or one.day < chosen < one.last_day:
            whole.append(drawn_entry(request, entry, chosen))
            continue
        first, last = _hours_of(viewer, one, chosen)
        hours[first]["entries"].append(drawn_entry(request, entry, chosen))
        for hour in range(first + 1, last + 1):
            hours[hour]["goes_on"].append({"title": entry.title, "kind": entry.kind})
    today = viewer.local(viewer.now()).date()
    return {
        "title": f"Planner: {words_of(chosen)}",
        "heading": words_of(chosen),
        "today": chosen == today,
        "whole": whole,
        "hours": list(hours.values()),
        "empty": not entries,
        "key": KEY,
        "month_href": request.route_path("planner.month_of", month=f"{chosen:%Y-%m}"),
        "new_href": request.route_path("planner.new", _query={"day": chosen.isoformat()}),
        "today_href": request.route_path("planner.day", day=today.isoformat()),
        "before": _day_link(request, chosen - DAY),
        "after": _day_link(request, chosen + DAY),
    }


def _hours_of(viewer: Viewer, one: Any, chosen: dt.date) -> tuple[int, int]:
    """The first and the last hour on the clock that an occurrence has a part in on a day."""
    begins = viewer.local(one.begins)
    first = begins.hour if begins.date() == chosen else 0
    if one.ends is None or one.ends <= one.begins:
        return first, first
    ends = viewer.local(one.ends - dt.timedelta(microseconds=1))  # what ends at 10:00 is over in that hour
    return first, max(first, ends.hour if ends.date() == chosen else 23)


def _hours(viewer: Viewer, entries: list[Entry], chosen: dt.date) -> dict[int, dict[str, Any]]:
    """The hours that are drawn: those of a school day, and those in which something is."""
    timed = [entry.occurrence for entry in entries if not entry.occurrence.all_day]
    spans = [_hours_of(viewer, one, chosen) for one in timed if not one.day < chosen < one.last_day]
    first = min([FIRST_HOUR, *(span[0] for span in spans)])
    last = max([LAST_HOUR, *(span[1] for span in spans)])
    return {hour: {"words": f"{hour:02}:00", "entries": [], "goes_on": []} for hour in range(first, last + 1)}


def words_of(day: dt.date) -> str:
    """A day in words: Monday 23 November 2026."""
    return f"{WEEK_DAYS[day.weekday()]} {day.day} {MONTHS[day.month]} {day.year}"


def _day_link(request: Request, day: dt.date) -> dict[str, str] | None:
    if not EARLIEST <= day <= LATEST:
        return None
    return {"href": request.route_path("planner.day", day=day.isoformat()), "label": words_of(day)}
