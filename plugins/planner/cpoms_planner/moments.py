"""From days and times on the school's clock to moments.

In the hour that the clocks repeat in autumn, the first of the two is meant; a time in the hour that they skip
in spring is the moment an hour later on the clock. So it is for the date of an incident, too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cpoms_planner.models import Event
from cpoms_planner.recurrence import between

MORNING = dt.time(8, 0)
"""When a day begins for the reminders of what is there all day."""
DAY = dt.timedelta(days=1)
NONE, MOMENT = "none", "moment"
BEFORE = {
    "0": dt.timedelta(0),
    "5": dt.timedelta(minutes=5),
    "15": dt.timedelta(minutes=15),
    "30": dt.timedelta(minutes=30),
    "60": dt.timedelta(hours=1),
}
"""Reminders by so much time before: an hour is an hour, also where the clocks change in it."""
DAYS_BEFORE = {"day": 1, "week": 7}
"""Reminders so many days before, at the same time on the clock."""
REMINDERS = {
    NONE: "No reminder",
    "0": "When it begins",
    "5": "5 minutes before",
    "15": "15 minutes before",
    "30": "30 minutes before",
    "60": "1 hour before",
    "day": "1 day before",
    "week": "1 week before",
    MOMENT: "At a date and time that I choose",
}


def on_clock(day: dt.date, time: dt.time, zone: str) -> dt.datetime:
    """A day and time on the clock of a zone, in UTC."""
    local = dt.datetime.combine(day, time.replace(fold=0), tzinfo=ZoneInfo(zone))
    return local.astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event on one day. begins, ends: in UTC; `ends` is None for a moment without an end. What is there
    all day begins and ends at midnight on the school's clock, and `last_day` is still part of it."""

    event: Event
    day: dt.date
    last_day: dt.date
    begins: dt.datetime
    ends: dt.datetime | None

    @property
    def all_day(self) -> bool:
        return self.event.begins is None


def occurrence(event: Event, day: dt.date) -> Occurrence:
    """The event as it is on a day of its series."""
    last = day + dt.timedelta(days=event.days)
    midnight = dt.time(0, 0)
    if event.begins is None:
        return Occurrence(
            event, day, last, on_clock(day, midnight, event.zone), on_clock(last + DAY, midnight, event.zone)
        )
    begins = on_clock(day, event.begins, event.zone)
    ends = on_clock(last, event.ends, event.zone) if event.ends is not None else None
    # ten minutes before the clocks go forward to ten minutes after they would have: never before it begins
    return Occurrence(event, day, last, begins, max(ends, begins) if ends else None)


def days_with(
    event: Event, left_out: frozenset[dt.date], since: dt.date, until: dt.date
) -> Iterator[dt.date]:
    """The first days of the event's occurrences that have a part in the days from `since` to `until`."""
    earliest = since - dt.timedelta(days=event.days)
    for day in between(event.repeats, event.first_day, event.last_begin, earliest, until):
        if day not in left_out:
            yield day


def due_at(event: Event, day: dt.date) -> dt.datetime | None:
    """When the occurrence on a day is reminded of, in UTC; None where it is not."""
    if event.reminder == MOMENT:
        return event.remind_at
    return due_before(event.reminder, day, event.begins, event.zone)


def due_before(reminder: str, day: dt.date, begins: dt.time | None, zone: str) -> dt.datetime | None:
    """When a reminder comes, in UTC, that is so long before what begins at a time of a day, or (None) is
    there all day; None where there is none."""
    if reminder == NONE:
        return None
    time = begins if begins is not None else MORNING
    if reminder in DAYS_BEFORE:
        return on_clock(day - dt.timedelta(days=DAYS_BEFORE[reminder]), time, zone)
    return on_clock(day, time, zone) - BEFORE[reminder]


def dues(
    event: Event, left_out: frozenset[dt.date], since: dt.datetime
) -> Iterator[tuple[dt.datetime, dt.date]]:
    """When the event is reminded of, and of which day, from a moment (UTC) on, the earliest first."""
    if event.reminder == NONE:
        return
    if event.reminder == MOMENT:
        if event.remind_at is not None and event.remind_at >= since:
            yield event.remind_at, event.first_day
        return
    earliest = since.date() - DAY  # no zone is further from UTC
    for day in between(event.repeats, event.first_day, event.last_begin, earliest, event.last_begin):
        due = due_at(event, day)
        if due is not None and due >= since and day not in left_out:
            yield due, day
