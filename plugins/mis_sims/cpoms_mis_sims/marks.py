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

NAMES = ("student_id", "mark_date", "mark_session", "mark_code")
UNKNOWN = (
    "The mark code {code} is not a national attendance code. It was kept as it is and counts for nothing."
)
TWO_MARKS = (
    "The student has two different marks for one session: see also {other}. This happens when the report"
    " lists lesson marks; choose session marks (AM and PM) in the report."
)
TOO_MANY = f"The delivery has more than {MAX_ROWS:,} marks. Send one school year at a time."
STRANGER = "The mark is of a student who is not in the students report. It was kept."


class Marks:
    """The marks of one delivery, from any number of reports: each student's session once."""

    def __init__(self, problems: Problems, students: frozenset[str] | None) -> None:
        """students: the ids of the delivery's students, None if it says nothing about students."""
        self.records: list[MarkRecord] = []
        self._problems = problems
        self._students = students
        self._sessions: dict[str, dict[int, int]] = {}  # by student: session -> place in records

    def read(self, report: Recognised) -> None:
        """Adds the marks of one report. Raises Refused when it cannot be read on."""
        places = [report.binding.places[name][0] for name in NAMES]
        for row in report.report.rows(report.binding.wanted):
            id, date, session, code = (values.clean(row.cells[place]) for place in places)
            if code and (record := self._record(report, row, (id, date, session, code))):
                self._add(record)

    def _record(self, report: Recognised, row: Row, texts: tuple[str, str, str, str]) -> MarkRecord | None:
        parsers: tuple[Callable[[str], Any], ...] = (
            values.person_id,
            values.day,
            values.session,
            values.mark_code,
        )
        found: list[Any] = []
        for name, parse, text in zip(NAMES, parsers, texts, strict=True):
            try:
                found.append(parse(text))
            except ValueError as error:
                place = report.binding.places[name][0]
                where = report.report.where(row.line_of(place), report.binding.wanted[place])
                self._problems.error(f"{quoted(text)} {error}." if text else f"The value {error}.", where)
                return None
        id, date, session, code = found
        return MarkRecord(id, date, session, code, report.report.where(row.line)) if code else None

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
        if codes.statistical_category(record.code) == "unknown":
            self._problems.tally(UNKNOWN.format(code=quoted(record.code)), record.where, "marks")
        if self._students is not None and record.student_mis_id not in self._students:
            self._problems.tally(STRANGER, record.where, "marks")


def _number(date: dt.date, session: str) -> int:
    """One small number for a session: a tuple for each mark of a year takes three times the memory."""
    return date.toordinal() * 2 + (session == "PM")
