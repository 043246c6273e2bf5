"""Walls 1 and 2 when writing: nothing reaches, makes, moves or takes over a row of another school."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, exists, func, insert, inspect, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import make_transient_to_detached

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.tenancy.models import Counter, ModuleSwitch, Setting
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.walls import assert_refused

PLAIN = {"synchronize_session": False}
JOINED = GroupMember.student_id == Student.id
OWN_CONDITIONS = {
    "nothing": [],
    "a column": [Student.surname_key != ""],
    "exists": [exists().where(JOINED)],
    "exists of a select": [select(literal(1)).select_from(GroupMember).where(JOINED).exists()],
    "in": [Student.id.in_(select(GroupMember.student_id))],
}


def _religions(app: Application, school: SchoolForTests) -> list[str]:
    with app.session(school.id, writes=False) as db:
        return sorted(db.scalars(select(Student.religion)))


@pytest.mark.parametrize("condition", OWN_CONDITIONS)
@pytest.mark.parametrize("synchronize", [False, "fetch", "evaluate", "auto"])
def test_a_bulk_update_changes_own_rows_only(
    app: Application, school: SchoolForTests, other_school: SchoolForTests, condition: str, synchronize: Any
) -> None:
    if synchronize == "evaluate" and condition not in ("nothing", "a column"):
        pytest.skip("SQLAlchemy evaluates plain conditions only")
    statement = update(Student).where(*OWN_CONDITIONS[condition]).values(religion="changed")
    with app.transaction(school.id) as db:
        students = db.scalars(select(Student)).all()
        db.execute(statement.execution_options(synchronize_session=synchronize))
    assert len(students) == 3
    assert _religions(app, school) == ["changed"] * 3
    assert _religions(app, other_school) == [""] * 3


def test_a_bulk_update_with_a_subquery_reads_own_rows_only(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    count = select(func.count()).select_from(StudentGroup).scalar_subquery()
    with app.transaction(school.id) as db:
        db.execute(update(Student).values(sen_status=count).execution_options(**PLAIN))
    with app.session(school.id, writes=False) as db:
        assert set(db.scalars(select(Student.sen_status))) == {"4"}


def test_a_bulk_delete_takes_own_rows_only(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    with app.transaction(school.id) as db:
        db.execute(delete(GroupMember).where(exists().where(JOINED)).execution_options(**PLAIN))
    for one, left in ((school, 0), (other_school, 6)):
        with app.session(one.id, writes=False) as db:
            assert db.scalar(select(func.count()).select_from(GroupMember)) == left


def _student(school_id: int | None, **values: Any) -> Student:
    values.setdefault("created_at", utc_now())
    return Student(
        school_id=school_id, id=new_id(), legal_forename="New", legal_surname="Child", surname_key="child",
        forename_key="new", search_text="new child", **values,
    )  # fmt: skip


def _row(school_id: int, name: str) -> dict[str, Any]:
    return {"school_id": school_id, "name": name, "value": 1}


def _refused(other: int, student: uuid.UUID) -> dict[str, Any]:
    """Statements in a session of school 0 (replaced below), each on a row of the other school."""
    settings = Setting.__table__
    return {
        "update of a Core table": update(Student.__table__).values(religion="x"),
        "delete of a Core table": delete(settings),
        "insert of a Core table": insert(settings).values(**_row(other, "a")),
        "update of the other's row": update(Student.__table__)
        .where(Student.__table__.c.school_id == other, Student.__table__.c.id == student)
        .values(religion="x"),
        "update that moves rows away": update(Student).values(school_id=other),
        "update that moves rows away, by name": update(Student).values({"school_id": other}),
        "update from another table": update(Student).where(JOINED).values(religion="x"),
        "update with a Core subquery": update(Student).values(
            religion=select(func.max(Student.__table__.c.surname_key)).scalar_subquery()
        ),
        "update where a Core table has": update(Student)
        .where(exists(select(GroupMember.__table__.c.student_id)))
        .values(religion="x"),
        "insert into the other school": insert(Setting).values(**_row(other, "a")),
        "insert into whatever school": insert(Setting).values(name="a", value=1),
        "insert with a school from a subquery": insert(Setting).values(
            school_id=select(func.min(Student.school_id)).scalar_subquery(), name="a", value=1
        ),
        "insert of several rows": insert(Setting).values([_row(other, "a"), _row(other, "b")]),
        "insert from a select": insert(Setting).from_select(
            ["school_id", "name", "value"], select(Student.school_id, Student.surname_key, Student.details)
        ),
        "insert from a select of the other": insert(Setting).from_select(
            ["school_id", "name", "value"], select(literal(other), literal("a"), literal(1))
        ),
        "insert in a cte": select(
            insert(Setting).values(**_row(other, "a")).returning(Setting.name).cte().c.name
        ),
        "insert or replace": insert(Setting).prefix_with("OR REPLACE").values(**_row(other, "a")),
    }


@pytest.mark.parametrize("name", _refused(0, uuid.UUID(int=0)))
def test_statements_that_would_write_past_the_school_are_refused(
    app: Application, school: SchoolForTests, other_school: SchoolForTests, name: str
) -> None:
    statement = _refused(other_school.id, other_school.students["aoife"])[name]
    with app.session(school.id, writes=True) as db:
        assert_refused(lambda: db.execute(statement.execution_options(**PLAIN)))
    with app.session(None, writes=True) as db:
        assert_refused(lambda: db.execute(statement.execution_options(**PLAIN)))


def test_a_values_insert_of_the_own_school_passes(app: Application, school: SchoolForTests) -> None:
    with app.transaction(school.id) as db:
        db.execute(insert(Setting).values(**_row(school.id, "own")))
        assert db.get(Setting, (school.id, "own")) is not None


def test_bulk_rows_of_another_school_are_refused_wherever_they_stand(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    own = [_row(school.id, str(number)) for number in range(3)]
    with app.session(school.id, writes=True) as db:
        for place in range(4):
            rows = [*own[:place], _row(other_school.id, "theirs"), *own[place:]]
            assert_refused(lambda rows=rows: db.execute(insert(Setting), rows))
            db.rollback()
            assert_refused(lambda rows=rows: db.execute(insert(Setting).returning(Setting.name), rows))
            db.rollback()
        assert_refused(lambda: db.execute(insert(Setting), [{"name": "nobody's", "value": 1}]))
        db.rollback()
        db.execute(insert(Setting), own)
        db.commit()


def test_bulk_updates_by_key_reach_the_own_school_only(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    def change(one: SchoolForTests) -> list[dict[str, Any]]:
        return [{"school_id": one.id, "id": student, "religion": "x"} for student in one.students.values()]

    with app.session(school.id, writes=True) as db:
        assert_refused(lambda: db.execute(update(Student), change(other_school)))
        db.rollback()
        assert_refused(lambda: db.execute(update(Student), [*change(school), *change(other_school)]))
        db.rollback()
        assert_refused(lambda: db.bulk_update_mappings(inspect(Student), change(other_school)))
        db.rollback()
        db.execute(update(Student), change(school))
        db.commit()
    assert _religions(app, school) == ["x"] * 3
    assert _religions(app, other_school) == [""] * 3


def test_bulk_saves_that_pass_the_flush_are_checked(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    with app.session(school.id, writes=True) as db:
        assert_refused(lambda: db.bulk_save_objects([_student(other_school.id)]))
        db.rollback()
        assert_refused(lambda: db.bulk_insert_mappings(inspect(Setting), [_row(other_school.id, "a")]))
        db.rollback()
        db.bulk_insert_mappings(inspect(Setting), [_row(school.id, "own")])
        db.commit()


@pytest.mark.parametrize("clause", [sqlite.insert, postgresql.insert])
def test_an_upsert_cannot_move_the_row_that_is_there(
    app: Application, school: SchoolForTests, other_school: SchoolForTests, clause: Any
) -> None:
    if clause.__module__.split(".")[2] != app.engines.dialect:
        pytest.skip("the other database's own statement")
    first = clause(Setting).values(**_row(school.id, "word"))
    key = ["school_id", "name"]
    with app.session(school.id, writes=True) as db:
        db.execute(first.on_conflict_do_update(index_elements=key, set_={"value": 2}))
        db.execute(first.on_conflict_do_update(index_elements=key, set_={"value": 3}))
        assert db.scalar(select(Setting.value).where(Setting.name == "word")) == 3
        moving = first.on_conflict_do_update(index_elements=key, set_={"school_id": other_school.id})
        assert_refused(lambda: db.execute(moving))


def test_objects_of_another_school_do_not_come_in(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    with app.session(other_school.id, writes=False) as db:
        theirs = db.get_one(Student, (other_school.id, other_school.students["aoife"]))
    with app.session(school.id, writes=True) as db:
        assert_refused(lambda: db.add(theirs))
        assert_refused(lambda: db.add(_student(other_school.id)))
        assert_refused(lambda: db.delete(theirs))
        detached = _student(other_school.id)
        make_transient_to_detached(detached)
        assert_refused(lambda: db.add(detached))
        assert_refused(lambda: _merge_and_flush(db, _student(other_school.id)))
        db.rollback()
        theirs.religion = "x"
        assert_refused(lambda: _merge_and_flush(db, theirs))
    assert _religions(app, other_school) == [""] * 3


def _merge_and_flush(db: SchoolSession, row: Any) -> None:
    db.merge(row)
    db.flush()


def test_an_object_cannot_change_its_school(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    with app.session(school.id, writes=True) as db:
        student = db.get_one(Student, (school.id, school.students["aoife"]))
        student.school_id = other_school.id
        assert_refused(db.flush)
        db.rollback()
        new = _student(None)
        db.add(new)
        new.school_id = other_school.id
        assert_refused(db.flush)


def test_an_object_of_another_school_cannot_pass_as_ones_own(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """Its key in the database stays the other's, whatever its attribute says."""
    with app.session(other_school.id, writes=False) as db:
        theirs = db.get_one(Student, (other_school.id, other_school.students["aoife"]))
    theirs.school_id = school.id
    theirs.religion = "x"
    with app.session(school.id, writes=True) as db:
        db.add(theirs)
        assert_refused(db.flush)
    assert _religions(app, other_school) == [""] * 3


