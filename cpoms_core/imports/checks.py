"""What the core asks of every delivery before it compares it, whichever module read it (MIS-01, MIS-02):
one person an id, and values that the tables can hold. A module that let them pass would otherwise be
found out by the database, with no word about where in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import String

from cpoms_core.imports.records import (
    ContactRecord,
    Extract,
    MarkRecord,
    Problem,
    StaffRecord,
    StudentRecord,
    Where,
)
from cpoms_core.students.models import AttendanceMark, Contact, StaffMember, Student

MOST = 50  # problems told; a file that is wrong throughout is wrong in the same way
SESSIONS = ("AM", "PM")


def check_extract(extract: Extract) -> list[Problem]:
    """What is wrong with a delivery's records: the first fifty errors, each with its place."""
    return list(islice(_problems(extract), MOST))


def _problems(extract: Extract) -> Iterator[Problem]:
    students, staff = extract.students or (), extract.staff or ()
    yield from _ids("students", students)
    yield from _ids("members of staff", staff)
    for student in students:
        yield from _texts(student, Student, student.where)
        yield from _contacts(student)
    for person in staff:
        yield from _texts(person, StaffMember, person.where)
    yield from _marks(extract.marks or ())


def _ids(people: str, records: Sequence[StudentRecord] | Sequence[StaffRecord]) -> Iterator[Problem]:
    places: dict[str, Where] = {}
    for record in records:
        if not record.mis_id:
            yield Problem(f"There are {people} without an id. Each needs one.", record.where)
        elif record.mis_id in places:
            yield Problem(f"Two {people} have the same id: see also {places[record.mis_id]}.", record.where)
        places[record.mis_id] = record.where


def _contacts(student: StudentRecord) -> Iterator[Problem]:
    seen: set[str] = set()
    for contact in student.contacts:
        if not contact.mis_id or contact.mis_id in seen:
            yield Problem("The student has a contact without an id of its own.", student.where)
        seen.add(contact.mis_id)
        yield from _texts(contact, Contact, student.where)


def _texts(
    record: StudentRecord | StaffRecord | ContactRecord, table: type, where: Where
) -> Iterator[Problem]:
    for name in record.__dataclass_fields__:
        value = getattr(record, name)
        for text in value if isinstance(value, tuple) else (value,):
            if not isinstance(text, str):
                continue
            if not _storable(text):
                yield Problem(f"A value of {_words(name)} has characters that are no text.", where)
            longest = _longest(table, name)
            if longest and len(text) > longest:
                yield Problem(f"A value of {_words(name)} is longer than {longest} characters.", where)


def _longest(table: type, name: str) -> int | None:
    column = table.__table__.c.get(name)  # type: ignore[attr-defined]
    return column.type.length if column is not None and isinstance(column.type, String) else None


def _marks(marks: Sequence[MarkRecord]) -> Iterator[Problem]:
    longest = _longest(AttendanceMark, "code") or 0
    good: set[tuple[str, str]] = set()  # a year of marks repeats some twenty codes
    taken: dict[str, set[tuple[int, str]]] = {}
    for mark in marks:
        if (mark.session, mark.code) not in good:
            if mark.session not in SESSIONS or len(mark.code) > longest or not _storable(mark.code):
                yield Problem("A mark has no session or code that could be stored.", mark.where)
                continue
            good.add((mark.session, mark.code))
        own = taken.setdefault(mark.student_mis_id, set())
        session = (mark.date.toordinal(), mark.session)
        if session in own:
            yield Problem("A student has two marks for one session.", mark.where)
        own.add(session)


def _storable(text: str) -> bool:
    """PostgreSQL stores neither NUL nor half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _words(name: str) -> str:
    return name.replace("_", " ")
