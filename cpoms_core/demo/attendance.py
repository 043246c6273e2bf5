"""Session marks of Hillside for September 2026, with the patterns that a school sees; of a few students up to
now."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence

from cpoms_core.demo.people import DemoSchool, DemoStudent

FIRST_DAY = dt.date(2026, 9, 3)  # the two days before are for training
LAST_DAY = dt.date(2026, 9, 30)
DAY_OF_ATONEMENT = dt.date(2026, 9, 21)
TRIP_DAY, TRIP_YEAR = dt.date(2026, 9, 23), 8
PRESENT = {"AM": "/", "PM": "\\"}

HALF_TERM = (dt.date(2026, 10, 26), dt.date(2026, 10, 30))
CHRISTMAS = (dt.date(2026, 12, 21), dt.date(2027, 1, 1))
LAST_OF_YEAR = dt.date(2027, 7, 22)

Mark = tuple[DemoStudent, dt.date, str, str]  # student, day, AM or PM, code
Row = tuple[str, dt.date, str, str]  # the same by the id in SIMS


def school_days() -> list[dt.date]:
    """Monday to Friday from the first to the last day."""
    days = (FIRST_DAY + dt.timedelta(days=count) for count in range((LAST_DAY - FIRST_DAY).days + 1))
    return [day for day in days if day.weekday() < 5]


def marks(school: DemoSchool, seed: int = 2026) -> Iterator[Mark]:
    """Every student's marks, day by day. About one in five hundred is `-`, not taken."""
    rng = random.Random(seed + 2)  # noqa: S311 - nothing secret
    days = school_days()
    for student in school.students:
        pattern = _Pattern(rng, student)
        for day in days:
            for session, code in pattern.day(day):
                yield student, day, session, "-" if rng.random() < 0.002 else code


def days_since(until: dt.date) -> list[dt.date]:
    """The school days after those of the extract, up to `until`."""
    first, last = LAST_DAY + dt.timedelta(days=1), min(until, LAST_OF_YEAR)
    days = (first + dt.timedelta(days=count) for count in range((last - first).days + 1))
    holidays = (HALF_TERM, CHRISTMAS)
    return [
        day for day in days if day.weekday() < 5 and not any(begin <= day <= end for begin, end in holidays)
    ]


def marks_since(students: Sequence[str], until: dt.date, seed: int = 2026) -> Iterator[Row]:
    """Marks of a few students, by their ids in SIMS, from the end of the extract to a day. Every third comes
    less and less, so that a trend is to be seen."""
    rng = random.Random(seed + 3)  # noqa: S311 - nothing secret
    days = days_since(until)
    for at, student in enumerate(students):
        for passed, day in enumerate(days):
            absent = 0.03 if at % 3 else 0.05 + 0.3 * passed / len(days)
            away = rng.choice("IION") if rng.random() < absent else ""
            late = rng.random() < 0.06
            yield student, day, "AM", away or ("L" if late else PRESENT["AM"])
            yield student, day, "PM", away or PRESENT["PM"]


class _Pattern:
    """How one student attends: mostly, often absent, ill for a spell, part time, or suspended."""

    def __init__(self, rng: random.Random, student: DemoStudent) -> None:
        self._rng = rng
        self._student = student
        self._often_absent = rng.random() < (0.13 if student.pupil_premium else 0.04)
        self._late = rng.random() < 0.08
        self._part_time = student.sen == "E" and rng.random() < 0.06
        self._suspended = rng.random() < 0.004
        self._ill_for = 0

    def day(self, day: dt.date) -> list[tuple[str, str]]:
        """The day's two marks."""
        whole_day = self._whole_day(day)
        if whole_day:
            return [("AM", whole_day), ("PM", whole_day)]
        return [("AM", self._session("AM")), ("PM", self._session("PM"))]

    def _whole_day(self, day: dt.date) -> str:
        return self._special_day(day) or self._absent_day()

    def _special_day(self, day: dt.date) -> str:
        if day == DAY_OF_ATONEMENT and self._student.religion == "Jewish":
            return "R"
        if day == TRIP_DAY and self._student.year == TRIP_YEAR and self._rng.random() < 0.4:
            return "V"
        return "E" if self._suspended and day.day in {16, 17} else ""

    def _absent_day(self) -> str:
        rng = self._rng
        if self._ill_for:
            self._ill_for -= 1
            return "I"
        if self._often_absent and rng.random() < 0.22:
            return rng.choices(("O", "N", "I", "G"), (40, 30, 25, 5))[0]
        if rng.random() < 0.016:
            self._ill_for = rng.choices((0, 1, 2, 4), (45, 30, 15, 10))[0]
            return "I"
        return ""

    def _session(self, session: str) -> str:
        rng = self._rng
        if self._part_time and session == "PM":
            return "C2"
        chance = rng.random()
        if chance < 0.005:
            return "M"
        if chance < 0.008:
            return "U" if session == "AM" else "O"
        if session == "AM" and chance < (0.25 if self._late else 0.022):
            return "L"
        return PRESENT[session]
