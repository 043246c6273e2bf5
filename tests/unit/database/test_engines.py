"""Engines: one that only reads and one that writes; transactions never upgrade from the one to the other."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from cpoms_core.application import Application
from cpoms_core.database import engines
from cpoms_core.students.models import GroupMember, Student
from cpoms_core.tenancy.models import Setting
from cpoms_core.testing.schools import SchoolForTests


def _pragma(app: Application, name: str, *, writes: bool) -> Any:
    engine = app.engines.writing if writes else app.engines.reading
    connection = engine.raw_connection()
    try:
        return connection.cursor().execute(f"PRAGMA {name}").fetchone()[0]
    finally:
        connection.close()


def _sqlite_only(app: Application) -> None:
    if app.engines.dialect != "sqlite":
        pytest.skip("SQLite's own")


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("recursive_triggers", 1), ("synchronous", 2)],
)
def test_sqlite_connections_are_safe(app: Application, pragma: str, value: Any, writes: bool) -> None:
    _sqlite_only(app)
    assert _pragma(app, pragma, writes=writes) == value
    assert _pragma(app, "busy_timeout", writes=writes) == engines.BUSY_TIMEOUT_MS
    assert _pragma(app, "query_only", writes=writes) == (0 if writes else 1)


def test_a_reading_session_cannot_write(app: Application, school: SchoolForTests) -> None:
    deeds = [
        update(Student).values(religion="x").execution_options(synchronize_session=False),
        insert(Setting).values(school_id=school.id, name="x", value=1),
    ]
    for deed in deeds:
        with app.session(school.id, writes=False) as db, pytest.raises(DBAPIError, match=r"read-?only"):
            db.execute(deed)
        with app.session(school.id, writes=False) as db:
            db.add(Setting(name="x", value=1))
            with pytest.raises(DBAPIError, match=r"read-?only"):
                db.flush()
    with app.transaction(school.id) as db:  # the same connections write again where they may
        db.execute(deeds[0])


def test_the_two_kinds_of_session_take_turns_on_the_pool(app: Application, school: SchoolForTests) -> None:
    """On PostgreSQL both share one pool: read-only must not stick to a connection."""
    for turn in range(12):
        with app.session(school.id, writes=False) as db:
            assert db.scalar(select(func.count()).select_from(Student)) == 3
        with app.transaction(school.id) as db:
            db.execute(insert(Setting).values(school_id=school.id, name=f"turn{turn}", value=1))


@pytest.mark.parametrize("writes", [True, False])
def test_a_writing_transaction_takes_the_lock_at_its_start(
    app: Application, school: SchoolForTests, writes: bool
) -> None:
    _sqlite_only(app)
    begun: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        begun.append(statement)

    engine = app.engines.writing if writes else app.engines.reading
    event.listen(engine, "before_cursor_execute", note)
    try:
        with app.session(school.id, writes=writes) as db:
            db.scalar(select(Student.id))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert begun[0] == ("BEGIN IMMEDIATE" if writes else "BEGIN")


def test_readers_read_while_somebody_writes(app: Application, school: SchoolForTests) -> None:
    with app.session(school.id, writes=True) as writing:
        writing.execute(update(Student).values(religion="new").execution_options(synchronize_session=False))
        with app.session(school.id, writes=False) as reading:
            assert set(reading.scalars(select(Student.religion))) == {""}
        writing.commit()


def test_a_second_writer_waits_for_the_first(app: Application, school: SchoolForTests) -> None:
    """And sees what the first wrote: a value read before somebody else's commit is never written back."""
    order: list[str] = []

    def second() -> None:
        with app.transaction(school.id) as db:
            db.execute(
                update(Student)
                .values(religion=Student.religion + "2")
                .execution_options(synchronize_session=False)
            )
            order.append("second")

    thread = threading.Thread(target=second)
    with app.transaction(school.id) as db:
        db.execute(update(Student).values(religion="1").execution_options(synchronize_session=False))
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
    with app.session(school.id, writes=False) as db:
        assert set(db.scalars(select(Student.religion))) == {"12"}


def test_rows_that_point_nowhere_are_refused(app: Application, school: SchoolForTests) -> None:
    with app.session(school.id, writes=True) as db, pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        member = db.scalars(select(GroupMember)).first()
        assert member is not None
        row = {"school_id": school.id, "group_id": member.student_id, "student_id": member.group_id}
        db.execute(insert(GroupMember), [row])
        db.commit()


def test_what_people_typed_stays_out_of_errors(app: Application, school: SchoolForTests) -> None:
    """hide_parameters: an error's text may reach a log."""
    with app.session(school.id, writes=True) as db:
        rows = [{"school_id": school.id, "name": "secret-word", "value": 1}] * 2
        with pytest.raises(DBAPIError) as caught:
            db.execute(insert(Setting), rows)
    assert "secret-word" not in str(caught.value).replace(str(caught.value.orig), "")


def test_postgresql_keeps_its_plans_from_page_to_page(app: Application, school: SchoolForTests) -> None:
    """What only read ends by COMMIT: at a ROLLBACK the driver would forget its prepared statements."""
    if app.engines.dialect != "postgresql":
        pytest.skip("SQLite's statements are kept by its driver")
    alone = Application(
        app.deployment, engines=engines.make_engines(app.deployment.database_url, pool_size=1)
    )
    for _page in range(8):
        with alone.session(school.id, writes=False) as db:
            db.scalars(select(Setting.name)).all()
    connection = alone.engines.writing.raw_connection()
    prepared = connection.cursor().execute("SELECT statement FROM pg_prepared_statements").fetchall()
    connection.close()
    alone.engines.dispose()
    assert any("FROM setting" in statement for (statement,) in prepared)


def test_what_was_not_committed_is_rolled_back(app: Application, school: SchoolForTests) -> None:
    """Only sessions that read end by COMMIT."""
    with app.session(school.id, writes=True) as db:
        db.execute(insert(Setting).values(school_id=school.id, name="accent", value="#000000"))
    with app.session(school.id, writes=False) as db:
        assert db.scalar(select(func.count()).select_from(Setting).where(Setting.name == "accent")) == 0
