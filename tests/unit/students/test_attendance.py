"""STU-06: a student's attendance out of the database, on wild marks against a naive oracle."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest

from cpoms_core.database.rows import insert_rows
from cpoms_core.students import attendance_figures as figures
from cpoms_core.students.attendance import Attendance, attendance_of
from cpoms_core.students.models import AttendanceMark
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

NOW = dt.datetime(2026, 11, 23, 8, 30, tzinfo=dt.UTC)
TODAY = NOW.date()
CODES = ["/", "\\", "L", "B", "I", "M", "N", "O", "G", "#", "-", "X", "Y5", "?", "/", "/", "\\", "\\"]
Marks = dict[tuple[dt.date, str], str]


def write(school: SchoolForTests, marks: Marks, who: str = "aoife") -> None:
    with school.app.transaction(school.id) as db:
        insert_rows(
            db,
            AttendanceMark,
            [
                {
                    "school_id": school.id,
                    "student_id": school.students[who],
                    "date": day,
                    "session": half,
                    "code": code,
                }
                for (day, half), code in marks.items()
            ],
        )


def read(school: SchoolForTests, now: dt.datetime = NOW, **settings: Any) -> Attendance:
    viewer = replace(school.viewer("lead"), clock=lambda: now)
    viewer = replace(viewer, school=replace(viewer.school, settings={**viewer.school.settings, **settings}))
    with school.app.session(school.id, writes=False) as db:
        return attendance_of(db, viewer, school.students["aoife"])


def wild(seed: int) -> Marks:
    chance = random.Random(seed)
    days = [TODAY - dt.timedelta(days=back) for back in range(-3, 500)]
    return {
        (day, half): chance.choice(CODES)
        for day in days
        for half in ("AM", "PM")
        if day.weekday() < 5 and chance.random() < 0.8
    }


@pytest.mark.parametrize("seed", range(4))
def test_wild_marks_against_a_naive_count(school: SchoolForTests, seed: int) -> None:
    """STU-06: totals of this academic year to yesterday, the trend, the calendar; what another child has,
    what is of today, of days to come or of last year is none of it."""
    marks = wild(seed)
    write(school, marks)
    write(school, wild(seed + 100), "björn")
    found = read(school, attendance_trend_days=7)
    past = {key: code for key, code in marks.items() if key[0] < TODAY}
    year = {key: code for key, code in past.items() if key[0] >= dt.date(2026, 9, 1)}
    kinds = [figures.kind_of(code) for code in year.values()]
    assert found.totals.present == kinds.count("present")
    assert found.totals.authorised == kinds.count("authorised")
    assert found.totals.unauthorised == kinds.count("unauthorised")
    assert found.totals.not_counted == kinds.count("not counted")
    assert {one.code: one.half_days for one in found.codes} == {
        code: list(year.values()).count(code) for code in set(year.values())
    }
    shown = {
        (square.date, half): mark.code
        for month in found.months
        for week in month.weeks
        for square in week
        for half, mark in (("AM", square.morning), ("PM", square.afternoon))
        if mark
    }
    assert shown == year
    counting = {key: code for key, code in past.items() if figures.kind_of(code) in figures.COUNTED}
    days = sorted({day for day, _ in counting}, reverse=True)
    assert found.trend is not None
    for stretch, some in ((found.trend.now, days[:7]), (found.trend.before, days[7:14])):
        of_stretch = [figures.kind_of(code) for (day, _), code in counting.items() if day in some]
        assert stretch.attendance == figures.per_cent(of_stretch.count("present"), len(of_stretch))
        assert (stretch.first, stretch.last) == (min(some), max(some))
    assert (found.year, found.earlier, found.later) == (2026, 2025, None)


def test_codes_as_schools_write_them(school: SchoolForTests) -> None:
    """STU-06: small letters and spaces are the same code, in the database as in Python."""
    monday = dt.date(2026, 11, 16)
    codes = [" b", "B ", "b", "n", "i ", "/"]
    write(
        school,
        {
            (monday + dt.timedelta(days=number // 2), ("AM", "PM")[number % 2]): code
            for number, code in enumerate(codes)
        },
    )
    found = read(school, attendance_trend_days=1)
    assert (found.totals.present, found.totals.unauthorised, found.totals.authorised) == (4, 1, 1)
    assert [(one.code, one.half_days) for one in found.codes] == [("/", 1), ("B", 3), ("I", 1), ("N", 1)]
    assert found.trend is not None
    assert (str(found.trend.now.attendance), str(found.trend.before.attendance)) == ("50.0", "50.0")


def test_today_is_the_schools_day(school: SchoolForTests) -> None:
    """STU-06: half past midnight in London is the day before in UTC; that day is over then."""
    write(school, {(dt.date(2026, 6, 10), "AM"): "N"})
    evening = dt.datetime(2026, 6, 10, 22, 59, tzinfo=dt.UTC)
    assert read(school, evening).codes == []
    assert [one.code for one in read(school, evening + dt.timedelta(minutes=2)).codes] == ["N"]


def test_the_first_of_september_shows_the_year_that_ended(school: SchoolForTests) -> None:
    """STU-06: to the previous day; of the new year there is nothing yet."""
    write(school, {(dt.date(2026, 7, 1), "AM"): "/"})
    assert read(school, dt.datetime(2026, 9, 1, 9, tzinfo=dt.UTC)).year == 2025
    after = read(school, dt.datetime(2026, 9, 2, 9, tzinfo=dt.UTC))
    assert (after.year, after.codes, after.months, after.earlier) == (2026, [], [], 2025)
    assert after.totals.share("present") is None


def test_too_few_days_have_no_trend(school: SchoolForTests) -> None:
    """STU-06: nineteen days are no two times ten; holidays between them are no days."""
    days = [TODAY - dt.timedelta(days=back) for back in range(1, 40)]
    schooldays = [day for day in days if day.weekday() < 5][:19]
    write(school, {(day, "AM"): "/" for day in schooldays} | {(day, "PM"): "#" for day in days})
    assert read(school).trend is None
    one_more = min(schooldays) - dt.timedelta(days=7)
    write(school, {(one_more, "AM"): "/"})
    trend = read(school).trend
    assert trend is not None and trend.points == 0


def test_statements_do_not_grow_with_the_marks(school: SchoolForTests) -> None:
    """STU-06."""
    viewer = school.viewer("lead")

    def statements() -> int:
        with school.app.session(school.id, writes=False) as db, counted(school.app.engines) as ran:
            attendance_of(db, viewer, school.students["aoife"])
        return ran.number

    few = statements()
    write(school, wild(1))
    assert statements() == few == 4
