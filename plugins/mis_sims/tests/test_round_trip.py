"""The demonstration school's extract comes back as it was made (MIS-01, MIS-05)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
from cpoms_mis_sims.source import SimsSource

from cpoms_core.demo.attendance import marks
from cpoms_core.demo.extract import write_extract
from cpoms_core.demo.people import DemoSchool
from cpoms_core.demo.school import hillside
from cpoms_core.imports import codes
from cpoms_core.imports.records import Extract


@pytest.fixture(scope="module")
def school() -> DemoSchool:
    return hillside()


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Extract:
    path: Path = write_extract(tmp_path_factory.mktemp("sims"))
    with path.open("rb") as file:
        return SimsSource(today=lambda: dt.date(2026, 10, 1)).read(file, path.name, {})


def test_nothing_is_wrong_and_nobody_is_lost_mis_05(extract: Extract, school: DemoSchool) -> None:
    assert extract.problems == []
    assert [student.mis_id for student in extract.students] == [
        str(student.id) for student in school.students
    ]
    assert [person.mis_id for person in extract.staff] == [str(person.id) for person in school.staff]
    assert len(extract.students) == 1_200
    assert len(extract.staff) == 150


def test_every_value_of_every_student_comes_back_mis_05(extract: Extract, school: DemoSchool) -> None:
    for record, made in zip(extract.students, school.students, strict=True):
        number, street, town, postcode = made.address
        assert (record.legal_forename, record.legal_surname) == (made.forename, made.surname)
        assert record.preferred_forename == (made.preferred_forename or made.forename)
        assert record.preferred_surname == (made.preferred_surname or made.surname)
        assert record.middle_names == made.middle_names
        assert (record.upn, record.admission_number) == (made.upn, made.admission_number)
        assert (record.date_of_birth, record.admission_date) == (made.born, made.admitted)
        assert (record.year_group, record.tutor_group) == (str(made.year), made.form)
        assert record.gender == ("Female" if made.girl else "Male")
        assert record.sen_status == made.sen
        assert sorted(record.sen_needs) == sorted(made.needs)
        assert sorted(record.medical_conditions) == sorted(made.conditions)
        assert (record.pupil_premium, record.free_school_meals) == (made.pupil_premium, made.free_meals)
        assert record.english_additional == (made.language != "English")
        assert record.ethnicity == codes.ethnicity(made.ethnicity)
        assert (record.religion, record.first_language) == (made.religion, made.language)
        assert record.address == f"{number} {street}, {town}, {postcode}"
        assert record.siblings == tuple(sorted(str(sibling) for sibling in made.siblings))


def test_every_contact_comes_back_in_order_stu_04(extract: Extract, school: DemoSchool) -> None:
    for record, made in zip(extract.students, school.students, strict=True):
        assert [contact.mis_id for contact in record.contacts] == [
            str(contact.id) for contact in made.contacts
        ]
        for contact, was in zip(record.contacts, made.contacts, strict=True):
            assert contact.name == f"{was.title} {was.forename} {was.surname}"
            assert contact.relationship == codes.relationship(was.relationship)
            assert contact.priority == was.priority
            assert contact.parental_responsibility == was.responsible
            assert contact.phones == was.phones
            assert contact.email == was.email


def test_staff_come_back_with_their_contracts_usr_01(extract: Extract, school: DemoSchool) -> None:
    for record, made in zip(extract.staff, school.staff, strict=True):
        assert (record.title, record.forename, record.surname) == (made.title, made.forename, made.surname)
        assert record.email == made.email
        assert record.start_date == made.contracts[0][0]
        assert record.end_date == made.contracts[-1][1]
        assert record.full_time == any(full_time for _, _, full_time in made.contracts)


def test_every_mark_that_was_taken_comes_back_stu_06(extract: Extract, school: DemoSchool) -> None:
    taken = [(str(one.id), day, session, code) for one, day, session, code in marks(school) if code != "-"]
    assert [(mark.student_mis_id, mark.date, mark.session, mark.code) for mark in extract.marks] == taken
    assert Counter(mark.session for mark in extract.marks).total() == len(taken) > 47_000
