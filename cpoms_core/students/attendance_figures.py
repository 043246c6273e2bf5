"""The arithmetic of attendance (STU-06): what marks add up to, how one stretch compares with the one before,
and marks laid out as a calendar. Plain values in, plain values out; what a code means only `imports.codes`
says.

Rule: the statutory guidance "Working together to improve school attendance" (August 2024). A session with
a present code (approved educational activity included), an authorised or an unauthorised absence could have
been attended; one that is not required, one without a mark and one with a code that nobody knows could not,
and counts for nothing.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from cpoms_core.imports.codes import attendance_codes

YEAR_BEGINS = (9, 1)  # month and day `[decided]` until a school's own calendar says otherwise (ADM-05)
Kind = Literal["present", "authorised", "unauthorised", "not counted"]
PRESENT: Final = "present"
AUTHORISED: Final = "authorised"
UNAUTHORISED: Final = "unauthorised"
NOT_COUNTED: Final = "not counted"
COUNTED: tuple[Kind, ...] = (PRESENT, AUTHORISED, UNAUTHORISED)
UNKNOWN = "A code of the school’s own, which counts for nothing"
HALF_DAYS = ("AM", "PM")


def plain_code(code: str) -> str:
    """A code as the tables have it."""
    return code.strip().upper()


def kind_of(code: str) -> Kind:
    """What a code counts as."""
    found = attendance_codes().get(plain_code(code))
    if found is None or not found.possible:
        return NOT_COUNTED
    return next((kind for kind in COUNTED if kind == found.category), NOT_COUNTED)


def codes_of(kind: Kind) -> list[str]:
    """Every code that counts as `kind`."""
    return [code for code in attendance_codes() if kind_of(code) == kind]


def meaning_of(code: str) -> str:
    """A code in words."""
    found = attendance_codes().get(plain_code(code))
    return found.meaning if found else UNKNOWN


def per_cent(part: int, whole: int) -> Decimal | None:
    """A share with one decimal, halves rounded up; None of nothing."""
    if not whole:
        return None
    return (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Totals:
    """Half days, by what they count as."""

    present: int = 0
    authorised: int = 0
    unauthorised: int = 0
    not_counted: int = 0

    @property
    def possible(self) -> int:
        """Those that could have been attended."""
        return self.present + self.authorised + self.unauthorised

    def share(self, kind: Kind) -> Decimal | None:
        """Per cent of those that could have been attended."""
        return per_cent(getattr(self, kind), self.possible)


def totals(counts: Iterable[tuple[str, int]]) -> Totals:
    """What counts of each code add up to."""
    found: dict[Kind, int] = dict.fromkeys((*COUNTED, NOT_COUNTED), 0)
    for code, count in counts:
        found[kind_of(code)] += count
    return Totals(found[PRESENT], found[AUTHORISED], found[UNAUTHORISED], found[NOT_COUNTED])


def year_of(day: dt.date) -> int:
    """The academic year that a day is in, as the year in which it begins."""
    return day.year if (day.month, day.day) >= YEAR_BEGINS else day.year - 1


def first_day(year: int) -> dt.date:
    """The day on which an academic year begins."""
    return dt.date(year, *YEAR_BEGINS)


def last_day(year: int) -> dt.date:
    """The day on which an academic year ends."""
    return first_day(year + 1) - dt.timedelta(days=1)


# --- the trend -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which a student could have attended: half days, and those attended."""

    date: dt.date
    present: int
    possible: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some days together: from which to which, and the attendance in per cent."""

    first: dt.date
    last: dt.date
    attendance: Decimal


@dataclass(frozen=True, slots=True)
class Trend:
    """The last days against as many before. `points`: percentage points, more attendance being positive."""

    days: int
    now: Stretch
    before: Stretch

    @property
    def points(self) -> Decimal:
        """The difference of what is shown, so that it is the one that a reader works out."""
        return self.now.attendance - self.before.attendance


def trend(newest_first: Sequence[Day], days: int) -> Trend | None:
    """How the last `days` days compare with as many before them. Days that could not be attended (holidays,
    closures) are none. None where there are too few to compare: half a stretch would mislead."""
    if len(newest_first) < 2 * days:
        return None
    return Trend(days, _stretch(newest_first[:days]), _stretch(newest_first[days : 2 * days]))


def _stretch(newest_first: Sequence[Day]) -> Stretch:
    share = per_cent(sum(day.present for day in newest_first), sum(day.possible for day in newest_first))
    assert share is not None, "a day in a stretch could be attended"
    return Stretch(newest_first[-1].date, newest_first[0].date, share)


# --- the calendar ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """One half day's mark."""

    code: str
    kind: Kind
    meaning: str


@dataclass(frozen=True, slots=True)
class Square:
    """A day of a calendar, with what there is for the morning and the afternoon. `inside`: of this month."""

    date: dt.date
    inside: bool
    morning: Mark | None
    afternoon: Mark | None


@dataclass(frozen=True, slots=True)
class Month:
    """A month as weeks of days, Monday first; without weekends where there is no mark on any."""

    first: dt.date
    weekdays: int  # 5 or 7
    weeks: list[list[Square]]


def months(marks: Mapping[tuple[dt.date, str], str]) -> list[Month]:
    """The months from the first to the last mark, newest first. `marks`: day and AM or PM -> code."""
    if not marks:
        return []
    days = [day for day, _half in marks]
    weekdays = 7 if any(day.weekday() > 4 for day in days) else 5
    first, last = min(days), max(days)
    found = []
    for number in range(12 * first.year + first.month - 1, 12 * last.year + last.month):
        year, month = divmod(number, 12)
        found.append(_month(dt.date(year, month + 1, 1), weekdays, marks))
    return found[::-1]


def _month(first: dt.date, weekdays: int, marks: Mapping[tuple[dt.date, str], str]) -> Month:
    weeks = [
        [_square(first, day, marks) for day in week[:weekdays]]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]
    # a week of which only the weekend is in the month
    return Month(first, weekdays, [week for week in weeks if any(square.inside for square in week)])


def _square(first: dt.date, day: dt.date, marks: Mapping[tuple[dt.date, str], str]) -> Square:
    inside = day.month == first.month
    morning, afternoon = (_mark(marks.get((day, half))) if inside else None for half in HALF_DAYS)
    return Square(day, inside, morning, afternoon)


def _mark(code: str | None) -> Mark | None:
    return None if code is None else Mark(code.strip(), kind_of(code), meaning_of(code))
