"""Walls 1 and 2 when reading: no statement answers with another school's rows. Each statement is either
bounded to the school, and then its answer is as if the other school were not there, or it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    case,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from cpoms_core.access.models import Account, User
from cpoms_core.application import Application
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.tenancy.models import School
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.walls import assert_own_rows_only, assert_refused

STUDENTS = Student.__table__
MEMBERS = GroupMember.__table__
JOINED = GroupMember.student_id == Student.id
OTHER = aliased(Student)
OTHER_MEMBER = aliased(GroupMember)
SUBQUERY = select(Student.id).subquery()
CTE = select(Student.id).cte()
LATERAL = select(GroupMember.group_id).where(JOINED).lateral()

# Each school of the tests has 3 students, in 2 groups each (their tutor and year groups; 4 groups in all).
BOUNDED: dict[str, tuple[Any, int]] = {
    "entity": (select(Student), 3),
    "columns": (select(Student.id, Student.surname_key), 3),
    "alias": (select(OTHER), 3),
    "two aliases": (select(Student.id, OTHER.id).where(Student.surname_key < OTHER.surname_key), 3),
    "cartesian": (select(Student.id, StudentGroup.id), 12),
    "join": (select(Student.id, GroupMember.group_id).join(GroupMember, JOINED), 6),
    "outer join": (select(Student.id, GroupMember.group_id).outerjoin(GroupMember, JOINED), 6),
    "join of aliases": (
        select(OTHER.id).join(OTHER_MEMBER, OTHER_MEMBER.student_id == OTHER.id),
        6,
    ),
    "table only in the where": (select(Student.id).where(JOINED), 6),
    "tables only in the where": (select(literal(1)).where(GroupMember.student_id.is_not(None)), 6),
    "exists": (select(Student.id).where(exists().where(JOINED)), 3),
    "exists of a select": (select(Student.id).where(select(GroupMember.group_id).where(JOINED).exists()), 3),
    "in a subquery": (select(Student.id).where(Student.id.in_(select(GroupMember.student_id))), 3),
    "not in a subquery": (select(Student.id).where(Student.id.not_in(select(GroupMember.student_id))), 0),
    "scalar subquery": (
        select(
            Student.id,
            select(func.count(GroupMember.group_id)).where(JOINED).correlate(Student).scalar_subquery(),
        ),
        3,
    ),
    "order by a subquery": (
        select(Student.id).order_by(select(func.max(StudentGroup.name)).scalar_subquery()),
        3,
    ),
    "subquery": (select(SUBQUERY.c.id), 3),
    "entity from a subquery": (select(aliased(Student, select(Student).subquery())), 3),
    "cte": (select(CTE.c.id), 3),
    "join to a cte": (select(Student).join(CTE, CTE.c.id == Student.id), 3),
    "union": (select(Student.id).union(select(GroupMember.student_id)), 3),
    "union all": (union_all(select(Student.id), select(OTHER.id)), 6),
    "intersect": (select(Student.id).intersect(select(GroupMember.student_id)), 3),
    "except": (select(Student.id).except_(select(GroupMember.student_id)), 0),
    "window": (select(Student.id, func.row_number().over(order_by=Student.surname_key)), 3),
    "group by": (
        select(StudentGroup.name, func.count(Student.id))
        .select_from(Student)
        .join(GroupMember, JOINED)
        .join(StudentGroup, StudentGroup.id == GroupMember.group_id)
        .group_by(StudentGroup.name),
        4,
    ),
    "beside tables of no school": (
        select(User, Account.email).join(Account, Account.id == User.account_id),
        5,
    ),
    "condition of the caller's own": (select(Student).where(Student.school_id > 0), 3),
}
COUNTED: dict[str, tuple[Any, int]] = {
    "of an entity": (select(func.count()).select_from(Student), 3),
    "of a column": (select(func.count(Student.id)), 3),
    "distinct": (select(func.count(func.distinct(GroupMember.student_id))), 3),
    "over a subquery": (select(func.count()).select_from(select(Student.id).subquery()), 3),
    "over a union": (
        select(func.count()).select_from(select(Student.id).union_all(select(OTHER.id)).subquery()),
        6,
    ),
    "over a cte": (select(func.count()).select_from(select(GroupMember.student_id).cte()), 6),
}
REFUSED: dict[str, Any] = {
    "Core table": select(STUDENTS),
    "Core column": select(STUDENTS.c.id),
    "Core count": select(func.count()).select_from(STUDENTS),
    "Core alias": select(STUDENTS.alias("others")),
    "Core join beside an entity": select(Student.id).join(MEMBERS, MEMBERS.c.student_id == Student.id),
    "Core subquery beside an entity": select(Student.id).where(
        Student.id.not_in(select(MEMBERS.c.student_id))
    ),
    "Core scalar beside an entity": select(
        Student.id, select(func.count()).select_from(STUDENTS).scalar_subquery()
    ),
    "Core in a union": select(Student.id).union(select(STUDENTS.c.id)),
    "Core in a cte": select(select(STUDENTS.c.id).cte().c.id),
    "condition in an or": select(STUDENTS.c.id).where(or_(STUDENTS.c.school_id == 1, true())),
    "negated condition": select(STUDENTS.c.id).where(~and_(STUDENTS.c.school_id == 1, true())),
    "condition on one of two": select(STUDENTS.c.id, MEMBERS.c.group_id).where(STUDENTS.c.school_id == 1),
    "condition in the on of an outer join": select(STUDENTS.c.id).select_from(
        STUDENTS.outerjoin(MEMBERS, and_(STUDENTS.c.school_id == 1, MEMBERS.c.school_id == 1))
    ),
    "full join": select(Student.id).join(GroupMember, JOINED, full=True),
    "second entity of a function": select(func.coalesce(Student.surname_key, StudentGroup.name)),
    "second entity of a case": select(case((Student.id.is_not(None), StudentGroup.name), else_="")),
    "light table": select(table("student", column("surname_key"))),
    "light table in capitals": select(table("STUDENT", column("surname_key"))),
    "light table with a schema": select(table("student", column("surname_key"), schema="main")),
    "table of another MetaData": select(
        Table("student", MetaData(), Column("school_id", Integer), Column("surname_key", String))
    ),
    "unknown table": select(table("sqlite_master", column("sql"))),
    "text": text("SELECT * FROM student"),
    "text of no table": text("SELECT 1"),
    "text in a condition": select(Student.id).where(text("1 = 1")),
    "text as a from": select(literal(1)).select_from(text("student")),
    "textual select": text("SELECT id FROM student").columns(Student.id),
    "from_statement of text": select(Student).from_statement(text("SELECT * FROM student")),
    "from_statement": select(Student).from_statement(select(STUDENTS)),
    "subselect as a literal column": select(literal_column("(SELECT count(*) FROM student)")),
    "prefix": select(Student.id).prefix_with("surname_key, "),
    "set_config": select(func.set_config("app.school", "2", True)),
    "spoofed options": select(STUDENTS).execution_options(
        cpoms_school=1, cpoms_unscoped="because", cpoms_session=None
    ),
}


@pytest.fixture(scope="module")
def school(app: Application) -> SchoolForTests:
    """One school for the whole file: nothing here writes."""
    return make_school(app)


@pytest.fixture(scope="module")
def other_school(app: Application) -> SchoolForTests:
    return make_school(app)


def _flat(rows: Any) -> set[Any]:
    return {getattr(value, "id", value) for row in rows for value in row}


@pytest.mark.parametrize("name", BOUNDED)
def test_bounded_statements_answer_as_if_the_other_school_were_not_there(
    app: Application, school: SchoolForTests, other_school: SchoolForTests, name: str
) -> None:
    statement, expected = BOUNDED[name]
    with app.session(school.id, writes=False) as db:
        rows = db.execute(statement).all()
    assert len(rows) == expected
    with app.session(other_school.id, writes=False) as db:
        theirs = {row.id for kind in (Student, StudentGroup, User) for row in db.scalars(select(kind))}
    assert len(theirs) == 12
    assert not _flat(rows) & theirs


@pytest.mark.parametrize("name", COUNTED)
def test_counts_are_of_the_own_school(
    app: Application, school: SchoolForTests, other_school: SchoolForTests, name: str
) -> None:
    statement, expected = COUNTED[name]
    with app.session(school.id, writes=False) as db:
        assert db.scalar(statement) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_statements_that_cannot_be_bounded_are_refused(
    app: Application, school: SchoolForTests, other_school: SchoolForTests, name: str
) -> None:
    with app.session(school.id, writes=False) as db:
        assert_refused(lambda: db.execute(REFUSED[name]).all())


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
@pytest.mark.parametrize("name", [*BOUNDED, *COUNTED, *REFUSED])
def test_no_statement_on_a_schools_table_runs_without_a_school(
    app: Application, school: SchoolForTests, name: str
) -> None:
    statement = {**BOUNDED, **COUNTED}.get(name, (REFUSED.get(name), 0))[0]
    with app.session(None, writes=False) as db:
        assert_refused(lambda: db.execute(statement).all())
    for engine in (app.engines.reading, app.engines.writing):
        with engine.connect() as connection:
            assert_refused(lambda connection=connection: connection.execute(statement).all())


def test_recursion_stays_within_the_school(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    first = select(Student.id.label("one")).cte(recursive=True)
    both = first.union(select(GroupMember.student_id).join(first, first.c.one == GroupMember.student_id))
    with app.session(school.id, writes=False) as db:
        assert set(db.scalars(select(both.c.one))) == set(school.students.values())


def test_lateral_joins_are_bounded(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    if app.engines.dialect == "sqlite":
        pytest.skip("SQLite has no LATERAL")
    with app.session(school.id, writes=False) as db:
        rows = db.execute(select(Student.id, LATERAL.c.group_id).join(LATERAL, true())).all()
    assert len(rows) == 6


def test_the_school_is_added_by_the_orm(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    for mine, other in ((school, other_school), (other_school, school)):
        with app.session(mine.id, writes=False) as db:
            assert_own_rows_only(db, other.id)


def test_get_does_not_find_another_schools_key(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    theirs = (other_school.id, other_school.students["aoife"])
    with app.session(school.id, writes=False) as db:
        assert db.get(Student, theirs) is None
        assert db.get(Student, (school.id, theirs[1])) is None
        assert db.get(Student, (school.id, school.students["aoife"])) is not None


def test_a_refresh_of_a_row_is_of_the_own_school(app: Application, school: SchoolForTests) -> None:
    with app.session(school.id, writes=False) as db:
        student = db.get_one(Student, (school.id, school.students["aoife"]))
        db.expire(student)
        assert student.surname_key == "o'connor"
        db.refresh(student)


@pytest.mark.parametrize("name", ["spoofed options", "Core table"])
def test_the_sessions_connection_is_guarded_too(app: Application, school: SchoolForTests, name: str) -> None:
    with app.session(school.id, writes=False) as db:
        connection = db.connection()
        assert_refused(lambda: connection.execute(REFUSED[name]))
        assert_refused(lambda: connection.execute(select(Student)))
        assert_refused(lambda: connection.execution_options(cpoms_school=school.id).execute(select(STUDENTS)))
        assert_refused(lambda: connection.exec_driver_sql("SELECT * FROM student"))
        assert_refused(lambda: connection.exec_driver_sql("SELECT set_config('app.school', '2', true)"))


def test_a_condition_of_the_own_school_is_enough_for_a_core_statement(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    def of(school_id: int) -> Any:
        return select(STUDENTS.c.id).where(STUDENTS.c.school_id == school_id)

    with app.session(school.id, writes=False) as db:
        assert set(db.scalars(of(school.id))) == set(school.students.values())
        # the same statement, out of the cache, with another school's number
        assert_refused(lambda: db.scalars(of(other_school.id)).all())


def test_tables_of_no_school_need_none(app: Application, school: SchoolForTests) -> None:
    for school_id in (None, school.id):
        with app.session(school_id, writes=False) as db:
            assert db.scalar(select(School.slug).where(School.id == school.id)) == school.slug


def test_a_pooled_connection_forgets_its_school(app: Application, school: SchoolForTests) -> None:
    statement: Callable[[], Any] = lambda: select(Student.id)  # noqa: E731
    for _ in range(30):  # more than the pool holds
        with app.session(school.id, writes=False) as db:
            db.scalars(statement()).all()
        with app.engines.reading.connect() as connection:
            bounded = select(STUDENTS.c.id).where(STUDENTS.c.school_id == school.id)
            assert_refused(lambda c=connection, s=bounded: c.execute(s))
