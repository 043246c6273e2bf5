"""Rows of marks reports to mark records (STU-06). A year of marks is half a million rows, so this is the one
place that is written for speed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from cpoms_core.imports import codes
from cpoms_core.imports.records import MarkRecord
from cpoms_mis_sims import values
from cpoms_mis_sims.kinds import Recognised
from cpoms_mis_sims.limits import MAX_ROWS
from cpoms_mis_sims.problems import Problems, Refused, quoted
from cpoms_mis_sims.reports import Row

NAMES = ("attendance_code", "student_id", "attendance_date", "attendance_session")
PARSERS: tuple[Callable[[str], Any], ...] = (
    values.attendance_code,
    values.person_id,
    values.day,
    values.session,
)
MAX_REMEMBERED = 50_000
UNKNOWN = (
    "The mark code {code} is not a national attendance code. It was kept as it is and counts for nothing."
)
TWO_MARKS = (
    "The student has two different marks for one session: see also {other}. This happens when the report"
    " lists lesson marks; choose session marks (AM and PM) in the report."
)
TOO_MANY = f"The delivery has more than {MAX_ROWS:,} marks. Send one school year at a time."
STRANGER = "The mark is of a student who is not in the students report. It was kept."


class _Column(dict[str, Any]):
    """One column's values by their raw text: marks repeat a few days, codes and students over and over."""

    def __init__(self, parse: Callable[[str], Any]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, raw: str) -> Any:
        value = self._parse(values.clean(raw))
        if len(self) < MAX_REMEMBERED:
            self[raw] = value
        return value


class Marks:
    """The marks of one delivery, from any number of reports: each student's session once."""

    def __init__(self, problems: Problems, students: frozenset[str] | None) -> None:
        """students: the ids of the delivery's students, None if it says nothing about students."""
        self.records: list[MarkRecord] = []
        self._problems = problems
        self._students = students
        self._sessions: dict[str, dict[int, int]] = {}  # by student: session -> place in records
        self._columns = [_Column(parse) for parse in PARSERS]

    def read(self, report: Recognised) -> None:
        """Adds the marks of one report. Raises Refused when it cannot be read on."""
        places = [report.binding.places[name][0] for name in NAMES]
        columns = list(zip(self._columns, places, strict=True))
        for row in report.report.rows(report.binding.wanted):
            found = []
            for column, place in columns:
                try:
                    found.append(column[row.cells[place]])
                except ValueError as error:
                    self._refuse(report, row, place, error)
                    break
                if not found[0]:  # the code comes first: without one there is no mark
                    break
            else:
                code, id, date, session = found
                self._add(MarkRecord(id, date, session, code, report.report.where(row.line)))

    def _refuse(self, report: Recognised, row: Row, place: int, error: ValueError) -> None:
        text = values.clean(row.cells[place])
        where = report.report.where(row.line_of(place), report.binding.wanted[place])
        self._problems.error(f"{quoted(text)} {error}." if text else f"The value {error}.", where)

    def _add(self, record: MarkRecord) -> None:
        sessions = self._sessions.setdefault(record.student_mis_id, {})
        at = sessions.setdefault(_number(record.date, record.session), len(self.records))
        if at < len(self.records):
            other = self.records[at]
            if other.code != record.code:
                self._problems.error(TWO_MARKS.format(other=other.where), record.where)
            return
        if at >= MAX_ROWS:
            raise Refused(TOO_MANY, record.where)
        self.records.append(record)
        if record.code not in codes.attendance_codes():
            self._problems.tally(UNKNOWN.format(code=quoted(record.code)), record.where, "marks")
        if self._students is not None and record.student_mis_id not in self._students:
            self._problems.tally(STRANGER, record.where, "marks")


def _number(date: dt.date, session: str) -> int:
    """One small number for a session: a tuple for each mark of a year takes three times the memory."""
    return date.toordinal() * 2 + (session == "PM")
