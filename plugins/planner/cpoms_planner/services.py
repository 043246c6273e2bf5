"""Making and changing events. Each change is kept as a version, audited, and changes what is owed of
reminders, in one transaction (PLN-02)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, select

from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_planner import queries, sight
from cpoms_planner.leaving_out import days_left_out, follow, leave_out, still_out, take_back
from cpoms_planner.models import Event
from cpoms_planner.moments import MOMENT, NONE
from cpoms_planner.people import people_of, set_people
from cpoms_planner.recurrence import NEVER, between, last_of
from cpoms_planner.versions import keep

ONE, LATER, ALL = "one", "later", "all"
SUBMISSIONS = uuid.UUID("b8f0a6d2-6d0e-4b53-8a55-2f0d3f1f6c11")
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form says of an event; days and times are those on the school's clock.

    days: further days that it goes on. until, times: the end of a series, one of them. remind_at: in UTC, for
    the reminder `moment`.
    """

    title: str
    first_day: dt.date
    begins: dt.time | None = None
    days: int = 0
    ends: dt.time | None = None
    public: bool = False
    repeats: str = NEVER
    until: dt.date | None = None
    times: int | None = None
    reminder: str = NONE
    remind_at: dt.datetime | None = None
    student_ids: Collection[uuid.UUID] = ()
    share_ids: Collection[uuid.UUID] = ()

    @property
    def last_begin(self) -> dt.date:
        return last_of(self.repeats, self.first_day, until=self.until, times=self.times)


def make_event(
    db: PluginSession,
    viewer: Viewer,
    typed: Typed,
    *,
    event_id: uuid.UUID | None = None,
    incident_id: uuid.UUID | None = None,
    action_id: uuid.UUID | None = None,
    part_of: Event | None = None,
) -> Event:
    """Makes an event of the viewer's own. `event_id`: where it says what the event was made for. part_of: the
    series that it was a part of, whose people it may have. Raises NothingThere and Refused."""
    if not sight.has_planner(viewer):
        raise NothingThere
    now, people = viewer.now(), people_of(db, viewer, part_of, typed)
    event = Event(
        school_id=db.school_id,
        id=event_id or new_id(),
        owner_id=viewer.acting_user,
        incident_id=incident_id,
        action_id=action_id,
        version=0,
        made_at=now,
        changed_at=now,
    )
    _set(event, viewer, typed)
    db.add(event)
    db.flush()
    set_people(db, viewer, event, people)
    keep(db, viewer, event, "made", "planner.event-made")
    return event


