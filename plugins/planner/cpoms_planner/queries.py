"""Reading the planner: what lies in a span of days, one event, who can be told, what is to be reminded of."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import func, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.place_now import place_now
from cpoms_core.students.models import Student
from cpoms_planner import sight
from cpoms_planner.models import Event, EventShare, EventStudent, EventVersion, LeftOut, Reminded
from cpoms_planner.moments import Occurrence, days_with, occurrence
from cpoms_planner.recurrence import between

OWN, SHARED, PUBLIC = "own", "shared", "public"
KINDS = {OWN: "Your own", SHARED: "Shared with you", PUBLIC: "Public"}
"""Whose an event is, with the words of the key."""
MOST_LISTED = 2000
"""Events and series that are looked at for one page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An occurrence as a page shows it, to one viewer. `title`: with names hidden where they are."""

    occurrence: Occurrence
    kind: str  # of KINDS
    title: str
    owner: str

    @property
    def event_id(self) -> uuid.UUID:
        return self.occurrence.event.id


@dataclass(frozen=True, slots=True)
class StudentOf:
    """A student whom an event is about, as the viewer may know them. `report`: they may open the report."""

    id: uuid.UUID | None
    name: str
    report: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A user whom a form can name."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """The incident that an event was added from, where the viewer sees it. `action_id`: or its action."""

    incident_id: uuid.UUID
    number: int
    action_id: uuid.UUID | None


def kind_of(viewer: Viewer, event: Event) -> str:
    """Whose an event is that the viewer sees: their own, public, or shared with them."""
    if event.owner_id == viewer.user_id:
        return OWN
    return PUBLIC if event.public else SHARED


def entries(
    db: PluginSession, viewer: Viewer, since: dt.date, until: dt.date, *, most: int | None = None
) -> list[Entry]:
    """What the viewer sees of the planner on the days from `since` to `until`, in order (PLN-01); two
    queries, whatever their number. `most`: no more than so many, the earliest. Where there are more than can
    be looked at, they are public ones of others: those crowd out nobody's own."""
    rows = db.execute(
        select(Event, staff_name().label("owner"))
        .join(User, User.id == Event.owner_id)
        .where(sight.visible_events(viewer), Event.first_day <= until, Event.over_on >= since)
        .order_by(Event.owner_id != viewer.user_id, Event.public, Event.first_day, Event.id)
        .limit(MOST_LISTED)
    ).all()
    out = left_out(db, [event.id for event, _owner in rows if event.repeats != "never"])
    dated = (
        (day, event, owner)
        for event, owner in rows
        for day in days_with(event, out.get(event.id, frozenset()), since, until)
    )
    found = [
        Entry(occurrence(event, day), kind_of(viewer, event), viewer.text(event.title), owner)
        for day, event, owner in sorted(dated, key=lambda one: (kind_of(viewer, one[1]) == PUBLIC, one[0]))[
            :most
        ]
    ]
    return sorted(
        found, key=lambda entry: (entry.occurrence.day, not entry.occurrence.all_day, entry.occurrence.begins)
    )


def left_out(db: PluginSession, event_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, frozenset[dt.date]]:
    """The days without an occurrence, by series."""
    found: defaultdict[uuid.UUID, set[dt.date]] = defaultdict(set)
    if event_ids:
        for event_id, day in db.execute(
            select(LeftOut.event_id, LeftOut.day).where(
                LeftOut.event_id.in_(event_ids), LeftOut.put_back_at.is_(None)
            )
        ):
            found[event_id].add(day)
    return {event_id: frozenset(days) for event_id, days in found.items()}


def one(db: PluginSession, event_id: uuid.UUID, *conditions: Any) -> Event:
    """An event under conditions of `sight`. Raises NothingThere."""
    event: Event | None = db.scalars(select(Event).where(Event.id == event_id, *conditions)).first()
    if event is None:
        raise NothingThere
    return event


