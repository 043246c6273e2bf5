"""STU-06: the arithmetic of attendance, against a naive oracle that has the guidance's table by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpoms_core.imports.codes import attendance_codes
from cpoms_core.students import attendance_figures as figures
from cpoms_core.students.attendance_figures import Day, Totals

# by hand from the guidance, not from our table
PRESENT = ["/", "\\", "L", "K", "V", "P", "W", "B", "J"]
AUTHORISED = ["C", "C1", "C2", "E", "I", "J1", "M", "R", "S", "T", "H", "F"]
UNAUTHORISED = ["G", "N", "O", "U"]
NOTHING = [*"DQXYZ#-", *(f"Y{number}" for number in range(1, 8)), *(f"X0{number}" for number in range(1, 10))]
KNOWN = {
    **dict.fromkeys(PRESENT, "present"),
    **dict.fromkeys(AUTHORISED, "authorised"),
    **dict.fromkeys(UNAUTHORISED, "unauthorised"),
    **dict.fromkeys(NOTHING, "not counted"),
}
CODES = st.one_of(
    st.sampled_from(sorted(KNOWN)),
    st.sampled_from(sorted(KNOWN)).map(lambda code: f" {code.lower()} "),
    st.text(max_size=3),
)


def oracle(code: str) -> str:
    return KNOWN.get(code.strip().upper(), "not counted")


def test_the_oracle_knows_every_code_of_the_table() -> None:
    """STU-06: and no other."""
    assert set(KNOWN) == set(attendance_codes())


@given(CODES)
def test_what_a_code_counts_as(code: str) -> None:
    """STU-06: approved educational activity is present; what nobody knows counts for nothing."""
    assert figures.kind_of(code) == oracle(code)
    assert figures.meaning_of(code)


@given(st.lists(CODES))
def test_totals_are_the_marks_counted_one_by_one(marks: list[str]) -> None:
    """STU-06: wild marks; the shares are of the half days that could be attended, and add up."""
    found = figures.totals((code, 1) for code in marks)
    kinds = [oracle(code) for code in marks]
    assert found == Totals(
        *(kinds.count(kind) for kind in ("present", "authorised", "unauthorised", "not counted"))
    )
    possible = [kind for kind in kinds if kind != "not counted"]
    assert found.possible == len(possible)
    for kind in figures.COUNTED:
        share = found.share(kind)
        if not possible:
            assert share is None
            continue
        assert share is not None
        exact = Fraction(100 * kinds.count(kind), len(possible))
        assert abs(Fraction(share) - exact) <= Fraction(1, 20)
        assert share.as_tuple().exponent == -1
    if possible:
        shares = [found.share(kind) for kind in figures.COUNTED]
        assert abs(sum(share for share in shares if share is not None) - 100) <= Decimal("0.15")


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(1, 3, "33.3"), (2, 3, "66.7"), (1, 16, "6.3"), (3, 80, "3.8"), (7, 7, "100.0"), (0, 5, "0.0")],
)
def test_halves_are_rounded_up(part: int, whole: int, shown: str) -> None:
    """STU-06: 6.25 is 6.3, as people round."""
    assert str(figures.per_cent(part, whole)) == shown


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2)), max_size=60), st.integers(1, 25))
def test_the_trend_is_of_the_last_days_and_as_many_before(sessions: list[tuple[int, int]], days: int) -> None:
    """STU-06: by walking back day by day."""
    newest = dt.date(2026, 11, 20)
    lately = [
        Day(newest - dt.timedelta(days=number), min(present, possible), possible)
        for number, (present, possible) in enumerate(sessions)
    ]
    found = figures.trend(lately, days)
    if len(lately) < 2 * days:
        assert found is None
        return
    assert found is not None

    def share(some: list[Day]) -> Fraction:
        return Fraction(100 * sum(day.present for day in some), sum(day.possible for day in some))

    now, before = lately[:days], lately[days : days * 2]
    assert abs(Fraction(found.now.attendance) - share(now)) <= Fraction(1, 20)
    assert abs(Fraction(found.before.attendance) - share(before)) <= Fraction(1, 20)
    assert (found.now.first, found.now.last) == (now[-1].date, now[0].date)
    assert (found.before.first, found.before.last) == (before[-1].date, before[0].date)
    assert found.now.attendance == found.before.attendance + found.points


@given(
    st.dictionaries(
        st.tuples(st.dates(dt.date(2024, 9, 1), dt.date(2026, 8, 31)), st.sampled_from(["AM", "PM"])),
        st.sampled_from(["/", "\\", "N", "I", "#", "?"]),
        max_size=40,
    )
)
def test_every_mark_is_in_the_calendar_once_at_its_day(marks: dict[tuple[dt.date, str], str]) -> None:
    """STU-06: whichever weekday it is on; the newest month first, none left out between."""
    months = figures.months(marks)
    seen: dict[tuple[dt.date, str], str] = {}
    for month in months:
        for week in month.weeks:
            assert len(week) == month.weekdays
            for weekday, square in enumerate(week):
                assert square.date.weekday() == weekday
                for half, mark in (("AM", square.morning), ("PM", square.afternoon)):
                    if mark is not None:
                        assert square.inside and (square.date, half) not in seen
                        seen[square.date, half] = mark.code
    assert seen == marks
    firsts = [month.first for month in months]
    assert firsts == sorted(firsts, reverse=True)
    for later, earlier in pairwise(firsts):
        assert (later - dt.timedelta(days=1)).replace(day=1) == earlier


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (dt.date(2026, 8, 31), 2025),
        (dt.date(2026, 9, 1), 2026),
        (dt.date(2027, 1, 1), 2026),
        (dt.date(2024, 2, 29), 2023),
    ],
)
def test_the_academic_year_begins_on_the_first_of_september(day: dt.date, year: int) -> None:
    """STU-06."""
    assert figures.year_of(day) == year
    assert figures.first_day(year) <= day <= figures.last_day(year)