def make_event_once(
    db: PluginSession,
    viewer: Viewer,
    typed: Typed,
    submission: uuid.UUID | None,
    *,
    incident_id: uuid.UUID | None = None,
    action_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """As `make_event`, for a form; answers with the event's id. A second click, or the back button, sends the
    same words with the same `submission`, and makes no second event; other words make another one."""
    event_id = new_id()
    if submission is not None:
        # one form of a user at a time: of two clicks at once, the second finds what the first made
        db.scalar(select(User.id).where(User.id == viewer.acting_user).with_for_update(key_share=True))
        event_id = uuid.uuid5(SUBMISSIONS, f"{viewer.acting_user} {submission} {typed}")
    if db.get(Event, (db.school_id, event_id)) is None:
        make_event(db, viewer, typed, event_id=event_id, incident_id=incident_id, action_id=action_id)
    return event_id


def change_event(
    db: PluginSession,
    viewer: Viewer,
    event_id: uuid.UUID,
    typed: Typed,
    *,
    seen: int,
    which: str = ALL,
    day: dt.date | None = None,
) -> Event:
    """Changes an event of the viewer's own; of a series `which`: all of it, the one on `day`, or that and the
    later ones. The last two make an event of their own, and the series goes on without those days.

    seen: the version that the form was opened at. Raises NothingThere and Refused.
    """
    event = _locked(db, event_id, sight.own_events(viewer))
    if event.version != seen:
        raise Refused(
            "You changed this event in another window meanwhile. What is here is not saved: save it again "
            "to put it in place of that."
        )
    if which != ALL and event.repeats != NEVER:
        return _change_part(db, viewer, event, typed, which, queries.on_day(db, event, day).day)
    people, repeated, first = people_of(db, viewer, event, typed), event.repeats, event.first_day
    _set(event, viewer, typed)
    follow(db, viewer, event, repeated, first)
    set_people(db, viewer, event, people)
    keep(db, viewer, event, "changed", "planner.event-changed")
    return event


def _change_part(
    db: PluginSession, viewer: Viewer, event: Event, typed: Typed, which: str, day: dt.date
) -> Event:
    if which == ONE:
        made = make_event(
            db,
            viewer,
            replace(typed, repeats=NEVER, until=None, times=None),
            incident_id=event.incident_id,
            action_id=event.action_id,
            part_of=event,
        )
        leave_out(db, event, day)
        keep(db, viewer, event, "changed", "planner.event-changed")
        return made
    out = {one for one in days_left_out(db, event) if one >= day}
    made = make_event(
        db, viewer, typed, incident_id=event.incident_id, action_id=event.action_id, part_of=event
    )
    for later in still_out(out, event.repeats, event.first_day, day, made):
        leave_out(db, made, later)
    _end_before(db, viewer, event, day, "planner.event-changed")
    return made


def remove_event(
    db: PluginSession, viewer: Viewer, event_id: uuid.UUID, *, which: str = ALL, day: dt.date | None = None
) -> None:
    """Removes an event, or of a series the one on `day` or that and the later ones. It can be restored. Of
    others, `sight.removable_events` says what. Raises NothingThere."""
    event = _locked(db, event_id, sight.removable_events(viewer))
    if which == ALL or event.repeats == NEVER:
        event.removed_at = viewer.now()
        keep(db, viewer, event, "removed", "planner.event-removed")
        return
    found = queries.on_day(db, event, day).day
    if which == ONE:
        leave_out(db, event, found)
        keep(db, viewer, event, "changed", "planner.event-removed")
    else:
        _end_before(db, viewer, event, found, "planner.event-removed")


def restore_event(db: PluginSession, viewer: Viewer, event_id: uuid.UUID) -> None:
    """Brings back an event that was removed. Raises NothingThere."""
    event = _locked(db, event_id, sight.restorable_events(viewer))
    event.removed_at = None
    keep(db, viewer, event, "restored", "planner.event-restored")


def put_back(db: PluginSession, viewer: Viewer, event_id: uuid.UUID, day: dt.date) -> None:
    """Brings back the occurrence of a series that was removed by itself. Raises NothingThere."""
    event = _locked(db, event_id, sight.removable_events(viewer))
    take_back(db, viewer, event, day)
    keep(db, viewer, event, "changed", "planner.event-restored")


def _locked(db: PluginSession, event_id: uuid.UUID, condition: ColumnElement[bool]) -> Event:
    """The event, locked until the transaction ends, and as it is now: the page read it before, and whoever
    had the lock meanwhile may have changed it. Raises NothingThere."""
    event: Event | None = db.scalars(
        select(Event)
        .where(Event.id == event_id, condition)
        .with_for_update(of=Event)
        .execution_options(populate_existing=True)
    ).first()
    if event is None:
        raise NothingThere
    return event


def _set(event: Event, viewer: Viewer, typed: Typed) -> None:
    event.title, event.public = typed.title, typed.public
    event.first_day, event.begins, event.days, event.ends = (
        typed.first_day,
        typed.begins,
        typed.days,
        typed.ends,
    )
    event.zone = viewer.school.time_zone
    event.repeats, event.last_begin = typed.repeats, typed.last_begin
    event.over_on = event.last_begin + dt.timedelta(days=typed.days)
    event.reminder = typed.reminder
    event.remind_at = typed.remind_at if typed.reminder == MOMENT else None


def _end_before(db: PluginSession, viewer: Viewer, event: Event, day: dt.date, audited: str) -> None:
    """The series ends before a day; where nothing is left of it, it is removed."""
    kept = list(between(event.repeats, event.first_day, event.last_begin, event.first_day, day - DAY))
    if kept:
        event.last_begin = kept[-1]
        event.over_on = event.last_begin + dt.timedelta(days=event.days)
        keep(db, viewer, event, "changed", audited)
    else:
        event.removed_at = viewer.now()
        keep(db, viewer, event, "removed", "planner.event-removed")
