"""A student's attendance as the MIS has it, to the day before (STU-06). Totals and the trend are added up by
the database; only one student's own marks of one year are read by the row."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Date, bindparam, case, func, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.students import attendance_figures as figures
from cpoms_core.students.attendance_figures import COUNTED, PRESENT, Day, Month, Totals, Trend
from cpoms_core.students.models import AttendanceMark
from cpoms_core.tenancy.scope import SchoolSession, built_once

STUDENT = AttendanceMark.student_id == bindparam("student", type_=Id)
UNTIL_TODAY = AttendanceMark.date < bindparam("today", type_=Date)
IN_YEAR = AttendanceMark.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date))
CODE: ColumnElement[str] = func.upper(func.trim(AttendanceMark.code))

YEARS = built_once(
    select(func.min(AttendanceMark.date), func.max(AttendanceMark.date)).where(STUDENT, UNTIL_TODAY)
)
COUNTS = built_once(
    select(CODE.label("code"), func.count().label("half_days"))
    .where(STUDENT, UNTIL_TODAY, IN_YEAR)
    .group_by(CODE)
    .order_by(CODE)
)
MARKS = built_once(
    select(AttendanceMark.date, AttendanceMark.session, AttendanceMark.code).where(
        STUDENT, UNTIL_TODAY, IN_YEAR
    )
)
LAST_DAYS = built_once(
    select(
        AttendanceMark.date,
        func.sum(case((CODE.in_(figures.codes_of(PRESENT)), 1), else_=0)).label("present"),
        func.count().label("possible"),
    )
    .where(
        STUDENT,
        UNTIL_TODAY,
        CODE.in_([code for kind in COUNTED for code in figures.codes_of(kind)]),
    )
    .group_by(AttendanceMark.date)
    .order_by(AttendanceMark.date.desc())
    .limit(bindparam("days"))
)


@dataclass(frozen=True, slots=True)
class CodeUsed:
    """A code among a student's marks, what it means and how often it is there, in half days."""

    code: str
    meaning: str
    kind: figures.Kind
    half_days: int


@dataclass(frozen=True, slots=True)
class Attendance:
    """A student's attendance in one academic year. `year`: the one in which it begins; `earlier`, `later`:
    the years before and after it, where there are marks; `until`: the last day that counts."""

    year: int
    until: dt.date
    totals: Totals
    codes: list[CodeUsed]
    trend: Trend | None
    trend_days: int
    months: list[Month]
    earlier: int | None
    later: int | None


def attendance_of(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, year: int | None = None
) -> Attendance:
    """The attendance of a student whose record the viewer was let open. `year`: an academic year, by default
    that of yesterday. A year without marks is answered as one without. Today's marks are not complete, and
    none is counted or shown."""
    today = viewer.local(viewer.now()).date()
    until = today - dt.timedelta(days=1)
    shown = figures.year_of(until) if year is None else year
    given = {"student": student_id, "today": today}
    bounds = {"first": figures.first_day(shown), "last": figures.last_day(shown)}
    oldest, newest = db.execute(YEARS, given).one()
    counts = db.execute(COUNTS, {**given, **bounds}).all()
    days: int = viewer.school.setting("attendance_trend_days")
    lately = [
        Day(row.date, row.present, row.possible) for row in db.execute(LAST_DAYS, {**given, "days": 2 * days})
    ]
    marks = {(row.date, row.session): row.code for row in db.execute(MARKS, {**given, **bounds})}
    return Attendance(
        year=shown,
        until=until,
        totals=figures.totals((row.code, row.half_days) for row in counts),
        codes=[
            CodeUsed(row.code, figures.meaning_of(row.code), figures.kind_of(row.code), row.half_days)
            for row in counts
        ],
        trend=figures.trend(lately, days),
        trend_days=days,
        months=figures.months(marks),
        earlier=shown - 1 if oldest and figures.year_of(oldest) < shown else None,
        later=shown + 1 if newest and figures.year_of(newest) > shown else None,
    )
