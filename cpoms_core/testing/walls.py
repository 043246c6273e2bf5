"""What the walls of the core promise, as assertions. The tests of the walls use them, and so do the tests
that take a wall down to see that these assertions then fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from cpoms_core.database.base import Base, is_school_table
from cpoms_core.students.models import Student
from cpoms_core.tenancy.scope import OutOfScope, SchoolSession


def assert_own_rows_only(db: SchoolSession, other_school: int) -> None:
    """Wall 1: a select that says nothing of schools answers with the session's own rows."""
    try:
        found = set(db.scalars(select(Student.school_id)))
    except OutOfScope as refusal:
        raise AssertionError("the ORM did not add the school: wall 2 had to refuse") from refusal
    assert found == {db.school_id}, f"rows of schools {found} in the session of school {db.school_id}"
    assert other_school not in found


def assert_refused(run: Callable[[], Any]) -> None:
    """Wall 2: what `run` does is refused before it reaches the database."""
    try:
        answer = run()
    except OutOfScope:
        return
    raise AssertionError(f"it was not refused, and answered {answer!r}")


def assert_unprotected_tables(connection: Connection, expected: Iterable[str] = ()) -> None:
    """Wall 3: every table of a school has row-level security, forced, and the one policy that names the
    school for reading and for writing. `expected`: those that are known to lack it."""
    rows = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')"
        " AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS ("
        "   SELECT 1 FROM pg_policies p WHERE p.tablename = c.relname AND p.cmd = 'ALL'"
        "   AND p.qual LIKE '%%school_id = ( SELECT app_school()%%'"
        "   AND p.with_check LIKE '%%school_id = ( SELECT app_school()%%')"
        " AND (SELECT count(*) FROM pg_policies p WHERE p.tablename = c.relname) = 1)"
    )
    unprotected = {row[0] for row in rows}
    known = {name for name, table in Base.metadata.tables.items() if not is_school_table(table)}
    leftover = {name for name in unprotected - known if not name.startswith("alembic_")}
    assert leftover == set(expected), f"without row-level security: {sorted(leftover)}"


def assert_rows_hidden(connection: Connection, table: str, own: int, other: int) -> None:
    """Wall 3: raw SQL under the application's role, with a school set, reaches no row of another.

    `connection`: without the guard of wall 2, in a transaction that is rolled back afterwards.
    """
    connection.exec_driver_sql("SELECT set_config('app.school', %s, true)", (str(own),))
    everything = f'SELECT DISTINCT school_id FROM "{table}"'  # noqa: S608 - a table's name, from the models
    seen = connection.exec_driver_sql(everything).scalars().all()
    assert other not in seen, f"{table}: rows of school {other} are shown to school {own}"
    for deed in (f'UPDATE "{table}" SET school_id = school_id', f'DELETE FROM "{table}"'):  # noqa: S608
        reached = _rows_reached(connection, f"{deed} WHERE school_id = {other}")
        assert not reached, f"{table}: {deed.split()[0]} reached {reached} rows of school {other}"


def _rows_reached(connection: Connection, statement: str) -> int:
    savepoint = connection.begin_nested()
    try:
        return connection.exec_driver_sql(statement).rowcount
    except DBAPIError:
        return 0  # kept by a trigger
    finally:
        savepoint.rollback()


def assert_shut(browser: Any, paths: Iterable[str], methods: Iterable[str] = ("GET", "POST")) -> None:
    """The gate: each address answers, byte for byte, as one that was never there. `browser`: a WebTest app
    that knows the forms' token (`csrf`)."""
    token = browser.csrf()
    for method in methods:
        body = {"csrf_token": token} if method == "POST" else {}
        nowhere = browser.request_as(method, "/there-was-never-anything-here", body)
        assert nowhere.status_int == 404
        for path in paths:
            answer = browser.request_as(method, path, body)
            assert answer.status_int == 404, f"{method} {path} answered {answer.status_int}"
            assert answer.body == nowhere.body, f"{method} {path} answered unlike an address without a page"
