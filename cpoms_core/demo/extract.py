"""Writes what SIMS would hand over for Hillside: three Command Reporter XML reports and the marks as CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo

from lxml import etree

from cpoms_core.demo.attendance import Row, marks
from cpoms_core.demo.people import DemoSchool, DemoStudent
from cpoms_core.demo.school import hillside
from cpoms_core.imports import codes

FILE_NAME = "hillside_sims.zip"
WRITTEN = (2026, 10, 1, 2, 0, 0)  # a fixed time, so that the same seed gives the same bytes
LONDON = ZoneInfo("Europe/London")
XS = "http://www.w3.org/2001/XMLSchema"
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.\-]")

Value = str | int | bool | dt.date | None
Record = tuple[Value, ...]

STUDENT_COLUMNS = (
    *(
        "primary_id",
        "Adno",
        "UPN",
        "Legal Surname",
        "Legal Forename",
        "Preferred Surname",
        "Preferred Forename",
    ),
    *("Middle name", "DOB", "Gender", "Year", "Reg", "SEN status", "SEN need", "Medical condition"),
    *("Pupil premium", "Free school meals", "English as additional language", "Ethnicity", "Religion"),
    *("First language", "House number", "Street", "Town", "Postcode", "Admission date", "Sibling ID"),
)
CONTACT_COLUMNS = (
    *("primary_id", "Contact ID", "Contact title", "Contact forename", "Contact surname", "Relationship"),
    *("Priority", "Parental responsibility", "Contact telephone", "Contact e-mail address"),
    *("Contact house number", "Contact street", "Contact town", "Contact postcode"),
)
STAFF_COLUMNS = (
    *("primary_id", "Staff code", "Title", "Forename", "Surname", "Work email", "Employment start"),
    *("Employment end", "Full time"),
)


def write_extract(folder: Path, seed: int = 2026) -> Path:
    """Writes the zip into the folder and answers its path; the same seed gives the same bytes."""
    school = hillside(seed)
    path = folder / FILE_NAME
    reports: tuple[tuple[str, Sequence[str], Iterable[Record]], ...] = (
        ("students.xml", STUDENT_COLUMNS, student_records(school)),
        ("contacts.xml", CONTACT_COLUMNS, contact_records(school)),
        ("staff.xml", STAFF_COLUMNS, staff_records(school)),
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, columns, records in reports:
            with archive.open(_entry(name), "w") as out:
                write_report(cast(BinaryIO, out), columns, records)
        with archive.open(_entry("marks.csv"), "w") as out:
            write_marks(cast(BinaryIO, out), _rows(school, seed))
    return path


def student_records(school: DemoSchool) -> Iterator[Record]:
    """The students report: a student repeats for each need, condition and sibling."""
    for student in school.students:
        several = (student.needs or ("",), student.conditions or ("",), student.siblings or (None,))
        for need, condition, sibling in itertools.product(*several):
            yield _student(student, codes.sen_need_meaning(need), condition, sibling)


def _student(student: DemoStudent, need: str, condition: str, sibling: int | None) -> Record:
    return (
        *(student.id, student.admission_number, student.upn, student.surname, student.forename),
        *(student.preferred_surname or student.surname, student.preferred_forename or student.forename),
        *(student.middle_names, student.born, "Female" if student.girl else "Male"),
        *(f"Year {student.year:2d}", student.form, codes.sen_status_meaning(student.sen), need, condition),
        *(student.pupil_premium, student.free_meals, "No" if student.language == "English" else "Yes"),
        *(student.ethnicity, student.religion, student.language, *student.address, student.admitted, sibling),
    )


def contact_records(school: DemoSchool) -> Iterator[Record]:
    """The contacts report: a student repeats for each contact and each of their telephones."""
    for student in school.students:
        for contact in student.contacts:
            for phone in contact.phones:
                yield (
                    *(student.id, contact.id, contact.title, contact.forename, contact.surname),
                    *(contact.relationship, contact.priority, contact.responsible, phone, contact.email),
                    *contact.address,
                )


def staff_records(school: DemoSchool) -> Iterator[Record]:
    """The staff report: a person repeats for each contract."""
    for person in school.staff:
        for start, end, full_time in person.contracts:
            name = (person.title, person.forename, person.surname)
            yield (person.id, person.code, *name, person.email, start, end, full_time)


def write_report(out: BinaryIO, columns: Sequence[str], records: Iterable[Record]) -> None:
    """Writes Command Reporter XML: the inline schema, then a flat record each, without empty values."""
    names = [element_name(caption) for caption in columns]
    with etree.xmlfile(out, encoding="utf-8") as xml:
        xml.write_declaration()
        with xml.element("SuperStarReport"):
            xml.write("\n  ")
            xml.write(_schema(names), pretty_print=True)
            for record in records:
                element = etree.Element("Record")
                for name, value in zip(names, record, strict=True):
                    if value not in ("", None):
                        etree.SubElement(element, name).text = display(value)
                xml.write(element, pretty_print=True)


def _rows(school: DemoSchool, seed: int) -> Iterator[Row]:
    return ((str(student.id), day, session, code) for student, day, session, code in marks(school, seed))


def write_marks(out: BinaryIO, marked: Iterable[Row]) -> None:
    """Writes the session marks as CSV, one row a session."""
    with io.TextIOWrapper(out, encoding="utf-8", newline="") as text:
        rows = csv.writer(text)
        rows.writerow(("Student ID", "Date", "Session", "Mark"))
        for student, day, session, code in marked:
            rows.writerow((student, day.strftime("%d/%m/%Y"), session, code))


def element_name(caption: str) -> str:
    """A caption as an element name: what XML does not allow is written `_xHHHH_`."""
    return NOT_IN_NAMES.sub(
        lambda sign: f"_x{ord(sign.group()):04X}_" if sign.group() != "_" else "_", caption
    )


def display(value: Value) -> str:
    """A value as Command Reporter writes it; a date is local midnight with the offset of that day."""
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=LONDON).isoformat()
    return str(value)


def _schema(names: Sequence[str]) -> etree._Element:
    def inside(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
        return etree.SubElement(parent, f"{{{XS}}}{tag}", attributes)

    schema = etree.Element(f"{{{XS}}}schema", {"id": "SuperStarReport"}, nsmap={"xs": XS})
    report = inside(inside(schema, "element", name="SuperStarReport"), "complexType")
    record = inside(inside(report, "choice", minOccurs="0", maxOccurs="unbounded"), "element", name="Record")
    columns = inside(inside(record, "complexType"), "sequence")
    for name in names:
        inside(columns, "element", name=name, type="xs:string", minOccurs="0")
    return schema


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, WRITTEN)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
