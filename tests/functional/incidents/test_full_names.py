"""The setting "Allow student search on add incident form" is off: staff without a key type full names, and
whoever is on roll can be found by theirs (INC-01, INC-02, INC-04)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.incidents.models import Incident, IncidentStudent
from cpoms_core.students.models import Student
from cpoms_core.students.names import keys_of
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browsing import Browser, typed_incident
from cpoms_core.testing.schools import SchoolForTests, add_student

REGISTER = {
    "jo": ("Jo", "Li"),
    "maria": ("Maria", "van der Berg"),
    "ola": ("Ola", "de la Cruz"),
    "one word": ("Suharto", ""),
    "signs": ("A_a", "100% O'Neil"),
}


@pytest.fixture
def teacher(school: SchoolForTests, web: Any) -> Browser:
    """A teacher without a key, who may not search, in a school with many a name that holds others."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "student_search_on_form", "")
        for number in range(140):
            add_student(db, "Joanna", f"Collins{number}")
        for key, (forename, surname) in REGISTER.items():
            school.students[key] = add_student(db, forename, surname, tutor="7A")
    browser: Browser = web(school, "teacher")
    return browser


def called(school: SchoolForTests, who: str, forename: str, surname: str) -> None:
    """Has a child be called otherwise than by the legal name."""
    with school.app.transaction(school.id) as db:
        student = db.get_one(Student, (school.id, school.students[who]))
        student.preferred_forename, student.preferred_surname = forename, surname
        for column, value in keys_of(student, "", "", legal=False).items():
            setattr(student, column, value)


def found(browser: Browser, words: str) -> list[str]:
    """What the type-ahead of the form is answered."""
    answer = browser.fetch(
        "POST", "/students/search", params=json.dumps({"q": words}), content_type="application/json",
        headers={"X-CSRF-Token": browser.csrf()},
    )  # fmt: skip
    return [f"{one['text']}: {one['note']}" for one in answer.json]


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        ("Jo Li", "jo"),
        ("li, JO", "jo"),
        ("Maria van der Berg", "maria"),
        ("van der Berg, Maria", "maria"),
        ("Suharto", "one word"),
        ("A_a 100% O’Neil", "signs"),
        ("Angstrom Bjorn", "björn"),
    ],
)
def test_a_full_name_is_found_among_many_like_it(
    school: SchoolForTests, teacher: Browser, typed: str, who: str
) -> None:
    """INC-01: however many names hold what was typed."""
    teacher.submit("/incidents/add", typed_incident(school, student=typed), status=302)
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(Incident.student_id)).all() == [school.students[who]]


@pytest.mark.parametrize(
    "typed", ["Jo", "Li", "Li Jo Li", "Maria Berg", "o l", "%", "_", "x " * 3000, "Aoife"]
)
def test_a_part_of_a_name_is_nobody(school: SchoolForTests, teacher: Browser, typed: str) -> None:
    """INC-01: whoever may not search learns nothing by trying, neither from the form nor from its search."""
    page = teacher.submit("/incidents/add", typed_incident(school, student=typed), status=422)
    assert "This student is not known." in page.text
    assert found(teacher, typed) == []


@pytest.mark.parametrize("new", ["Maria van der Berg", "Bee Berg", "Jo Li", "Berg, Bee", "Ola de la Cruz"])
def test_who_is_on_roll_is_not_typed_in_a_second_time(
    school: SchoolForTests, teacher: Browser, new: str
) -> None:
    """INC-01, INC-02: what is refused as known is found as that, by the legal name and by the other."""
    called(school, "maria", "Bee", "Berg")
    page = teacher.submit("/incidents/add", typed_incident(school, student="", new_student=new), status=422)
    assert "in the list already" in page.html.select_one("#new_student-error").get_text()
    teacher.submit("/incidents/add", typed_incident(school, student=new), status=302)


def test_students_are_linked_by_their_full_name(school: SchoolForTests, teacher: Browser, web: Any) -> None:
    """INC-04: the type-ahead finds whoever is called exactly that, of two the one that is meant; the form
    says so. With a key one searches."""
    with school.app.transaction(school.id) as db:
        add_student(db, "Jo", "Li", tutor="9C")
    field = teacher.get("/incidents/add").html.select_one("#linked")
    assert field["data-placeholder"] == "Type a full name"
    assert "full name" in field["data-nothing"] and "Nothing" not in field["data-nothing"]
    assert found(teacher, "jo l") == []
    assert sorted(found(teacher, "jo li")) == ["Jo Li: Year 7, 7A", "Jo Li: Year 9, 9C"]
    linked = {"student": "Aoife O'Connor", "linked": str(school.students["jo"])}
    assert "Jo Li" in teacher.submit("/incidents/add/linked", linked).text
    teacher.submit("/incidents/add", typed_incident(school, **linked), status=302)
    with school.app.session(school.id, writes=False) as db:
        on = select(IncidentStudent.student_id).where(IncidentStudent.linked)
        assert db.scalars(on).all() == [school.students["jo"]]
    lead = web(school, "lead")
    field = lead.get("/incidents/add").html.select_one("#linked")
    assert field["data-placeholder"] == "Type part of a name" and not field.has_attr("data-nothing")
    assert len(found(lead, "jo l")) > 1
