"""A student's monitoring from the first day to now, of the categories that the viewer may see (STU-09)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, case, null, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.incidents.models import Category, Incident
from cpoms_core.students.models import Monitoring
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a student was monitored for a category; moments are the school's. `incident`: id and
    number of the one that began it, where the viewer may see it. `ended`: None while it goes on."""

    category_id: uuid.UUID
    category: str
    colour: str
    began: dt.datetime
    began_by: str
    incident: tuple[uuid.UUID, int] | None
    ended: dt.datetime | None
    ended_by: str


@policy.for_rights
def _spans(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    began, ended, parent = aliased(User), aliased(User), aliased(Category)
    seen = policy.visible_incidents(sight)
    return (
        select(
            Monitoring.category_id,
            Category.name,
            Category.colour,
            parent.name.label("parent"),
            Monitoring.started_at,
            staff_name(began).label("began_by"),
            case((seen, Incident.id), else_=null()).label("incident_id"),
            case((seen, Incident.number), else_=null()).label("number"),
            Monitoring.ended_at,
            staff_name(ended).label("ended_by"),
        )
        .join(Category, Category.id == Monitoring.category_id)
        .outerjoin(parent, parent.id == Category.parent_id)
        .outerjoin(Incident, Incident.id == Monitoring.incident_id)
        .outerjoin(began, began.id == Monitoring.started_by)
        .outerjoin(ended, ended.id == Monitoring.ended_by)
        .where(
            Monitoring.student_id == bindparam("student", type_=Id),
            Monitoring.withdrawn_at.is_(None),
            policy.monitored_categories(sight),
        )
        .order_by(Monitoring.started_at.desc(), Monitoring.id.desc())
    )


def history_of(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> list[Span]:
    """All of a student's monitoring that the viewer may know of, newest first, in one query. What an incident
    began that is no longer there is no part of it."""
    rows = db.execute(_spans(viewer), policy.who(viewer, student=student_id))
    return [
        Span(
            row.category_id,
            f"{row.parent}: {row.name}" if row.parent else row.name,
            row.colour,
            viewer.local(row.started_at),
            row.began_by or "",
            (row.incident_id, row.number) if row.incident_id else None,
            viewer.local(row.ended_at) if row.ended_at else None,
            row.ended_by or "",
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Choice:
    """A category to choose. One that is disabled can be ended, and no longer begun."""

    id: uuid.UUID
    name: str
    disabled: bool


def choices(db: SchoolSession, viewer: Viewer) -> list[Choice]:
    """The categories that the viewer may begin and end monitoring for: those with View students."""
    parent = aliased(Category)
    rows = db.execute(
        select(Category.id, Category.name, Category.disabled_at, parent.name.label("parent"))
        .outerjoin(parent, parent.id == Category.parent_id)
        .where(policy.monitored_categories(viewer))
    )
    found = [
        Choice(row.id, f"{row.parent}: {row.name}" if row.parent else row.name, row.disabled_at is not None)
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.disabled, one.name.casefold()))


# --- the timeline ----------------------------------------------------------------------------------------

MOST_LABELS = 6
"""Dates along the timeline: more would run into each other on a small screen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A span as it is drawn: where it begins and how long it is, in per cent of the timeline."""

    left: float
    width: float
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """A category with its bars, in words too."""

    category: str
    colour: str
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes from the one that began first, and dates along them: (per cent, label)."""

    first: dt.datetime
    last: dt.datetime
    lanes: list[Lane]
    dates: list[tuple[float, str]]


NARROWEST = 0.75
"""Per cent: a single day of ten years is seen too."""


def timeline(spans: Sequence[Span], now: dt.datetime) -> Timeline | None:
    """The spans as bars from the first beginning to `now`; None of nothing."""
    if not spans:
        return None
    first = min(span.began for span in spans)
    last = max(now, first + dt.timedelta(days=1))
    length = (last - first).total_seconds()

    def place(moment: dt.datetime) -> float:
        return round(100 * min(1.0, max(0.0, (moment - first).total_seconds() / length)), 2)

    lanes: dict[uuid.UUID, Lane] = {}
    for span in reversed(spans):
        lane = lanes.setdefault(span.category_id, Lane(span.category, span.colour, []))
        end = place(span.ended or last)
        width = max(end - place(span.began), NARROWEST)
        lane.bars.append(Bar(min(place(span.began), 100 - width), round(width, 2), span.ended is None))
    return Timeline(
        first, last, list(lanes.values()), [(place(day), label) for day, label in _dates(first, last)]
    )


def _dates(first: dt.datetime, last: dt.datetime) -> list[tuple[dt.datetime, str]]:
    """Beginnings of years, of a short time those of months, and no more than there is room for."""
    if last.year - first.year >= 2:
        found = [
            (first.replace(year, 1, 1, 0, 0, 0, 0), str(year))
            for year in range(first.year + 1, last.year + 1)
        ]
    else:
        numbers = range(12 * first.year + first.month, 12 * last.year + last.month)
        days = [first.replace(number // 12, number % 12 + 1, 1, 0, 0, 0, 0) for number in numbers]
        found = [(day, f"{day:%b %Y}") for day in days]
    step = -(-len(found) // MOST_LABELS) or 1
    return found[::step]
