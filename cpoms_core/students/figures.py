"""The figures of a student's overview: incidents by category and by month, of those that the viewer sees
(STU-02). A linked student's count too: they are on this record."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, func, literal, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.charts.specs import Bar, Slice, Spec, bars, pie
from cpoms_core.database.types import Id
from cpoms_core.incidents.models import Category, Incident, IncidentCategory, IncidentStudent
from cpoms_core.incidents.training import real_incidents
from cpoms_core.tenancy.scope import SchoolSession

COUNTED = "Incidents"


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart: its name in addresses, its title, what its rows are called, the rows themselves, and the
    specification that is drawn."""

    name: str
    title: str
    along: str
    rows: list[tuple[str, int]]
    spec: Spec


def figures(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> list[Figure]:
    """Both figures, in two queries; none where there is no incident to count."""
    made = [read(db, viewer, student_id) for read in FIGURES.values()]
    return [one for one in made if one.rows]


def by_category(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> Figure:
    """How many incidents each category has; an incident in several counts in each. As on the chronology a
    parent stands behind the sub-category that was chosen."""
    rows = db.execute(_categories(viewer), policy.who(viewer, student=student_id)).all()
    twice = {name for name, times in Counter(row.name for row in rows).items() if times > 1}
    slices = [
        Slice(
            f"{row.parent_name} / {row.name}" if row.name in twice and row.parent_name else row.name,
            row.number,
            row.colour,
        )
        for row in rows
    ]
    title = "Incidents by category"
    ordered = sorted(slices, key=lambda one: (-one.count, one.name))
    return Figure(
        "incidents-by-category",
        title,
        "Category",
        [(one.name, one.count) for one in ordered],
        pie(title, slices, counted=COUNTED),
    )


def by_month(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> Figure:
    """How many incidents each month of the school's calendar has, from the first to this one, those without
    any too."""
    moments = db.scalars(_moments(viewer), policy.who(viewer, student=student_id))
    days = [viewer.local(moment).date() for moment in moments]
    counts = Counter((day.year, day.month) for day in days)
    rows = (
        [
            (f"{dt.date(year, month, 1):%b %Y}", counts[year, month])
            for year, month in _months(min(days), max([*days, viewer.local(viewer.now()).date()]))
        ]
        if days
        else []
    )
    title = "Incidents over time"
    spec = bars(title, [Bar(*row) for row in rows], counted=COUNTED, along="Month")
    return Figure("incidents-over-time", title, "Month", rows, spec)


def _months(first: dt.date, last: dt.date) -> Iterator[tuple[int, int]]:
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield month // 12, month % 12 + 1


def _on_record(sight: policy.Sight) -> list[Any]:
    """What ties incidents to a record: what was recorded in training mode is no incident."""
    return [
        IncidentStudent.student_id == bindparam("student", type_=Id),
        policy.visible_incidents(sight),
        real_incidents(),
    ]


@policy.for_rights
def _moments(sight: policy.Sight) -> Select[dt.datetime]:
    return (
        select(Incident.occurred_at)
        .join(IncidentStudent, IncidentStudent.incident_id == Incident.id)
        .where(*_on_record(sight))
    )


@policy.for_rights
def _categories(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    parent, other, sub = aliased(Category), aliased(IncidentCategory), aliased(Category)
    sub_is_there = (
        select(literal(1))
        .select_from(other)
        .join(sub, sub.id == other.category_id)
        .where(
            other.incident_id == IncidentCategory.incident_id, sub.parent_id == IncidentCategory.category_id
        )
        .correlate(IncidentCategory)
        .exists()
    )
    return (
        select(
            Category.name,
            Category.colour,
            parent.name.label("parent_name"),
            func.count(Incident.id).label("number"),
        )
        .select_from(IncidentStudent)
        .join(Incident, Incident.id == IncidentStudent.incident_id)
        .join(IncidentCategory, IncidentCategory.incident_id == Incident.id)
        .join(Category, Category.id == IncidentCategory.category_id)
        .outerjoin(parent, parent.id == Category.parent_id)
        .where(*_on_record(sight), ~sub_is_there)
        .group_by(Category.id, Category.name, Category.colour, parent.name)
    )


FIGURES = {"incidents-by-category": by_category, "incidents-over-time": by_month}
"""Each figure by its name in addresses."""