def on_day(db: PluginSession, event: Event, day: dt.date | None) -> Occurrence:
    """The event's occurrence on a day, or (None) its first one. Raises NothingThere where it has none."""
    out = left_out(db, [event.id]).get(event.id, frozenset())
    since, until = (day, day) if day else (event.first_day, event.last_begin)
    for found in between(event.repeats, event.first_day, event.last_begin, since, until):
        if found not in out:
            return occurrence(event, found)
    if day is None:
        return occurrence(event, event.first_day)  # each one was removed by itself
    raise NothingThere


def students_of(db: PluginSession, viewer: Viewer, event_id: uuid.UUID) -> list[StudentOf]:
    """The students of an event. Who may not see one is told that there is another student (PLN-03)."""
    may_report = viewer.may("reports:run")
    rows = db.execute(
        select(
            Student,
            policy.visible_students(viewer).label("seen"),
            policy.student_records(viewer).label("opens"),
        )
        .join(EventStudent, EventStudent.student_id == Student.id)
        .where(EventStudent.event_id == event_id, EventStudent.removed_at.is_(None))
        .order_by(Student.surname_key, Student.forename_key, Student.id)
    ).all()
    named = [
        StudentOf(row.Student.id, viewer.name(row.Student), bool(row.opens) and may_report)
        for row in rows
        if row.seen
    ]
    return [*named, *[StudentOf(None, "Another student", False) for row in rows if not row.seen]]


def shared_with(db: PluginSession, event_id: uuid.UUID) -> list[Person]:
    """With whom an event is shared, those who have no planner any more too."""
    return _people(
        db,
        User.id.in_(
            select(EventShare.user_id).where(EventShare.event_id == event_id, EventShare.removed_at.is_(None))
        ),
    )


def users_of_planner(db: PluginSession) -> list[Person]:
    """Everybody with whom an event can be shared, by name."""
    return _people(db, sight.users_of_planner())


def _people(db: PluginSession, condition: Any) -> list[Person]:
    rows = db.execute(
        select(User.id, staff_name().label("name"))
        .where(condition)
        .order_by(User.surname, User.forename, User.id)
    )
    return [Person(row.id, row.name) for row in rows]


def owner_of(db: PluginSession, event: Event) -> str:
    """The name of whoever made an event."""
    return str(db.scalar(select(staff_name()).where(User.id == event.owner_id)) or "")


def source_of(db: PluginSession, viewer: Viewer, event: Event) -> Source | None:
    """The incident or action that an event was added from, if the viewer may see it now (PLN-05)."""
    if event.incident_id is None and event.action_id is None:
        return None
    incident_id, action_id = event.incident_id, event.action_id
    if action_id is not None:
        incident_id = db.scalar(select(Action.incident_id).where(Action.id == action_id))
    if incident_id is None:
        return None
    place = place_now(cast(Any, db), incident_id, action_id)
    if place is None:
        return None
    number = db.scalar(
        select(Incident.number).where(Incident.id == place.incident_id, policy.visible_incidents(viewer))
    )
    return Source(place.incident_id, number, place.action_id) if number is not None else None


def history(db: PluginSession, event_id: uuid.UUID) -> Sequence[Any]:
    """The versions of an event with the names of who made them, newest first."""
    return db.execute(
        select(EventVersion, staff_name().label("who"))
        .outerjoin(User, User.id == EventVersion.made_by)
        .where(EventVersion.event_id == event_id)
        .order_by(EventVersion.version.desc())
    ).all()


def reminders(db: PluginSession, viewer: Viewer) -> list[Any]:
    """What the viewer was reminded of and has not taken off the dashboard, once an event, in one query: rows
    of the event and the last moment (UTC) and day."""
    newest = (
        select(
            Reminded.event_id,
            func.max(Reminded.due_at).label("due_at"),
            func.max(Reminded.day).label("day"),
        )
        .where(Reminded.user_id == viewer.user_id, Reminded.done_at.is_(None))
        .group_by(Reminded.event_id)
        .subquery()
    )
    return list(
        db.execute(
            select(Event, newest.c.due_at, newest.c.day)
            .join(newest, newest.c.event_id == Event.id)
            .where(sight.visible_events(viewer))
            .order_by(newest.c.due_at.desc(), Event.id)
            .limit(50)
        )
    )
