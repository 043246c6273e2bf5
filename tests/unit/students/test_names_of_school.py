"""DSH-08: a school's names are read in one statement; what is made of them is kept as long as it is true."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from cpoms_core.students import names_of_school
from cpoms_core.students.hiding import NameHider
from cpoms_core.students.models import Student
from cpoms_core.students.names_of_school import hider_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests, add_student


def hider(school: SchoolForTests) -> NameHider:
    with school.app.session(school.id, writes=False) as db:
        return hider_of(db)


def rename(school: SchoolForTests, forename: str) -> None:
    """Aoife gets another name, as an import does it."""
    with school.app.transaction(school.id) as db:
        db.execute(
            update(Student)
            .where(Student.id == school.students["aoife"])
            .values(legal_forename=forename, preferred_forename="")
            .execution_options(synchronize_session=False)
        )


def test_one_statement_and_made_once(school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    with school.app.session(school.id, writes=False) as db:
        with counted(school.app.engines) as ran:
            first = hider_of(db)
        assert ran.number == 1
        monkeypatch.setattr(names_of_school, "_made", None)  # nothing is made again
        assert hider_of(db) is first


def test_a_name_that_changes_is_hidden_from_then_on(school: SchoolForTests) -> None:
    """After an import, in every process: what is kept is found by the names that the database has."""
    before = hider(school)
    assert before.text("Quetzal and Aoife") == "Quetzal and A***"
    rename(school, "Quetzal")
    assert hider(school).text("Quetzal and Aoife") == "Q*** and Aoife"
    rename(school, "Aoife")
    with school.app.transaction(school.id) as db:
        add_student(db, "Quetzal", "Xipe", tutor="7A", archived=True)
    assert hider(school).text("Quetzal") == "Q***", "one who left, too"


def test_schools_do_not_share_names(school: SchoolForTests, other_school: SchoolForTests) -> None:
    """The same names, or others: what one school has is no word about another."""
    assert hider(school) is not hider(other_school)
    rename(other_school, "Quetzal")
    assert hider(school).text("Quetzal and Aoife") == "Quetzal and A***"
    assert hider(other_school).text("Quetzal and Aoife") == "Q*** and Aoife"


def test_what_is_kept_has_an_end(school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schools asked for last are kept, and no more of them than it says."""
    monkeypatch.setattr(names_of_school, "_kept", {})
    monkeypatch.setattr(names_of_school, "KEPT_SCHOOLS", 2)
    made = {}
    for name in ("Quetzal", "Quoll", "Quetzal", "Quince"):
        rename(school, name)
        made[name] = hider(school)
    assert list(names_of_school._kept.values()) == [made["Quetzal"], made["Quince"]]
