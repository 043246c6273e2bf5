"""On which days a series has its occurrences. Days only, no times and no zones: what is at 09:00 stays there
when the clocks change."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Collection, Iterator
from itertools import islice, takewhile

NEVER = "never"
REPEATS = {
    NEVER: "Does not repeat",
    "daily": "Every day",
    "weekdays": "Every day from Monday to Friday",
    "weekly": "Every week",
    "fortnightly": "Every 2 weeks",
    "monthly": "Every month",
    "yearly": "Every year",
}
"""How an event may repeat, with the words that people see. A month or year without the day has it on its
last one before: the 31st is 30 April, and 29 February the 28th."""
STEPS = {"daily": 1, "weekdays": 1, "weekly": 7, "fortnightly": 14}
"""Days from one occurrence to the next."""
LONGEST = 5 * 366  # days from the first occurrence to the last
MOST_TIMES = 500


def days_of(repeats: str, first: dt.date) -> Iterator[dt.date]:
    """The days of a series from its first, without an end but that of the calendar."""
    if repeats == NEVER:
        yield first
        return
    try:
        if repeats in STEPS:
            yield from _stepping(repeats, first)
        else:
            yield from _by_month(12 if repeats == "yearly" else 1, first)
    except (OverflowError, ValueError):  # the year 10000
        return


def _stepping(repeats: str, first: dt.date) -> Iterator[dt.date]:
    day, step = first, dt.timedelta(days=STEPS[repeats])
    while True:
        if repeats != "weekdays" or day.weekday() < calendar.SATURDAY:
            yield day
        day += step


def _by_month(step: int, first: dt.date) -> Iterator[dt.date]:
    month = first.year * 12 + first.month - 1
    while True:
        year, number = divmod(month, 12)
        last = calendar.monthrange(year, number + 1)[1]
        yield dt.date(year, number + 1, min(first.day, last))
        month += step


def between(repeats: str, first: dt.date, last: dt.date, since: dt.date, until: dt.date) -> Iterator[dt.date]:
    """The days of a series that ends with `last`, as far as they lie from `since` to `until`."""
    until = min(until, last)
    for day in days_of(repeats, _near(repeats, first, since)):
        if day > until:
            return
        if day >= since:
            yield day


def _near(repeats: str, first: dt.date, since: dt.date) -> dt.date:
    """An occurrence not long before a day, so that a series of years is not counted through; of months, which
    are not all as long, the first one."""
    step = STEPS.get(repeats)
    if step is None or since <= first:
        return first
    return first + dt.timedelta(days=(since - first).days // step * step)


def moved(
    days: Collection[dt.date], repeats: str, first: dt.date, since: dt.date, to: dt.date
) -> set[dt.date]:
    """Where days of a series come to lie when what it has from `since` on begins on `to`: what was the third
    of that is the third. The old days are counted from `first`: from 28 February nobody could tell that the
    series is on the 31st."""
    last = max(days, default=since)
    pairs = zip(between(repeats, first, last, since, last), days_of(repeats, to), strict=False)
    return {new for old, new in pairs if old in days}


def last_of(
    repeats: str, first: dt.date, *, until: dt.date | None = None, times: int | None = None
) -> dt.date:
    """The day of the last occurrence of a series that ends with a date, or after so many times; in any case
    within `LONGEST` (forms refuse what would not)."""
    return max(_within(repeats, first, until, times), default=first)


def times_at_most(repeats: str, first: dt.date) -> int:
    """How many times a series may happen: `MOST_TIMES`, or as often as it does within `LONGEST`."""
    return sum(1 for _day in _within(repeats, first, None, MOST_TIMES))


def _within(repeats: str, first: dt.date, until: dt.date | None, times: int | None) -> Iterator[dt.date]:
    latest = first + dt.timedelta(days=LONGEST)
    if until is not None:
        latest = min(latest, until)
    return takewhile(lambda day: day <= latest, islice(days_of(repeats, first), times))
