"""PLN-02, PLN-04: on which days a series is, and at which moments, over both changes of the clock."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from cpoms_planner.models import Event
from cpoms_planner.moments import REMINDERS, days_with, due_at, dues, occurrence
from cpoms_planner.recurrence import NEVER, REPEATS, between, days_of, last_of, moved, times_at_most
from hypothesis import given
from hypothesis import strategies as st

LONDON = ZoneInfo("Europe/London")
SPRING, AUTUMN = dt.date(2026, 3, 29), dt.date(2026, 10, 25)
NONE_OUT: frozenset[dt.date] = frozenset()
DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2090, 1, 1))
KINDS = st.sampled_from([kind for kind in REPEATS if kind != NEVER])


def event(first: dt.date, begins: dt.time | None = None, **more: object) -> Event:
    told: dict[str, object] = {
        "first_day": first, "begins": begins, "days": 0, "ends": None, "zone": "Europe/London",
        "repeats": NEVER, "last_begin": first, "reminder": "none", "remind_at": None, **more,
    }  # fmt: skip
    return Event(**told)


@given(KINDS, DAYS, st.integers(0, 800), st.integers(0, 400))
def test_a_span_of_a_series_is_what_counting_it_through_gives(
    repeats: str, first: dt.date, later: int, length: int
) -> None:
    """PLN-01: however far from its beginning one looks."""
    since = first + dt.timedelta(days=later)
    until = since + dt.timedelta(days=length)
    counted = []
    for day in days_of(repeats, first):
        if day > until:
            break
        if day >= since:
            counted.append(day)
    assert list(between(repeats, first, dt.date.max, since, until)) == counted


@given(KINDS, DAYS)
def test_days_rise_and_keep_their_rule(repeats: str, first: dt.date) -> None:
    days = list(islice(days_of(repeats, first), 40))
    assert days == sorted(set(days))
    for day in days:
        if repeats == "weekdays":
            assert day.weekday() < 5
        if repeats in ("weekly", "fortnightly"):
            assert day.weekday() == first.weekday()
        if repeats in ("monthly", "yearly"):
            last = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
            assert day.day == min(first.day, last.day)


@given(KINDS, DAYS, st.integers(0, 20), st.integers(0, 20))
def test_a_part_that_moves_keeps_what_is_the_same_in_number(
    repeats: str, first: dt.date, before: int, number: int
) -> None:
    """PLN-02: also where the part begins in a month without the day of the series."""
    days = list(islice(days_of(repeats, first), before + number + 1))
    since = days[before]
    expected = next(islice(days_of(repeats, since), number, None))
    assert moved({days[-1]}, repeats, first, since, since) == {expected}


def test_months_and_years_without_the_day_have_it_on_their_last_one() -> None:
    monthly = islice(days_of("monthly", dt.date(2027, 12, 31)), 4)
    assert [f"{day:%d.%m.%y}" for day in monthly] == ["31.12.27", "31.01.28", "29.02.28", "31.03.28"]
    yearly = islice(days_of("yearly", dt.date(2028, 2, 29)), 5)
    assert [f"{day:%d.%m.%y}" for day in yearly][::4] == ["29.02.28", "29.02.32"]
    assert list(islice(days_of("yearly", dt.date(2028, 2, 29)), 2))[1] == dt.date(2029, 2, 28)


def test_a_series_ends_with_a_day_or_after_so_many_times_and_never_goes_on_for_ever() -> None:
    monday = dt.date(2026, 3, 2)
    assert last_of("weekly", monday, times=3) == dt.date(2026, 3, 16)
    assert last_of("weekly", monday, until=dt.date(2026, 3, 22)) == dt.date(2026, 3, 16)
    assert last_of("weekdays", monday, times=6) == dt.date(2026, 3, 9)
    assert (last_of("yearly", monday) - monday).days <= 5 * 366


@pytest.mark.parametrize("repeats", ["daily", "weekdays", "weekly", "fortnightly", "monthly", "yearly"])
def test_a_series_that_can_be_chosen_is_not_cut_short(repeats: str) -> None:
    """PLN-02: daily until a day in two years is more than 500 times, and every year 6 times is five years."""
    monday = dt.date(2026, 3, 2)
    most = times_at_most(repeats, monday)
    assert last_of(repeats, monday, times=most) == list(islice(days_of(repeats, monday), most))[-1]
    until = dt.date(2029, 3, 2)
    assert last_of(repeats, monday, until=until) == list(between(repeats, monday, until, monday, until))[-1]


@given(DAYS, st.times(), KINDS)
def test_what_is_at_a_time_on_the_clock_stays_there(first: dt.date, time: dt.time, repeats: str) -> None:
    """PLN-02: at 09:00 before and after the clocks change; only in the hour that they skip an hour later."""
    time = time.replace(second=0, microsecond=0)
    for day in islice(days_of(repeats, first), 60):
        begins = occurrence(event(day, time), day).begins
        local = begins.astimezone(LONDON)
        typed = dt.datetime.combine(day, time)
        if local.replace(tzinfo=None, fold=0) != typed:
            assert local.replace(tzinfo=None) == typed + dt.timedelta(hours=1)
            assert local.utcoffset() == dt.timedelta(hours=1) and day.month == 3
        assert local.fold == 0


@pytest.mark.parametrize(
    ("day", "time", "utc"),
    [
        (SPRING, dt.time(0, 30), "2026-03-29T00:30"),
        (SPRING, dt.time(1, 30), "2026-03-29T01:30"),  # there is none: it is 02:30 on the clock
        (SPRING, dt.time(2, 30), "2026-03-29T01:30"),
        (AUTUMN, dt.time(1, 30), "2026-10-25T00:30"),  # there are two: the first
        (AUTUMN, dt.time(2, 30), "2026-10-25T02:30"),
        (dt.date(2026, 10, 26), dt.time(9), "2026-10-26T09:00"),
    ],
)
def test_both_changes_of_the_clock(day: dt.date, time: dt.time, utc: str) -> None:
    """PLN-04: an hour that is not there, and one that is there twice, have one meaning each."""
    begins = occurrence(event(day, time), day).begins
    assert begins == dt.datetime.fromisoformat(f"{utc}+00:00")


def test_a_whole_day_is_as_long_as_the_day_is() -> None:
    for day, hours in ((SPRING, 23), (AUTUMN, 25), (dt.date(2026, 6, 1), 24)):
        one = occurrence(event(day), day)
        assert one.ends is not None and one.ends - one.begins == dt.timedelta(hours=hours)


def test_it_never_ends_before_it_begins() -> None:
    """01:40 to 02:10 on the day on which 01:40 is 02:40."""
    one = occurrence(event(SPRING, dt.time(1, 40), ends=dt.time(2, 10)), SPRING)
    assert one.ends == one.begins


def test_what_goes_on_for_days_is_found_on_each() -> None:
    """PLN-01: also where it began before the days that are looked at."""
    camp = event(dt.date(2026, 5, 4), days=4, repeats="monthly", last_begin=dt.date(2026, 8, 4))
    days = days_with(camp, NONE_OUT, dt.date(2026, 6, 8), dt.date(2026, 6, 8))
    found = [occurrence(camp, day) for day in days]
    assert [one.day for one in found] == [dt.date(2026, 6, 4)]
    assert list(days_with(camp, frozenset({dt.date(2026, 6, 4)}), found[0].day, found[0].day)) == []


@pytest.mark.parametrize(
    ("reminder", "day", "local"),
    [
        ("0", SPRING, "2026-03-29T09:00"),
        ("15", SPRING, "2026-03-29T08:45"),
        ("day", SPRING, "2026-03-28T09:00"),  # the same time on the clock, and only 23 hours
        ("day", AUTUMN, "2026-10-24T09:00"),
        ("week", dt.date(2026, 3, 30), "2026-03-23T09:00"),
    ],
)
def test_a_day_before_is_the_same_time_on_the_clock(reminder: str, day: dt.date, local: str) -> None:
    """PLN-04."""
    due = due_at(event(day, dt.time(9), reminder=reminder), day)
    assert due is not None and f"{due.astimezone(LONDON):%Y-%m-%dT%H:%M}" == local


def test_an_hour_before_is_an_hour() -> None:
    """PLN-04: 02:30 less an hour, on the day on which 01:30 is not there, is 00:30 in winter time."""
    due = due_at(event(SPRING, dt.time(2, 30), reminder="60"), SPRING)
    assert due == dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC)


def test_what_is_there_all_day_is_reminded_of_at_eight() -> None:
    due = due_at(event(AUTUMN, reminder="0"), AUTUMN)
    assert due is not None and due.astimezone(LONDON).hour == 8


@given(DAYS, st.sampled_from([one for one in REMINDERS if one not in ("none", "moment")]), KINDS)
def test_reminders_of_a_series_rise_and_none_is_missed(first: dt.date, reminder: str, repeats: str) -> None:
    """PLN-04: from wherever one goes on, the next is the next."""
    last = last_of(repeats, first, times=12)
    series = event(first, dt.time(9), repeats=repeats, last_begin=last, reminder=reminder)
    found = list(dues(series, NONE_OUT, dt.datetime(1999, 1, 1, tzinfo=dt.UTC)))
    assert [day for _due, day in found] == list(between(repeats, first, last, first, last))
    moments = [due for due, _day in found]
    assert moments == sorted(set(moments))
    for number, (due, _day) in enumerate(found):
        assert next(dues(series, NONE_OUT, due)) == found[number]
        rest = dues(series, NONE_OUT, due + dt.timedelta(microseconds=1))
        assert next(rest, None) == (found[number + 1] if number + 1 < len(found) else None)
