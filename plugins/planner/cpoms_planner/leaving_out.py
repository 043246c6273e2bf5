"""The days on which a series has no occurrence: they were removed one by one, or became events of their own.
They stay so when the series is moved (PLN-02)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_planner import queries
from cpoms_planner.models import Event, LeftOut
from cpoms_planner.recurrence import between, moved


def days_left_out(db: PluginSession, event: Event) -> frozenset[dt.date]:
    return queries.left_out(db, [event.id]).get(event.id, frozenset())


def leave_out(db: PluginSession, event: Event, day: dt.date) -> None:
    row = db.get(LeftOut, (db.school_id, event.id, day))
    if row is None:
        db.add(LeftOut(school_id=db.school_id, event_id=event.id, day=day))
    else:
        row.put_back_at = None


def take_back(db: PluginSession, viewer: Viewer, event: Event, day: dt.date) -> None:
    """The series has its occurrence on a day again. Raises NothingThere where it was not left out."""
    row = db.get(LeftOut, (db.school_id, event.id, day))
    if row is None or row.put_back_at is not None:
        raise NothingThere
    row.put_back_at = viewer.now()


def follow(db: PluginSession, viewer: Viewer, event: Event, repeats: str, first: dt.date) -> None:
    """After a series was changed: what was left out of it, when it repeated so from `first`, stays out."""
    before = days_left_out(db, event)
    now = still_out(before, repeats, first, first, event)
    for day in before - now:
        take_back(db, viewer, event, day)
    for day in now - before:
        leave_out(db, event, day)


def still_out(
    days: Collection[dt.date], repeats: str, first: dt.date, since: dt.date, event: Event
) -> set[dt.date]:
    """The days that are left out of a series as it is now, where these were of one that repeated so from
    `first`, and it takes the place of what that had from `since` on: the same days where they are still of
    it, otherwise those that are the same in number. It does not matter when it ends, as it may go on again.
    Where it repeats otherwise, they stay as they are."""
    if not days or event.repeats != repeats:
        return set(days)
    end = max(days)
    kept = set(days) & set(between(repeats, event.first_day, end, event.first_day, end))
    return kept | moved(set(days) - kept, repeats, first, since, event.first_day)
