"""Comparing and applying deliveries, over any sequence of them (MIS-01, MIS-03, MIS-08, STU-11)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError

from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.imports import people
from cpoms_core.imports.apply import ImportedMeanwhile, take_turn, write
from cpoms_core.imports.changes import Changes
from cpoms_core.imports.compare import compare
from cpoms_core.imports.records import ContactRecord, Extract, MarkRecord, StaffRecord, StudentRecord
from cpoms_core.students.models import (
    AttendanceMark,
    Contact,
    GroupMember,
    StaffMember,
    Student,
    StudentGroup,
    StudentLink,
)
from cpoms_core.tenancy.services import change_setting, create_school

NOW = dt.datetime(2026, 9, 7, 5, 0, tzinfo=dt.UTC)
_numbers = itertools.count(1)


class Importing:
    """A school of its own, into which extracts are imported."""

    def __init__(self, app: Application, source: str = "sims") -> None:
        self.app, self.source, self.now = app, source, NOW
        self.id = create_school(
            app, f"imp-{os.getpid()}-{next(_numbers)}-{uuid.uuid4().hex[:6]}", "X", now=NOW
        )

    def compare(self, extract: Extract, source: str = "") -> Changes:
        with self.app.session(self.id, writes=False) as db:
            return compare(db, source or self.source, extract, self.now)

    def take(self, extract: Extract, source: str = "") -> Changes:
        """Imports the extract; a day goes by."""
        changes = self.compare(extract, source)
        with self.app.transaction(self.id) as db:
            take_turn(db, changes.version)
            write(db, changes, self.now)
        self.now += dt.timedelta(days=1)
        return changes

    def students(self, source: str = "sims") -> dict[str, Student]:
        with self.app.session(self.id, writes=False) as db:
            return {
                s.mis_id or "": s for s in db.scalars(select(Student).where(Student.mis_source == source))
            }

    def rows(self, query: Any) -> list[Any]:
        with self.app.session(self.id, writes=False) as db:
            return list(db.execute(query))

    def groups(self) -> dict[uuid.UUID, set[str]]:
        found: dict[uuid.UUID, set[str]] = {}
        for student, kind, name in self.rows(
            select(GroupMember.student_id, StudentGroup.kind, StudentGroup.name).join(
                StudentGroup, StudentGroup.id == GroupMember.group_id
            )
        ):
            found.setdefault(student, set()).add(f"{kind} {name}")
        return found


@pytest.fixture
def importing(app: Application) -> Importing:
    return Importing(app)


def student(mis_id: str, **values: Any) -> StudentRecord:
    return StudentRecord(mis_id, **{"legal_forename": "Sam", "legal_surname": "Khan", **values})


def extract(*students: StudentRecord, **values: Any) -> Extract:
    return Extract(students=students, **values)


def is_empty(changes: Changes) -> bool:
    """Whether nothing at all would be written."""
    lists: list[Any] = []
    for part in (
        changes.students,
        changes.staff,
        changes.contacts,
        changes.groups,
        changes.links,
        changes.marks,
    ):
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            if field.name not in ("ids", "doubtful", "added") and isinstance(value, list | dict):
                lists.append(value)
    return not any(lists)


# --- any sequence of extracts -----------------------------------------------------------------------------

IDS = ("1", "2", "3", "4", "5")
contacts = st.lists(
    st.builds(
        ContactRecord,
        mis_id=st.sampled_from("abc"),
        name=st.sampled_from(("Mrs Khan", "Mr Khan")),
        relationship=st.sampled_from(("Mother", "Father")),
        priority=st.sampled_from((None, 1, 2)),
        phones=st.sampled_from(((), ("01",), ("01", "02"))),
    ),
    max_size=3,
    unique_by=lambda contact: contact.mis_id,
).map(tuple)
bodies = st.fixed_dictionaries(
    {
        # few names, birthdays and UPNs on purpose: twins, namesakes and mistakes are the rule here
        "legal_forename": st.sampled_from(("Sam", "Björn")),
        "legal_surname": st.sampled_from(("Khan", "O’Connor")),
        "upn": st.sampled_from(("", "A123456789012", "B123456789012")),
        "date_of_birth": st.sampled_from((None, dt.date(2014, 2, 3))),
        "year_group": st.sampled_from(("", "7", "8")),
        "tutor_group": st.sampled_from(("", "7A", "8B")),
        "medical_conditions": st.sampled_from(((), ("Asthma",))),
        "siblings": st.lists(st.sampled_from((*IDS, "unknown")), max_size=2, unique=True).map(tuple),
        "contacts": contacts,
    }
)
extracts = st.dictionaries(st.sampled_from(IDS), bodies, max_size=5).map(
    lambda found: extract(*(StudentRecord(mis_id, **body) for mis_id, body in found.items()))
)
SEQUENCE = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@SEQUENCE
@given(sequence=st.lists(extracts, min_size=1, max_size=5))
def test_any_sequence_of_extracts(app: Application, sequence: list[Extract]) -> None:
    """MIS-03, MIS-08, STU-11: whatever comes in whatever order, the school has exactly one row for each id
    ever seen, with the values of its last record, archived exactly while the MIS does not name it; importing
    the same again changes nothing."""
    school = Importing(app)
    known: dict[str, uuid.UUID] = {}
    last: dict[str, StudentRecord] = {}
    for delivery in sequence:
        before = school.students()
        changes = school.take(delivery)
        records = {record.mis_id: record for record in delivery.students or ()}
        last |= records
        rows = school.students()
        _check_counts(changes, before, rows, records)
        assert rows.keys() == last.keys(), "no student is lost, none is made up"
        groups = school.groups()
        for mis_id, row in rows.items():
            assert row.id == known.setdefault(mis_id, row.id), "a student's row is theirs for ever"
            assert (row.archived_at is None) == (mis_id in records)
            _check_row(row, last[mis_id], groups.get(row.id, set()))
        _check_contacts(school, rows, records)
        _check_links(school, rows, records)
        again = school.compare(delivery)
        assert is_empty(again), "the same delivery again writes nothing"
        assert again.students.counts.unchanged == len(records)


def _check_counts(
    changes: Changes, before: dict[str, Student], after: dict[str, Student], records: dict[str, Any]
) -> None:
    counts = changes.students.counts
    assert counts.added == len(records.keys() - before.keys())
    assert counts.archived == sum(1 for m, s in before.items() if s.archived_at is None and m not in records)
    assert counts.restored == sum(1 for m, s in before.items() if s.archived_at is not None and m in records)
    assert counts.added + counts.changed + counts.restored + counts.unchanged == len(records)
    stayed = [m for m, s in before.items() if s.archived_at is None and m in records]
    columns = [c.key for c in Student.__table__.columns if c.key != "mis_hash"]
    differ = sum(1 for m in stayed if any(getattr(before[m], c) != getattr(after[m], c) for c in columns))
    assert counts.changed == differ, "what is counted as changed is what changed"


def _check_row(row: Student, record: StudentRecord, groups: set[str]) -> None:
    for name in people.PLAIN:
        assert getattr(row, name) == getattr(record, name)
    assert row.details["medical_conditions"] == list(record.medical_conditions)
    expected = {f"tutor {record.tutor_group}"} if record.tutor_group else set()
    expected |= {f"year {record.year_group}"} if record.year_group else set()
    assert groups == (expected if row.archived_at is None else set())


def _check_contacts(
    school: Importing, students: dict[str, Student], records: dict[str, StudentRecord]
) -> None:
    found: dict[uuid.UUID, set[Any]] = {}
    for contact in (row[0] for row in school.rows(select(Contact).where(Contact.ended_at.is_(None)))):
        phones = tuple(contact.details["phones"])
        found.setdefault(contact.student_id, set()).add(
            (contact.mis_id, contact.name, contact.priority, phones)
        )
    for mis_id, record in records.items():
        expected = {(c.mis_id, c.name, c.priority, c.phones) for c in record.contacts}
        assert found.get(students[mis_id].id, set()) == expected


def _check_links(school: Importing, students: dict[str, Student], records: dict[str, StudentRecord]) -> None:
    links = {tuple(row) for row in school.rows(select(StudentLink.student_id, StudentLink.other_id))}
    assert links == {(other, own) for own, other in links}, "known on both sides"
    ids = {mis_id: row.id for mis_id, row in students.items()}
    wanted = {
        (ids[one.mis_id], ids[other])
        for one in records.values()
        for other in one.siblings
        if other in ids and other != one.mis_id
    }
    wanted |= {(other, own) for own, other in wanted}
    assert wanted <= links
    here = {ids[mis_id] for mis_id in records}
    assert {pair for pair in links if here.issuperset(pair)} <= wanted, "no link that neither names any more"


# --- one rule at a time -----------------------------------------------------------------------------------


def test_every_field_of_a_record_has_its_place() -> None:
    """MIS-01: no field of the contract is read and then forgotten."""
    fields = {field.name for field in dataclasses.fields(StudentRecord)}
    elsewhere = {"mis_id", "siblings", "contacts", "where"}
    assert fields == {*people.PLAIN, *people.DETAILS} | elsewhere
    staff = {field.name for field in dataclasses.fields(StaffRecord)}
    assert staff == {*people.STAFF_PLAIN, "mis_id", "where"}
    assert set(people.STUDENTS.columns) <= {column.key for column in Student.__table__.columns}


def test_twins_namesakes_and_a_swapped_upn(importing: Importing) -> None:
    """MIS-08: matched by the MIS's id only: twins of one birthday, namesakes, and two whose UPNs were
    corrected by swapping them stay who they are."""
    same = {"upn": "A123456789012", "date_of_birth": dt.date(2014, 5, 5)}
    importing.take(extract(student("1", **same), student("2", **same)))
    first = {mis_id: row.id for mis_id, row in importing.students().items()}
    importing.take(extract(student("2", upn="A1"), student("1", upn="B1", legal_surname="Renamed")))
    rows = importing.students()
    assert {mis_id: row.id for mis_id, row in rows.items()} == first
    assert (rows["1"].upn, rows["2"].upn) == ("B1", "A1")
    assert (rows["1"].legal_surname, rows["2"].legal_surname) == ("Renamed", "Khan")


def test_rows_of_others_are_never_touched(importing: Importing) -> None:
    """MIS-08, STU-03, STU-04: students typed in by staff, of another source with the same ids, contacts and
    links that staff added: an import leaves them as they are."""
    importing.take(extract(student("1", legal_surname="Other")), "arbor")
    importing.take(extract(student("1"), student("2")))
    ids = {mis_id: row.id for mis_id, row in importing.students().items()}
    with importing.app.transaction(importing.id) as db:
        typed = Student(
            school_id=importing.id,
            id=new_id(),
            legal_forename="Typed",
            legal_surname="In",
            surname_key="in",
            forename_key="typed",
            search_text="typed in",
            created_at=NOW,
        )
        own = Contact(school_id=importing.id, id=new_id(), student_id=ids["1"], name="Social worker")
        db.add_all([typed, own])
        db.flush()
        for one, other in ((ids["1"], ids["2"]), (ids["2"], ids["1"]), (ids["1"], typed.id)):
            db.add(
                StudentLink(
                    school_id=importing.id, student_id=one, other_id=other, kind="friend", from_mis=False
                )
            )
    importing.take(
        extract(student("1", siblings=("2",), contacts=(ContactRecord("c", "Mum"),)), student("2"))
    )
    with importing.app.session(importing.id, writes=False) as db:
        links = db.scalars(select(StudentLink.from_mis)).all()
        assert sorted(links) == [False, False, False, True, True], "a friend may be a sibling too"
    importing.take(extract(student("1", legal_forename="Changed"), student("2")))
    assert is_empty(importing.compare(extract(student("1", legal_forename="Changed"), student("2"))))
    with importing.app.session(importing.id, writes=False) as db:
        row = db.get_one(Student, (importing.id, typed.id))
        assert (row.legal_forename, row.archived_at) == ("Typed", None)
        assert db.get_one(Contact, (importing.id, own.id)).ended_at is None
        links = db.scalars(select(StudentLink)).all()
        assert len(links) == 3 and not any(link.from_mis for link in links), "what staff noted stays"
    other = importing.students("arbor")["1"]
    assert (other.legal_surname, other.archived_at) == ("Other", None)


def test_a_delivery_blanks_only_what_it_speaks_about(importing: Importing) -> None:
    """MIS-01: a report without a column leaves the column alone, and one that has it can blank it."""
    full = student(
        "1", ethnicity="White British", medical_conditions=("Asthma",), tutor_group="7A", year_group="7",
        siblings=("2",), contacts=(ContactRecord("c", "Mum"),), preferred_forename="Sammy", upn="A1",
    )  # fmt: skip
    importing.take(extract(full, student("2")))
    short = extract(
        student("1", legal_forename="Samuel"), student("2"),
        student_fields=frozenset({"mis_id", "legal_forename", "legal_surname"}),
    )  # fmt: skip
    changes = importing.take(short)
    row = importing.students()["1"]
    assert (row.legal_forename, row.ethnicity, row.preferred_forename) == ("Samuel", "White British", "Sammy")
    assert row.details["medical_conditions"] == ["Asthma"]
    assert row.search_text == "sammy khan samuel khan a1"
    assert importing.groups()[row.id] == {"tutor 7A", "year 7"}
    assert changes.contacts.counts.archived == 0 and not changes.links.gone
    assert (changes.students.counts.changed, changes.students.counts.unchanged) == (1, 1)
    assert is_empty(importing.compare(short))
    importing.take(extract(student("1"), student("2")))
    row = importing.students()["1"]
    assert (row.ethnicity, row.details["medical_conditions"]) == ("", [])
    assert importing.groups() == {}


def test_a_delivery_without_students_archives_nobody(importing: Importing) -> None:
    """MIS-01: no students report means nothing about students; an empty one means that there are none."""
    importing.take(extract(student("1")))
    importing.take(Extract(staff=(StaffRecord("9", "Zoë", "Marks"),)))
    assert importing.students()["1"].archived_at is None
    assert len(importing.compare(extract()).students.archived) == 1


def test_search_text_and_keys_are_folded(importing: Importing) -> None:
    """DSH-01: every name and the UPN are found by letters of any keyboard; lists are in the order of the
    names shown."""
    importing.take(
        extract(
            student(
                "1", legal_forename="Zoë", legal_surname="O’Connor", preferred_surname="Ångström",
                middle_names="Łucja", upn="A1",
            )
        )
    )  # fmt: skip
    row = importing.students()["1"]
    assert (row.surname_key, row.forename_key) == ("angstrom", "zoe")
    assert row.search_text == "zoe angstrom zoe o'connor lucja a1"


def test_staff_come_change_leave_and_return(importing: Importing) -> None:
    """MIS-01, USR-01: staff are kept when they leave, with the day, and are the same when they return."""
    zoe, ned = StaffRecord("9", "Zoë", "Marks"), StaffRecord("8", "Ned", "Low", email="n@x.example")

    def staff() -> dict[str, StaffMember]:
        return {row[0].mis_id: row[0] for row in importing.rows(select(StaffMember))}

    importing.take(Extract(staff=(zoe, ned)))
    first = staff()
    changes = importing.take(Extract(staff=(dataclasses.replace(zoe, surname="Wed"),)))
    assert (changes.staff.counts.changed, changes.staff.counts.archived) == (1, 1)
    assert staff()["9"].surname == "Wed" and staff()["8"].left_at is not None
    importing.take(Extract(staff=(zoe, ned)))
    assert staff()["8"].left_at is None
    assert {mis_id: row.id for mis_id, row in staff().items()} == {m: row.id for m, row in first.items()}
    assert is_empty(importing.compare(Extract(staff=(zoe, ned))))


def test_marks_are_added_and_corrected(importing: Importing) -> None:
    """STU-06: a corrected mark replaces the old one; a mark that a later delivery does not hold stays; marks
    of unknown students are counted and left out."""
    day = dt.date(2026, 9, 3)
    am, pm = MarkRecord("1", day, "AM", "N"), MarkRecord("1", day, "PM", "\\")
    changes = importing.take(extract(student("1"), marks=(am, pm, MarkRecord("77", day, "AM", "/"))))
    assert (changes.marks.counts.added, changes.marks.strangers) == (2, 1)
    changes = importing.take(Extract(marks=(MarkRecord("1", day, "AM", "L"),)))
    assert (changes.marks.counts.changed, changes.marks.counts.added) == (1, 0)
    marks = {row[0].session: row[0].code for row in importing.rows(select(AttendanceMark))}
    assert marks == {"AM": "L", "PM": "\\"}
    assert importing.compare(Extract(marks=(MarkRecord("1", day, "AM", "L"), pm))).marks.counts.unchanged == 2


# --- what is written, and how -----------------------------------------------------------------------------


@contextmanager
def statements(app: Application) -> Iterator[list[str]]:
    """Collects what is sent to the database."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(" ".join(statement.split()))

    engines = {id(engine): engine for engine in (app.engines.reading, app.engines.writing)}.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def school_of(count: int, start: int = 0) -> Sequence[StudentRecord]:
    return [
        student(
            str(n), legal_surname=f"S{n}", tutor_group=f"7{n % 4}", contacts=(ContactRecord(f"c{n}", "Mum"),)
        )
        for n in range(start, start + count)
    ]


