"""Whom an event is about, and with whom it is shared: who may be put on it, and writing it down (PLN-02)."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students.models import Student
from cpoms_planner import sight
from cpoms_planner.models import Event, EventShare, EventStudent

if TYPE_CHECKING:
    from cpoms_planner.services import Typed

MOST_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class People:
    """Whom an event is to be about and shared with. `seen`: the students that may be put on it or taken off;
    others on it, or on the series that it was a part of, whom the viewer cannot see any more, are among
    `students` and stay."""

    seen: frozenset[uuid.UUID]
    students: frozenset[uuid.UUID]
    shares: frozenset[uuid.UUID]


def people_of(db: PluginSession, viewer: Viewer, event: Event | None, typed: Typed) -> People:
    """Whom the form names. Raises Refused; nothing is written before it was asked."""
    students, shares = frozenset(typed.student_ids), frozenset(typed.share_ids) - {viewer.acting_user}
    if max(len(students), len(shares)) > MOST_PEOPLE:
        raise Refused(f"Choose at most {MOST_PEOPLE} of them.", field="students")
    before = set(ids_on(db, EventStudent.student_id, EventStudent, event)) if event else set()
    told = set(ids_on(db, EventShare.user_id, EventShare, event)) if event else set()
    seen = frozenset(
        db.scalars(
            select(Student.id).where(policy.visible_students(viewer), Student.id.in_(students | before))
        )
    )
    if not students <= seen:
        raise Refused("One of these students is not known. Choose again.", field="students")
    allowed = set(db.scalars(select(User.id).where(sight.users_of_planner(), User.id.in_(shares))))
    if not shares <= allowed | told:
        raise Refused("One of these colleagues has no planner. Choose again.", field="share")
    return People(seen, students | (before - seen), shares)


def set_people(db: PluginSession, viewer: Viewer, event: Event, people: People) -> None:
    now = viewer.now()
    students = {row.student_id: row for row in _rows(db, EventStudent, event)}
    shares = {row.user_id: row for row in _rows(db, EventShare, event)}
    for student_id in people.seen | people.students:
        on = student_id in people.students
        _switch(db, EventStudent, "student_id", event, student_id, students, on, now)
    for user_id in people.shares | set(shares):
        _switch(db, EventShare, "user_id", event, user_id, shares, user_id in people.shares, now)
    db.flush()


def _rows(db: PluginSession, table: Any, event: Event) -> Any:
    return db.scalars(select(table).where(table.event_id == event.id))


def _switch(
    db: PluginSession,
    table: Any,
    column: str,
    event: Event,
    key: uuid.UUID,
    rows: dict[uuid.UUID, Any],
    on: bool,
    now: dt.datetime,
) -> None:
    row = rows.get(key)
    if row is None and on:
        db.add(table(school_id=db.school_id, event_id=event.id, **{column: key}))
    elif row is not None and (row.removed_at is None) != on:
        row.removed_at = None if on else now


def ids_on(db: PluginSession, column: Any, table: Any, event: Event) -> list[uuid.UUID]:
    found = db.scalars(select(column).where(table.event_id == event.id, table.removed_at.is_(None)))
    return sorted(found)


def move_students(db: PluginSession, kept_id: uuid.UUID, merged_id: uuid.UUID, now: dt.datetime) -> list[str]:
    """Two records of one child became one: its events are the kept one's. Answers with their ids."""
    rows = {
        (row.event_id, row.student_id): row
        for row in db.scalars(
            select(EventStudent).where(
                or_(EventStudent.student_id == kept_id, EventStudent.student_id == merged_id)
            )
        )
    }
    moved = []
    for (event_id, student_id), row in rows.items():
        if student_id != merged_id or row.removed_at is not None:
            continue
        kept = rows.get((event_id, kept_id))
        if kept is None:
            db.add(EventStudent(school_id=db.school_id, event_id=event_id, student_id=kept_id))
        else:
            kept.removed_at = None
        row.removed_at = now
        moved.append(str(event_id))
    db.flush()
    return sorted(moved)
