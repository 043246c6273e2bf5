"""Statements that are built once serve every school, each with its own rows only."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import StatementError

from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.students.models import Student
from cpoms_core.tenancy import scope
from cpoms_core.tenancy.scope import built_once
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.walls import assert_refused

STUDENTS = built_once(select(Student.school_id, Student.id).where(Student.year_group != bindparam("year")))
RENAMED = built_once(
    update(Student)
    .where(Student.surname_key == bindparam("old"))
    .values(surname_key=bindparam("new"))
    .execution_options(synchronize_session=False)
)


def test_each_school_reads_its_own(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """OPS-01: one statement, whichever school runs it first, and again after the other."""
    for one in (school, other_school, school):
        with app.session(one.id, writes=False) as db:
            rows = db.execute(STUDENTS, {"year": "none"}).all()
        assert {row.school_id for row in rows} == {one.id}
        assert len(rows) == 3


def test_each_school_changes_its_own(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """OPS-01: a bulk update that is built once, too."""

    def keys(of: SchoolForTests) -> set[str]:
        with app.session(of.id, writes=False) as db:
            return set(db.scalars(select(Student.surname_key)))

    before, old = keys(other_school), sorted(keys(school))[0]
    with app.transaction(school.id) as db:
        db.execute(RENAMED, {"old": old, "new": "changed"})
    assert "changed" in keys(school)
    assert keys(other_school) == before


def test_another_school_cannot_be_asked_for(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """OPS-01: whoever gives the parameter themselves is not heard; without a school there is no answer."""
    with app.session(school.id, writes=False) as db:
        rows = db.execute(STUDENTS, {"year": "none", scope.SCHOOL.key: other_school.id}).all()
        assert {row.school_id for row in rows} == {school.id}
    with app.session(None, writes=False) as db, pytest.raises(StatementError):
        db.execute(STUDENTS, {"year": "none"})


def test_the_mark_alone_is_refused(app: Application, school: SchoolForTests) -> None:
    """OPS-01: a statement that only says that it has the school's condition stands before wall 2."""
    forged = select(Student.id.label(f"c{new_id().hex}")).execution_options(**{scope.HAS_SCHOOL: True})
    with app.session(school.id, writes=False) as db:
        assert_refused(lambda: db.execute(forged).all())
