"""One door words every name (STU-12)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cpoms_core.admin.guards import mark_of
from cpoms_core.admin.services.settings import change_settings, settings_shown
from cpoms_core.incidents import chronology
from cpoms_core.students import queries
from cpoms_core.students.full_names import of_full_name
from cpoms_core.students.models import Student
from cpoms_core.students.names import full_names
from cpoms_core.students.ordering import order_lists
from cpoms_core.students.queries import Search
from cpoms_core.students.record import open_record
from cpoms_core.tenancy.services import change_setting
from cpoms_core.tenancy.settings import read_settings
from cpoms_core.testing.records import record
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture
def renamed(school: SchoolForTests) -> SchoolForTests:
    """A school whose Aoife O'Connor is called Effie Byrne."""
    with school.app.transaction(school.id) as db:
        student = db.get_one(Student, (school.id, school.students["aoife"]))
        student.preferred_forename, student.preferred_surname = "Effie", "Byrne"
        student.search_text = "effie byrne aoife o'connor"
    return school


def set_to(school: SchoolForTests, **settings: str) -> None:
    with school.app.transaction(school.id) as db:
        for name, value in settings.items():
            change_setting(db, name, value)


@pytest.mark.parametrize(
    ("names", "order", "wanted"),
    [
        ("preferred", "forename-first", "Effie Byrne"),
        ("legal", "forename-first", "Aoife O'Connor"),
        ("preferred", "surname-first", "Byrne, Effie"),
        ("legal", "surname-first", "O'Connor, Aoife"),
    ],
)
def test_lists_records_and_chronologies_follow_the_settings(
    renamed: SchoolForTests, names: str, order: str, wanted: str
) -> None:
    """STU-12: legal or preferred names, and their order, wherever a student is named."""
    set_to(renamed, student_names=names, name_order=order)
    student, viewer = renamed.students["aoife"], renamed.viewer("lead")
    record(renamed, ["Behaviour"])
    with renamed.app.session(renamed.id, writes=False) as db:
        found, _ = queries.search(db, viewer, Search(words="aoife"))
        assert [one.name for one in found] == [wanted]
        assert open_record(db, viewer, student).name == wanted
        assert [one.name for one in queries.choices(db, viewer, "effie")] == [wanted]
        assert viewer.name(db.scalars(select(Student).where(Student.id == student)).one()) == wanted
        shown, _ = chronology.of_student(db, viewer, student)
        assert shown[0].student_names == [wanted]


def test_the_note_tells_that_another_name_was_found(renamed: SchoolForTests) -> None:
    """STU-12, DSH-01: by the name that is shown now, and without telling the other."""

    def note(words: str) -> str:
        with renamed.app.session(renamed.id, writes=False) as db:
            return queries.search(db, renamed.viewer("lead"), Search(words=words))[0][0].note

    assert "another name" in note("aoife") and "another name" not in note("byrne")
    set_to(renamed, student_names="legal")
    assert "another name" in note("byrne") and "another name" not in note("aoife")


@pytest.mark.parametrize("typed", ["Effie Byrne", "byrne,  effie", "AOIFE O'CONNOR", "O'Connor Aoife"])
def test_a_full_name_is_known_in_either_order(renamed: SchoolForTests, typed: str) -> None:
    """STU-12, INC-01: for schools that let nobody search, whichever name and order they show."""
    with renamed.app.session(renamed.id, writes=False) as db:
        found = of_full_name(db, renamed.viewer("teacher"), typed)
        assert [student.id for student in found] == [renamed.students["aoife"]]
        assert of_full_name(db, renamed.viewer("teacher"), "Effie O'Connor") == []


def test_one_word_names_stay_whole() -> None:
    """STU-12: who has no surname is not written with a comma."""
    student = Student(legal_forename="Suharto", legal_surname="", preferred_forename="", preferred_surname="")
    assert full_names(student) == {"suharto"}


def test_lists_are_in_the_order_of_the_names_that_are_shown(renamed: SchoolForTests) -> None:
    """STU-12: by surname, from the moment that the setting is changed, and by the next import as well."""

    def order() -> list[str]:
        with renamed.app.session(renamed.id, writes=False) as db:
            found, _ = queries.search(db, renamed.viewer("lead"), Search(words="o"))
            return [one.name.split()[0] for one in found]

    def choose(names: str) -> None:
        with renamed.app.transaction(renamed.id) as db:
            viewer = renamed.viewer("admin")
            before = {name: read_settings(db)[name] for name in settings_shown(db, viewer)}
            change_settings(db, viewer, {"student_names": names}, mark_of(before))

    with renamed.app.transaction(renamed.id) as db:
        order_lists(db, legal=False)
    assert order() == ["Björn", "Effie", "Chloë"]  # Ångström, Byrne, Martin-Smith
    choose("legal")
    assert order() == ["Björn", "Chloë", "Aoife"]  # ... O'Connor
    choose("preferred")
    assert order() == ["Björn", "Effie", "Chloë"]
