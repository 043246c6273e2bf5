"""Reading incidents: a page of them with everything that is shown beside their text, in a number of queries
that does not grow with the incidents (INC-12, INC-13)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, tuple_
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.passed_on import was_passed_on
from cpoms_core.alerts.queries import read_count
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.beside import fill
from cpoms_core.incidents.filters import EVERYTHING, ChronologyFilter, FilterShape, narrowed_to
from cpoms_core.incidents.models import (
    Action,
    Incident,
    IncidentStudent,
)
from cpoms_core.incidents.on_page import IncidentShown
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 25
PLACE = (IncidentStudent.occurred_at, IncidentStudent.incident_id)
"""The order of a record: an index holds each student's incidents in it, so that a page walks its own few
rows whatever the length of the record."""


def of_student(
    db: SchoolSession,
    viewer: Viewer,
    student_id: uuid.UUID,
    *,
    after: str = "",
    limit: int = PAGE,
    only: ChronologyFilter = EVERYTHING,
) -> tuple[list[IncidentShown], str]:
    """A page of a student's chronology, newest first by the date of the incident, and the key of the next
    page ("" at the end). `after`: the key of the last incident of the page before. Pinned ones stand on top
    of the first page, and nowhere else. `only`: what it is narrowed to (INC-14), the same for each page."""
    rows, more = _page(db, viewer, {"student": student_id}, after, limit, only, whole_school=False)
    shown = fill(db, viewer, rows, record=student_id)
    return shown, shown[-1].cursor if more else ""


def of_whole_school(
    db: SchoolSession,
    viewer: Viewer,
    *,
    after: str = "",
    limit: int = PAGE,
    only: ChronologyFilter = EVERYTHING,
) -> tuple[list[IncidentShown], str]:
    """As `of_student`, of what was recorded about the whole school and so is on no student's record."""
    rows, more = _page(db, viewer, {}, after, limit, only, whole_school=True)
    shown = fill(db, viewer, rows, record=None)
    return shown, shown[-1].cursor if more else ""


def _page(
    db: SchoolSession,
    viewer: Viewer,
    record: dict[str, Any],
    after: str,
    limit: int,
    only: ChronologyFilter,
    *,
    whole_school: bool,
) -> tuple[list[Any], bool]:
    """The rows of a page, and whether there are later ones."""
    narrowed = {**only.given(viewer), "filter_record": record.get("student")}
    asked = policy.who(viewer, **record, limit=limit + 1, **narrowed)
    pinned: Sequence[Any] = []
    if after:
        moment, last = parse_cursor(after)
        statement = _later(viewer, only.shape, whole_school=whole_school)
        rows = db.execute(_narrowed(statement, only), {**asked, "moment": moment, "last": last}).all()
    else:
        on_top = _pinned(viewer, only.shape, whole_school=whole_school)
        pinned = db.execute(_narrowed(on_top, only), asked).all()
        newest = _newest(viewer, only.shape, whole_school=whole_school)
        rows = db.execute(_narrowed(newest, only), asked).all()
    return [*pinned, *rows[:limit]], len(rows) > limit


def _narrowed(statement: Select[*tuple[Any, ...]], only: ChronologyFilter) -> Select[*tuple[Any, ...]]:
    """With what the modules ask; the statement that is built once where they ask nothing."""
    return statement.where(*only.conditions) if only.modules else statement


def one(
    db: SchoolSession,
    viewer: Viewer,
    incident_id: uuid.UUID,
    *,
    record: uuid.UUID | None = None,
    modules: bool = True,
) -> IncidentShown:
    """One incident that the viewer may read, on its own or on a student's record; modules: with what they add
    to it, for a page that shows that. Raises NothingThere."""
    rows = db.execute(_one(viewer), policy.who(viewer, incident=incident_id)).all()
    if not rows:
        raise NothingThere
    return fill(db, viewer, rows, record=record, modules=modules)[0]