def test_queries_do_not_grow_with_the_school(app: Application) -> None:
    """MIS-03: comparing asks as often for 40 students as for 4, and writing sends as many statements."""
    sent: dict[int, list[str]] = {}
    for count in (4, 40):
        school = Importing(app)
        marks = tuple(MarkRecord(str(n), dt.date(2026, 9, 3), "AM", "/") for n in range(count))
        school.take(extract(*school_of(count), marks=marks))
        renamed = [dataclasses.replace(one, legal_forename="New") for one in school_of(count)]
        with statements(app) as found:
            school.take(extract(*renamed, marks=marks))
        sent[count] = found
    assert len(sent[4]) == len(sent[40]), sent


def test_the_second_import_of_a_file_writes_nothing(importing: Importing) -> None:
    """MIS-03: the same delivery again sends no statement that writes, its turn aside."""
    delivery = extract(
        *school_of(30),
        staff=(StaffRecord("9", "Zoë", "Marks"),),
        marks=(MarkRecord("1", dt.date(2026, 9, 3), "AM", "/"),),
    )
    importing.take(delivery)
    with statements(importing.app) as sent:
        importing.take(delivery)
    writes = [one for one in sent if one.split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert len(writes) == 1 and "counter" in writes[0], writes


def test_all_or_nothing(importing: Importing) -> None:
    """MIS-02: an error in the last of the rows leaves nothing of the first."""
    changes = importing.compare(
        extract(student("1", tutor_group="7A"), marks=(MarkRecord("1", dt.date(2026, 9, 3), "AM", "/"),))
    )
    changes.marks.new.append(dict(changes.marks.new[0]))
    with pytest.raises(IntegrityError), importing.app.transaction(importing.id) as db:
        take_turn(db, changes.version)
        write(db, changes, NOW)
    assert importing.students() == {}
    assert importing.rows(select(StudentGroup)) == []
    importing.take(extract(student("1")))
    assert importing.students().keys() == {"1"}


def test_of_two_imports_at_once_one_is_refused(importing: Importing) -> None:
    """MIS-02: what was compared before another import is not applied after it."""
    first, second = importing.compare(extract(student("1"))), importing.compare(extract(student("1")))
    with importing.app.transaction(importing.id) as db:
        take_turn(db, first.version)
        write(db, first, NOW)
    with pytest.raises(ImportedMeanwhile), importing.app.transaction(importing.id) as db:
        take_turn(db, second.version)
        write(db, second, NOW)
    assert importing.rows(select(func.count()).select_from(Student))[0][0] == 1


@pytest.mark.parametrize(
    ("current", "gone", "percent", "stopped"),
    [(100, 10, 10, False), (100, 11, 10, True), (10, 1, 10, False), (9, 1, 10, True), (3, 3, 100, False)],
)
def test_the_guard_counts_exactly(current: int, gone: int, percent: int, stopped: bool) -> None:
    """MIS-03: the share itself is allowed, one student more is not."""
    changes = Changes(version=0, current=current)
    changes.students.archived = [new_id() for _ in range(gone)]
    assert changes.archives_too_many(percent) is stopped


def test_a_school_that_shows_legal_names_is_ordered_by_them(importing: Importing) -> None:
    """STU-12: and every name is found all the same."""
    with importing.app.transaction(importing.id) as db:
        change_setting(db, "student_names", "legal")
    importing.take(extract(student("1", preferred_forename="Effie", preferred_surname="Byrne")))
    kept = importing.students()["1"]
    assert (kept.surname_key, kept.forename_key) == ("khan", "sam")
    assert kept.search_text == "effie byrne sam khan"
    again = extract(student("1", preferred_forename="Effie", preferred_surname="Byrne", gender="Female"))
    importing.take(again)
    assert importing.students()["1"].surname_key == "khan"


def test_what_the_school_keeps_survives_an_import(importing: Importing) -> None:
    """STU-03: summary, keywords and photo are the school's, and stay found."""
    importing.take(extract(student("1")))
    kept = importing.students()["1"]
    with importing.app.transaction(importing.id) as db:
        row = db.get_one(Student, (importing.id, kept.id))
        row.summary, row.keywords, row.keyword_text = "Careful.", ["Allergy"], "allergy"
        row.photo_id = photo = new_id()
    importing.take(extract(student("1", legal_forename="Samira")))
    kept = importing.students()["1"]
    assert (kept.legal_forename, kept.summary, kept.keywords) == ("Samira", "Careful.", ["Allergy"])
    assert (kept.keyword_text, kept.photo_id) == ("allergy", photo)