def test_a_new_object_gets_the_sessions_school(app: Application, school: SchoolForTests) -> None:
    with app.transaction(school.id) as db:
        student = _student(None)
        db.add(student)
    assert student.school_id == school.id


def test_a_session_without_a_school_writes_none_of_a_school(app: Application, school: SchoolForTests) -> None:
    for row in (_student(None), _student(school.id), Counter(school_id=school.id, name="x")):
        with app.session(None, writes=True) as db:
            assert_refused(lambda db=db, row=row: (db.add(row), db.flush()))


def test_the_sessions_connection_writes_nothing_unbounded(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    with app.session(school.id, writes=True) as db:
        connection = db.connection()
        assert_refused(lambda: connection.execute(delete(ModuleSwitch.__table__)))
        assert_refused(lambda: connection.exec_driver_sql("DELETE FROM setting"))
        assert_refused(lambda: connection.execute(insert(Setting.__table__), [_row(other_school.id, "a")]))
        assert_refused(lambda: Setting.__table__.create(connection, checkfirst=False))
        assert_refused(lambda: Setting.__table__.drop(connection, checkfirst=False))


def test_the_school_of_a_session_is_for_life(app: Application, school: SchoolForTests) -> None:
    with app.session(school.id, writes=False) as db, pytest.raises(AttributeError):
        db.school_id = 2  # type: ignore[misc]


def test_a_parameter_of_the_callers_own_is_read_at_each_run(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    students = Student.__table__
    statement = update(students).where(students.c.school_id == bindparam("which")).values(religion="x")
    with app.transaction(school.id) as db:
        connection = db.connection()
        connection.execute(statement, {"which": school.id})
        assert_refused(lambda: connection.execute(statement, {"which": other_school.id}))
        both = [{"which": school.id}, {"which": other_school.id}]
        assert_refused(lambda: connection.execute(statement, both))
    assert _religions(app, other_school) == [""] * 3