def several(
    db: SchoolSession, viewer: Viewer, ids: Sequence[uuid.UUID], *, record: uuid.UUID | None = None
) -> list[IncidentShown]:
    """Those of the incidents that the viewer may read, in the order of their ids, on a student's record or
    none: for what is read in parts, as a long print is."""
    rows = {row.id: row for row in db.execute(_several(viewer), policy.who(viewer, incidents=list(ids)))}
    return fill(db, viewer, [rows[one] for one in ids if one in rows], record=record)


def merged_into(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID
) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Where an incident that was merged is found now, if the viewer may read it there: the incident, and
    the action that it became (EDT-04)."""
    found = db.execute(
        select(Action.incident_id, Action.id)
        .join(Incident, Incident.merged_into == Action.id)
        .where(Incident.id == incident_id, policy.visible_actions(viewer))
    ).first()
    return (found.incident_id, found.id) if found else None


def place_of(
    db: SchoolSession, viewer: Viewer, asked: uuid.UUID, on_record: ColumnElement[bool]
) -> uuid.UUID | None:
    """The incident of a record that an id names: its own, or that of one of its actions. `on_record`: the
    condition on Incident that it is there. None for what is not, or is not the viewer's to see."""
    of_action = select(Action.incident_id).where(Action.id == asked, policy.visible_actions(viewer))
    return db.scalar(
        select(Incident.id).where(
            on_record,
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
            Incident.training,
            staff_name().label("author_name"),
            policy.rightful_of_visible(sight).label("rightful"),
            read_count(Incident.id).label("read_count"),
            was_passed_on(Incident.id).label("passed_on"),
        )
        .join(User, User.id == Incident.author_id)
        .where(policy.visible_incidents(sight))
    )


def _on_record(sight: policy.Sight, shape: FilterShape, *, whole_school: bool) -> Select[*tuple[Any, ...]]:
    read = _visible(sight).where(*narrowed_to(shape, whole_school=whole_school))
    if whole_school:
        read = read.where(Incident.student_id.is_(None))
    else:
        read = read.join(IncidentStudent, IncidentStudent.incident_id == Incident.id).where(
            IncidentStudent.student_id == bindparam("student", type_=Id)
        )
    return read.order_by(*(column.desc() for column in _place(whole_school=whole_school)))


def _place(*, whole_school: bool) -> tuple[Any, Any]:
    return (Incident.occurred_at, Incident.id) if whole_school else PLACE


@policy.for_rights
def _pinned(sight: policy.Sight, shape: FilterShape, *, whole_school: bool) -> Select[*tuple[Any, ...]]:
    # the school's few pinned ones first: to look for them among the record's own would read all of it
    pinned = aliased(Incident)
    ids = select(pinned.id).where(pinned.pinned_at.is_not(None))
    in_school = _place(whole_school=whole_school)[1].in_(ids)
    return _on_record(sight, shape, whole_school=whole_school).where(in_school)


@policy.for_rights
def _newest(sight: policy.Sight, shape: FilterShape, *, whole_school: bool) -> Select[*tuple[Any, ...]]:
    read = _on_record(sight, shape, whole_school=whole_school)
    return read.where(Incident.pinned_at.is_(None)).limit(bindparam("limit"))


@policy.for_rights
def _later(sight: policy.Sight, shape: FilterShape, *, whole_school: bool) -> Select[*tuple[Any, ...]]:
    key = tuple_(bindparam("moment", type_=UtcDateTime), bindparam("last", type_=Id))
    earlier = tuple_(*_place(whole_school=whole_school)) < key
    read = _on_record(sight, shape, whole_school=whole_school)
    return read.where(Incident.pinned_at.is_(None), earlier).limit(bindparam("limit"))


@policy.for_rights
def _one(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return _visible(sight).where(Incident.id == bindparam("incident", type_=Id))


@policy.for_rights
def _several(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return _visible(sight).where(Incident.id.in_(bindparam("incidents", expanding=True, type_=Id)))
