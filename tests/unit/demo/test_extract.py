"""Hillside's extract is whole, hard in the ways a real one is, and the same each time (MIS-01, MIS-05)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import time
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from cpoms_core.demo.attendance import marks, school_days
from cpoms_core.demo.extract import display, element_name, write_extract
from cpoms_core.demo.names import WORD_FORENAMES_F, WORD_FORENAMES_M, WORD_SURNAMES
from cpoms_core.demo.people import DemoSchool
from cpoms_core.demo.school import YEAR_SIZES, hillside
from cpoms_core.imports import codes


@pytest.fixture(scope="module")
def hill() -> DemoSchool:
    return hillside()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_extract(tmp_path_factory.mktemp("hillside"))


@pytest.fixture(scope="module")
def archive(written: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(written) as opened:
        yield opened


def test_twelve_hundred_students_in_their_years_and_forms_mis_05(hill: DemoSchool) -> None:
    assert len(hill.students) == 1_200
    assert Counter(student.year for student in hill.students) == YEAR_SIZES
    forms = Counter(student.form for student in hill.students)
    assert {form for form in forms if form.startswith("7")} == {"7A", "7B", "7C", "7D", "7E", "7F"}
    assert all(25 <= size <= 36 for size in forms.values())
    assert len({student.id for student in hill.students}) == 1_200
    assert len({student.admission_number for student in hill.students}) == 1_200
    for student in hill.students:
        first_day = dt.date(2026 - student.year - 5, 9, 1)
        assert first_day <= student.born < first_day.replace(year=first_day.year + 1)


def test_upns_are_valid_unique_and_of_no_real_authority_mis_05(hill: DemoSchool) -> None:
    upns = [student.upn for student in hill.students if student.upn]
    assert len(set(upns)) == len(upns)
    assert all(codes.valid_upn(upn) and upn[1:4] == "999" for upn in upns)
    assert 1 <= sum(upn[-1].isalpha() for upn in upns) <= 40
    assert 1 <= 1_200 - len(upns) <= 15


def test_names_are_as_hard_as_real_ones_mis_05(hill: DemoSchool) -> None:
    forenames = {student.forename for student in hill.students}
    surnames = {student.surname for student in hill.students}
    names = forenames | surnames
    assert sum(any(ord(sign) > 127 for sign in name) for name in names) > 40
    assert any("'" in name for name in surnames)
    assert any("’" in name for name in surnames)
    assert any("-" in name for name in surnames)
    assert any("-" in name for name in forenames)
    assert any(" " in name for name in surnames)
    assert any(unicodedata.combining(sign) for name in names for sign in name)
    own_script = {student.preferred_forename for student in hill.students}
    assert any(
        unicodedata.name(name[0]).startswith(("CYRILLIC", "ARABIC", "CJK")) for name in own_script if name
    )
    assert {"May", "Mark", "Rose", "Will"} <= forenames & {*WORD_FORENAMES_F, *WORD_FORENAMES_M}
    assert surnames & set(WORD_SURNAMES)


def test_namesakes_and_twins_are_there_to_be_mixed_up_mis_05(hill: DemoSchool) -> None:
    named = defaultdict(list)
    for student in hill.students:
        named[student.forename, student.surname].append(student)
    strangers = [
        (one, other)
        for same in named.values()
        for one in same
        for other in same
        if one.id < other.id and other.id not in one.siblings
    ]
    assert any(one.year == other.year for one, other in strangers)
    assert any(one.year != other.year for one, other in strangers)
    people = {student.id: student for student in hill.students}
    twins = [
        student
        for student in hill.students
        if any(people[sibling].born == student.born for sibling in student.siblings)
    ]
    assert 10 <= len(twins) <= 40
    assert all(people[sibling].forename != twin.forename for twin in twins for sibling in twin.siblings)


def test_siblings_share_home_surname_and_contacts_stu_04(hill: DemoSchool) -> None:
    people = {student.id: student for student in hill.students}
    assert sum(bool(student.siblings) for student in hill.students) > 300
    for student in hill.students:
        for sibling in (people[id] for id in student.siblings):
            assert student.id in sibling.siblings
            assert (sibling.surname, sibling.address) == (student.surname, student.address)
            assert sibling.contacts == student.contacts


def test_contacts_cannot_reach_anybody_stu_04(hill: DemoSchool) -> None:
    contacts = {contact.id: contact for student in hill.students for contact in student.contacts}
    assert {len(student.contacts) for student in hill.students} == {1, 2, 3}
    for contact in contacts.values():
        assert all(phone.startswith(("07700 900", "01632 960")) for phone in contact.phones)
        assert contact.email.isascii()
        assert not contact.email or contact.email.endswith("@family.example")
        assert contact.address[3].startswith("ZZ")
    assert any(len(contact.phones) == 2 for contact in contacts.values())
    assert any(not contact.responsible for contact in contacts.values())


def test_staff_have_addresses_of_the_school_usr_01(hill: DemoSchool) -> None:
    assert len(hill.staff) == 150
    assert len({person.code for person in hill.staff}) == 150
    assert len({person.email for person in hill.staff}) == 150
    for person in hill.staff:
        local, _, domain = person.email.partition("@")
        assert domain == "hillside.example"
        assert local.isascii()
        assert len(person.code) == 3
        assert person.contracts
    ends = [person.contracts[-1][1] for person in hill.staff]
    assert 1 <= sum(end is not None for end in ends) <= 10


def test_needs_and_circumstances_are_in_proportion_stu_02(hill: DemoSchool) -> None:
    share = {
        "sen": sum(student.sen != "N" for student in hill.students),
        "premium": sum(student.pupil_premium for student in hill.students),
        "meals": sum(student.free_meals for student in hill.students),
        "eal": sum(student.language != "English" for student in hill.students),
        "ill": sum(bool(student.conditions) for student in hill.students),
    }
    assert 180 < share["sen"] < 290
    assert 230 < share["premium"] < 350
    assert share["meals"] < share["premium"]
    assert 200 < share["eal"] < 500
    assert 100 < share["ill"] < 210
    assert all(bool(student.needs) == (student.sen != "N") for student in hill.students)
    assert all(codes.sen_need(need) == need for student in hill.students for need in student.needs)
    main = {codes.ethnicity(student.ethnicity) for student in hill.students}
    assert {"White British", "Pakistani", "Black African", "Chinese", "Refused"} <= main


def test_marks_of_every_school_day_and_session_stu_06(hill: DemoSchool) -> None:
    days = school_days()
    assert (days[0], days[-1], len(days)) == (dt.date(2026, 9, 3), dt.date(2026, 9, 30), 20)
    by_student: dict[int, list[str]] = defaultdict(list)
    seen = set()
    for student, day, session, code in marks(hill):
        seen.add((student.id, day, session))
        by_student[student.id].append(code)
        assert code in codes.attendance_codes()
        assert (code == "/") <= (session == "AM")
        assert (code == "\\") <= (session == "PM")
        assert code != "R" or (student.religion, day.day) == ("Jewish", 21)
    assert len(seen) == 1_200 * 20 * 2
    taken = [code for own in by_student.values() for code in own if codes.counts_as_possible(code)]
    present = sum(codes.statistical_category(code) == "present" for code in taken) / len(taken)
    assert 0.91 < present < 0.96
    assert {"L", "I", "M", "N", "O", "U", "G", "E", "V", "C2", "R", "-"} <= set().union(*by_student.values())
    often_absent = [
        own for own in by_student.values() if sum(code in {"/", "\\", "L", "V", "-"} for code in own) < 36
    ]
    assert 60 < len(often_absent) < 240
    assert any("IIIIII" in "".join(own) for own in by_student.values())


def test_the_same_seed_writes_the_same_bytes_quickly_mis_01(
    written: Path, hill: DemoSchool, tmp_path: Path
) -> None:
    start = time.process_time()
    again = write_extract(tmp_path)
    assert time.process_time() - start < 10
    assert again.name == "hillside_sims.zip"
    assert again.read_bytes() == written.read_bytes()
    assert hillside(seed=1) != hill


@pytest.mark.parametrize("name", ["students.xml", "contacts.xml", "staff.xml"])
def test_reports_have_the_form_of_command_reporter_mis_05(archive: zipfile.ZipFile, name: str) -> None:
    root = etree.fromstring(archive.read(name))
    schema, *records = root
    assert root.tag == "SuperStarReport"
    assert schema.tag == "{http://www.w3.org/2001/XMLSchema}schema"
    declared = {column.get("name") for column in schema.iter("{*}element")} - {"SuperStarReport", "Record"}
    assert {record.tag for record in records} == {"Record"}
    used = {cell.tag for record in records for cell in record}
    assert used == declared
    assert all(cell.text and not len(cell) for record in records for cell in record)
    ids = Counter(record.findtext("primary_id") for record in records)
    assert max(ids.values()) > 1  # the cross product
    assert len(records) > len(ids)


def test_the_zip_holds_four_reports_mis_05(archive: zipfile.ZipFile) -> None:
    assert archive.namelist() == ["students.xml", "contacts.xml", "staff.xml", "marks.csv"]
    rows = list(csv.reader(io.TextIOWrapper(archive.open("marks.csv"), encoding="utf-8", newline="")))
    assert rows[0] == ["Student ID", "Date", "Session", "Mark"]
    assert len(rows) == 1 + 48_000
    assert rows[1][1:3] == ["03/09/2026", "AM"]


def test_captions_and_dates_are_written_as_sims_does_mis_05() -> None:
    assert element_name("Legal Surname") == "Legal_x0020_Surname"
    assert element_name("primary_id") == "primary_id"
    assert element_name("IT sync?") == "IT_x0020_sync_x003F_"
    assert display(dt.date(2012, 6, 14)) == "2012-06-14T00:00:00+01:00"
    assert display(dt.date(2012, 12, 14)) == "2012-12-14T00:00:00+00:00"
    assert (display(True), display(False), display(7)) == ("T", "F", "7")
