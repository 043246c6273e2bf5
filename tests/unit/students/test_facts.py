"""What the MIS says of a student, in words (STU-02)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from cpoms_core.students.facts import NOT_KNOWN, age, age_in_words, facts_of
from cpoms_core.students.models import Student
from cpoms_core.testing.records import as_imported
from cpoms_core.testing.schools import SchoolForTests


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        ("2014-03-14", "2026-03-13", 11),
        ("2014-03-14", "2026-03-14", 12),
        ("2012-02-29", "2023-02-28", 10),
        ("2012-02-29", "2023-03-01", 11),
        ("2012-02-29", "2024-02-29", 12),
    ],
)
def test_age_changes_on_the_birthday(born: str, today: str, years: int) -> None:
    """STU-02: and on 1 March for who was born on a leap day."""
    assert age(dt.date.fromisoformat(born), dt.date.fromisoformat(today)) == years


def test_an_age_that_cannot_be_is_not_known() -> None:
    """STU-02: a date of birth to come is a mistake, not an age of -1."""
    assert age_in_words(dt.date(2030, 1, 1), dt.date(2026, 1, 1)) == ""
    assert age_in_words(dt.date(2025, 1, 1), dt.date(2026, 1, 1)) == "1 year"


def words(school: SchoolForTests, at: dt.datetime) -> dict[str, list[str]]:
    viewer = replace(school.viewer("lead"), clock=lambda: at)
    with school.app.session(school.id, writes=False) as db:
        student = db.get_one(Student, (school.id, school.students["aoife"]))
        return {fact.label: list(fact.values) for part in facts_of(viewer, student) for fact in part.facts}


def test_the_age_is_the_one_at_the_school(school: SchoolForTests) -> None:
    """STU-02: at half past eleven in the evening UTC it is the next day there in summer."""
    as_imported(school)
    with school.app.transaction(school.id) as db:
        db.get_one(Student, (school.id, school.students["aoife"])).date_of_birth = dt.date(2014, 7, 15)
    before = dt.datetime(2026, 7, 14, 22, 30, tzinfo=dt.UTC)
    assert words(school, before)["Age"] == ["11 years"]
    assert words(school, before + dt.timedelta(hours=1))["Age"] == ["12 years"]


def test_codes_are_words_and_what_is_unknown_is_said(school: SchoolForTests) -> None:
    """STU-02: every fact of the list, none left out silently."""
    now = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    bare = words(school, now)
    as_imported(school)
    told = words(school, now)
    assert told["SEN status"] == ["SEN support"]
    assert told["SEN needs"][0] == "Social, emotional and mental health"
    assert told["Medical conditions"] == ["Asthma", "Allergy to nuts"]
    assert told["Address"] == ["7 Harbour Row", "Seatown", "SE1 2AB"]
    assert told["Admission date"] == ["3 September 2025"]
    assert told["Pupil premium"] == ["Yes"] and told["Free school meals"] == [NOT_KNOWN]
    assert bare.keys() == told.keys()
    assert bare["Date of birth"] == bare["Age"] == bare["Ethnicity"] == bare["UPN"] == [NOT_KNOWN]
    assert bare["Medical conditions"] == ["None recorded"]
    assert {
        "Date of birth", "Age", "Gender", "Year group", "Tutor group", "SEN status", "SEN needs",
        "Medical conditions", "Pupil premium", "Free school meals", "English as an additional language",
        "Ethnicity", "Religion", "First language", "UPN", "Address", "Admission date",
    } <= told.keys()  # fmt: skip


def test_another_name_is_told_where_it_differs(school: SchoolForTests) -> None:
    """STU-02, STU-12: who opens the record is told the legal name beside the one that is used."""
    now = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    assert "Legal name" not in words(school, now)
    with school.app.transaction(school.id) as db:
        student = db.get_one(Student, (school.id, school.students["aoife"]))
        student.preferred_forename, student.preferred_surname = "Effie", "Byrne"
    assert words(school, now)["Legal name"] == ["Aoife O'Connor"]
    assert "Preferred name" not in words(school, now)
