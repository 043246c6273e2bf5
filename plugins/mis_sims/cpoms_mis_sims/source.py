"""SIMS as a source of students, contacts, staff and session marks (MIS-01, MIS-05).

A delivery is one report (XML or CSV, of students with or without their contacts, of staff, or of marks), or
a zip of reports: one of students, one of staff, any number of contacts and marks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import BinaryIO
from zoneinfo import ZoneInfo

from cpoms_core.imports.captions import CaptionedField, Captions
from cpoms_core.imports.records import Extract
from cpoms_mis_sims import staff, students
from cpoms_mis_sims.archive import reports_in
from cpoms_mis_sims.captioned import CAPTIONED
from cpoms_mis_sims.captions import normal
from cpoms_mis_sims.csv_reader import CsvReport
from cpoms_mis_sims.fields import STAFF_SIGNS, STUDENT_SIGNS
from cpoms_mis_sims.kinds import CAPTIONS_PAGE, Kind, Recognised, recognise
from cpoms_mis_sims.limits import MAX_UPLOAD, MIB
from cpoms_mis_sims.marks import Marks
from cpoms_mis_sims.problems import Problems, Refused, quoted
from cpoms_mis_sims.reports import Report
from cpoms_mis_sims.xml_reader import XmlReport

TOO_LARGE = (
    f"The file is larger than {MAX_UPLOAD // MIB} MB. Put the reports in a zip, or split the marks by month."
)
OTHER_FILE = (
    "Only .xml, .csv and .zip files of SIMS are read. Export the report as XML or CSV and upload that."
)
NOT_TEXT = (
    "The file's content is that of an Excel workbook or a zip file, not of a report. Export the report as XML"
    " or CSV; renaming the file does not change it."
)
NOTHING = (
    "The {kind} report has no records, so nothing was changed. Check the report's filter and the effective"
    " date and run it again."
)
NO_MARKS = "The marks report has no records. That is right only if there was no school in its period."
NO_CONTACTS = "The contacts report has no records: the import would end every contact. Check the report."
ALONE = (
    "The contacts report came without the students report. Put both in one zip file, so that the contacts can"
    " be matched to the students."
)
SECOND = "The zip holds two {kind} reports. Leave only the current one in it."
NO_CAPTION = (
    "The school's own caption for {field} is {caption}, and no report has such a column. Check its spelling"
    f" under {CAPTIONS_PAGE}."
)
UNREAD = (
    "The {kind} report has columns that are not read: {captions}. If one of them is a field under another"
    f" name, give it as the field's caption under {CAPTIONS_PAGE}."
)
UNREAD_NAMED = 8  # columns
KNOWN = frozenset(
    normal(caption)
    for caption in (
        *STUDENT_SIGNS,
        *STAFF_SIGNS,
        "Photo",
        *(usual for field in CAPTIONED for usual in field.usual),
    )
)
"""Captions that stand for nothing else than is known: nobody need be told that such a column is not read."""


def today_at_school() -> dt.date:
    """The date in the United Kingdom, where every school with SIMS is."""
    return dt.datetime.now(ZoneInfo("Europe/London")).date()


class SimsSource:
    """Implements `MisSource` for SIMS Command Reporter."""

    name: str = "sims"
    title: str = "SIMS"
    accepts: tuple[str, ...] = (".xml", ".csv", ".zip")
    max_bytes: int = MAX_UPLOAD
    captioned: tuple[CaptionedField, ...] = CAPTIONED

    def __init__(self, today: Callable[[], dt.date] = today_at_school) -> None:
        self._today = today

    def read(self, file: BinaryIO, file_name: str, captions: dict[str, tuple[str, ...]]) -> Extract:
        """Parses one delivery in bounded time and memory.

        file: seekable. file_name: its ending says how it is read. captions: the school's own, by
        field (as in `fields.py`). Never raises for bad input; with an error nothing but the
        problems is in the answer.
        """
        problems = Problems()
        extract = Extract()
        try:
            self._read(_reports(file, file_name), captions, extract, problems)
        except Refused as refusal:
            problems.add(refusal.problem)
        if problems.refused:
            extract = Extract()
        extract.problems = problems.listed()
        return extract

    def _read(self, reports: list[Report], captions: Captions, extract: Extract, problems: Problems) -> None:
        delivery = [recognise(report, captions) for report in reports]
        for report in delivery:
            for note in report.survey.notes:
                problems.warn(note, report.report.where())
            _tell_unread(report, problems)
        _check_captions(captions, delivery, problems)
        of_kind = {kind: [report for report in delivery if report.kind is kind] for kind in Kind}
        _check_delivery(of_kind, problems)
        if problems.refused:
            return
        contacts, marks = of_kind[Kind.CONTACTS], of_kind[Kind.MARKS]
        for report in of_kind[Kind.STUDENTS]:
            extract.students = students.read_students(report, contacts, problems, self._today())
            extract.student_fields = students.fields_of(report, contacts)
        for report in of_kind[Kind.STAFF]:
            extract.staff = staff.read_staff(report, problems)
            extract.staff_fields = staff.fields_of(report)
        if marks:
            known = extract.students
            ids = None if known is None else frozenset(student.mis_id for student in known)
            collected = Marks(problems, ids)
            for report in marks:
                collected.read(report)
            extract.marks = tuple(collected.records)


def _reports(file: BinaryIO, file_name: str) -> list[Report]:
    """The reports of a delivery, not read yet. Raises Refused."""
    if file.seek(0, 2) > MAX_UPLOAD:
        raise Refused(TOO_LARGE)
    file.seek(0)
    start = file.read(4)
    ending = PurePosixPath(file_name.lower()).suffix
    if ending == ".zip":
        return [_report(name, opener, name) for name, opener in reports_in(file)]
    if ending not in SimsSource.accepts:
        raise Refused(OTHER_FILE)
    if start in {b"PK\x03\x04", b"\xd0\xcf\x11\xe0"}:
        raise Refused(NOT_TEXT)

    def opener() -> BinaryIO:
        file.seek(0)
        return file

    return [_report(file_name, opener, "")]


def _report(file_name: str, opener: Callable[[], BinaryIO], name: str) -> Report:
    reader = XmlReport if file_name.lower().endswith(".xml") else CsvReport
    return reader(opener, name)


def _check_captions(own: Captions, delivery: list[Recognised], problems: Problems) -> None:
    """Tells of captions that have no effect in the reports that could have them: a misspelt one would leave a
    field out in silence."""
    kinds = {str(report.kind) for report in delivery}
    columns = {normal(caption) for report in delivery for caption in report.survey.filled}
    for field in CAPTIONED:
        captions = own.get(field.name, ())
        if field.reports & kinds and captions and not columns & {normal(caption) for caption in captions}:
            shown = " or ".join(quoted(caption) for caption in captions)
            problems.warn(NO_CAPTION.format(field=field.title, caption=shown))


def _tell_unread(report: Recognised, problems: Problems) -> None:
    """Names the columns that hold something and are no field: what a school calls otherwise is among them."""
    read = frozenset(report.binding.wanted)
    unread = [
        caption
        for caption, filled in report.survey.filled.items()
        if filled and caption not in read and normal(caption) not in KNOWN
    ]
    if unread:
        named = [quoted(caption) for caption in unread[:UNREAD_NAMED]]
        more = [f"and {len(unread) - UNREAD_NAMED} more"] if len(unread) > UNREAD_NAMED else []
        shown = ", ".join([*named, *more])
        problems.warn(UNREAD.format(kind=report.kind, captions=shown), report.report.where(1))


def _check_delivery(of_kind: Mapping[Kind, list[Recognised]], problems: Problems) -> None:
    for kind, reports in of_kind.items():
        if kind in {Kind.STUDENTS, Kind.STAFF} and len(reports) > 1:
            problems.error(SECOND.format(kind=kind), reports[1].report.where())
        for report in reports:
            if report.survey.rows:
                continue
            where = report.report.where()
            if kind is Kind.MARKS:
                problems.warn(NO_MARKS, where)
            else:
                problems.error(NO_CONTACTS if kind is Kind.CONTACTS else NOTHING.format(kind=kind), where)
    if of_kind[Kind.CONTACTS] and not of_kind[Kind.STUDENTS]:
        problems.error(ALONE, of_kind[Kind.CONTACTS][0].report.where())
