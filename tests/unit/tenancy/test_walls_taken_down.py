"""Proof that the guards guard: each wall is taken down, and the assertion that the tests above make of it
fails. A wall whose removal nobody notices would be a painting of a wall."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, select

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.deployment import Deployment
from cpoms_core.students.models import Student
from cpoms_core.tenancy import row_security, scope
from cpoms_core.tenancy.models import Setting
from cpoms_core.tenancy.scope import OutOfScope, SchoolSession
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.walls import (
    assert_own_rows_only,
    assert_refused,
    assert_rows_hidden,
    assert_unprotected_tables,
)


@contextmanager
def without(target: Any, name: str, listener: Any) -> Iterator[None]:
    """Takes one guard away while it lasts."""
    assert event.contains(target, name, listener)
    event.remove(target, name, listener)
    try:
        yield
    finally:
        event.listen(target, name, listener)


def _engines(app: Application) -> list[Engine]:
    return (
        [app.engines.writing]
        if app.engines.dialect == "postgresql"
        else [app.engines.reading, app.engines.writing]
    )


def test_without_wall_1_the_tests_of_reading_fail(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    def check() -> None:
        with app.session(school.id, writes=False) as db:
            assert_own_rows_only(db, other_school.id)

    check()
    with (
        without(SchoolSession, "do_orm_execute", scope.add_school),
        pytest.raises(AssertionError, match="wall 2"),
    ):
        check()
    check()


def test_without_walls_1_and_2_sqlite_shows_everything(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """On PostgreSQL the third wall still stands, and the same assertion holds."""
    with without(SchoolSession, "do_orm_execute", scope.add_school):
        for engine in _engines(app):
            event.remove(engine, "before_cursor_execute", scope.refuse_unbounded)
        try:
            with app.session(school.id, writes=False) as db:
                if app.engines.dialect == "postgresql":
                    assert_own_rows_only(db, other_school.id)
                else:
                    with pytest.raises(AssertionError, match="rows of schools"):
                        assert_own_rows_only(db, other_school.id)
        finally:
            for engine in _engines(app):
                event.listen(engine, "before_cursor_execute", scope.refuse_unbounded)


def test_without_the_engines_guard_the_tests_of_refusals_fail(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    def check() -> None:
        with app.session(school.id, writes=False) as db:
            assert_refused(lambda: db.execute(select(Student.__table__)).all())

    check()
    for engine in _engines(app):
        event.remove(engine, "before_cursor_execute", scope.refuse_unbounded)
    try:
        with pytest.raises(AssertionError, match="not refused"):
            check()
    finally:
        for engine in _engines(app):
            event.listen(engine, "before_cursor_execute", scope.refuse_unbounded)
    check()


def test_without_the_compilers_notes_the_tests_of_refusals_fail(
    app: Application, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard is only as good as what the compiler noted."""
    statement = select(Student.__table__.c.surname_key, Student.__table__.c.id.label(f"c{new_id().hex}"))

    def check() -> None:
        with app.session(school.id, writes=False) as db:
            assert_refused(lambda: db.execute(statement).all())

    with monkeypatch.context() as patch:
        patch.setattr("cpoms_core.tenancy.bounds.BoundsCompiler._bound_froms", lambda *_: None)
        with pytest.raises(AssertionError, match="not refused"):
            check()
    for engine in (app.engines.reading, app.engines.writing):
        engine.clear_compiled_cache()
    check()


def test_without_the_guards_of_objects_strangers_come_in(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    stranger = Setting(school_id=other_school.id, name="x", value=1)

    def check_attach() -> None:
        with app.session(school.id, writes=True) as db:
            assert_refused(lambda: db.add(stranger))
            db.expunge_all()

    check_attach()
    with without(SchoolSession, "before_attach", scope.refuse_stranger), pytest.raises(AssertionError):
        check_attach()

    def check_flush() -> None:
        with app.session(None, writes=True) as db:
            row = Setting(name="x", value=1)
            db.add(row)
            row.school_id = school.id
            with pytest.raises(OutOfScope) as refusal:
                db.flush()
            assert "Setting" in str(refusal.value), "the flush came as far as the engine"

    check_flush()
    with without(SchoolSession, "before_flush", scope.refuse_strangers), pytest.raises(AssertionError):
        check_flush()


DOWN = {
    "no force": 'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
    "disabled": 'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
    "no policy": 'DROP POLICY own_school ON "{table}"',
    "another policy beside it": 'CREATE POLICY hole ON "{table}" USING (true)',
    "policy for reading only": (
        'DROP POLICY own_school ON "{table}"; CREATE POLICY own_school ON "{table}" FOR SELECT'
        " USING (school_id = (SELECT app_school()))"
    ),
    "policy that lets all in": (
        'DROP POLICY own_school ON "{table}"; CREATE POLICY own_school ON "{table}" USING (true)'
        " WITH CHECK (school_id = (SELECT app_school()))"
    ),
}


@pytest.mark.parametrize("table", ["student", "probe_note"])
@pytest.mark.parametrize("deed", DOWN)
def test_without_row_security_the_test_of_every_table_fails(
    app: Application, deployment: Deployment, deed: str, table: str
) -> None:
    if app.engines.dialect != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    engine = create_engine(deployment.owner_url)
    with engine.connect() as connection, connection.begin() as transaction:
        assert_unprotected_tables(connection)
        for statement in DOWN[deed].format(table=table).split("; "):
            connection.exec_driver_sql(statement)
        with pytest.raises(AssertionError, match=table):
            assert_unprotected_tables(connection)
        for statement in row_security.protect(table):
            connection.exec_driver_sql(statement)
        if deed != "another policy beside it":
            assert_unprotected_tables(connection)
        transaction.rollback()
    engine.dispose()


def test_without_the_policy_rows_are_no_longer_hidden(
    app: Application, deployment: Deployment, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """The same look that the application's role takes, by the owner once NO FORCE lets it past the policy."""
    if app.engines.dialect != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    with app.transaction(other_school.id) as db:
        db.add(Setting(name=f"made {utc_now()}"[:80], value=1))
    engine = create_engine(deployment.owner_url)
    with engine.connect() as connection, connection.begin() as transaction:
        assert_rows_hidden(connection, "setting", school.id, other_school.id)
        connection.exec_driver_sql("ALTER TABLE setting NO FORCE ROW LEVEL SECURITY")
        with pytest.raises(AssertionError, match="are shown"):
            assert_rows_hidden(connection, "setting", school.id, other_school.id)
        transaction.rollback()
    engine.dispose()
