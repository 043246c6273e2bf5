"""Reading incidents: a page of them with everything that is shown beside their text, in a number of queries
that does not grow with the incidents (INC-12, INC-13)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, or_, select, tuple_
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.queries import read_count
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.beside import IncidentShown, fill
from cpoms_core.incidents.models import (
    Action,
    Incident,
    IncidentStudent,
)
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 25
PLACE = (IncidentStudent.occurred_at, IncidentStudent.incident_id)
"""The order of a record: an index holds each student's incidents in it, so that a page walks its own few
rows whatever the length of the record."""


def of_student(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, *, after: str = "", limit: int = PAGE
) -> tuple[list[IncidentShown], str]:
    """A page of a student's chronology, newest first by the date of the incident, and the key of the next
    page ("" at the end). `after`: the key of the last incident of the page before. Pinned ones stand on top
    of the first page, and nowhere else."""
    asked = policy.who(viewer, student=student_id, limit=limit + 1)
    pinned: Sequence[Any]
    if after:
        moment, last = parse_cursor(after)
        pinned, rows = [], db.execute(_later(viewer), {**asked, "moment": moment, "last": last}).all()
    else:
        pinned, rows = db.execute(_pinned(viewer), asked).all(), db.execute(_newest(viewer), asked).all()
    shown = fill(db, viewer, [*pinned, *rows[:limit]], record=student_id)
    return shown, shown[-1].cursor if len(rows) > limit else ""


def one(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, *, record: uuid.UUID | None = None
) -> IncidentShown:
    """One incident that the viewer may read, on its own or on a student's record. Raises NothingThere."""
    rows = db.execute(_one(viewer), policy.who(viewer, incident=incident_id)).all()
    if not rows:
        raise NothingThere
    return fill(db, viewer, rows, record=record)[0]


def place_of(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, asked: uuid.UUID) -> uuid.UUID | None:
    """The incident of this student's record that an id names: its own, or that of one of its actions. None
    for what is not on this record, or not the viewer's to see."""
    of_action = select(Action.incident_id).where(Action.id == asked, policy.visible_actions(viewer))
    return db.scalar(
        select(Incident.id)
        .join(IncidentStudent, IncidentStudent.incident_id == Incident.id)
        .where(
            IncidentStudent.student_id == student_id,
            or_(Incident.id == asked, Incident.id.in_(of_action)),
            policy.visible_incidents(viewer),
        )
    )


def parse_cursor(text: str) -> tuple[dt.datetime, uuid.UUID]:
    """The key of a page that came in from outside. Raises NothingThere."""
    try:
        moment, _, last = text.partition("~")
        return dt.datetime.fromtimestamp(int(moment) / 1e6, dt.UTC), uuid.UUID(last)
    except (ValueError, OverflowError, OSError):
        raise NothingThere from None


def _visible(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Incident.id,
            Incident.number,
            Incident.student_id,
            Incident.text,
            Incident.occurred_at,
            Incident.created_at,
            Incident.pinned_at,
            staff_name().label("author_name"),
            policy.rightful_of_visible(sight).label("rightful"),
            read_count(Incident.id).label("read_count"),
        )
        .join(User, User.id == Incident.author_id)
        .where(policy.visible_incidents(sight))
    )


def _on_record(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        _visible(sight)
        .join(IncidentStudent, IncidentStudent.incident_id == Incident.id)
        .where(IncidentStudent.student_id == bindparam("student", type_=Id))
        .order_by(*(column.desc() for column in PLACE))
    )


@policy.for_rights
def _pinned(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    # the school's few pinned ones first: to look for them among the record's own would read all of it
    pinned = aliased(Incident)
    ids = select(pinned.id).where(pinned.pinned_at.is_not(None))
    return _on_record(sight).where(IncidentStudent.incident_id.in_(ids))


@policy.for_rights
def _newest(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return _on_record(sight).where(Incident.pinned_at.is_(None)).limit(bindparam("limit"))


@policy.for_rights
def _later(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    key = tuple_(bindparam("moment", type_=UtcDateTime), bindparam("last", type_=Id))
    return (
        _on_record(sight).where(Incident.pinned_at.is_(None), tuple_(*PLACE) < key).limit(bindparam("limit"))
    )


@policy.for_rights
def _one(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return _visible(sight).where(Incident.id == bindparam("incident", type_=Id))
