"""The first two walls around a school: the ORM adds the school to every statement, and the engine refuses
any statement on a school's table that was not so bounded. The third wall is `row_security.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement, Connection, Engine, TextClause, event
from sqlalchemy.orm import FromStatement, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.util import find_tables

from cpoms_core.database.base import OfSchool, is_school_table

if TYPE_CHECKING:
    from cpoms_core.application import Application

SCOPED = "cpoms_school"
UNSCOPED = "cpoms_unscoped"
"""Execution option whose value is the reason why a statement may pass without a school."""


class OutOfScope(RuntimeError):
    """A statement or object that is not bounded by the session's school."""


class SchoolSession(Session):
    """A session for the rows of one school, for its whole life. With no school it reaches only the tables
    that belong to none (accounts, sessions, wake-ups).

    `app` is the application that made it: services reach storage and hooks through it.
    """

    def __init__(self, engine: Engine, *, school_id: int | None, app: Application | None = None) -> None:
        super().__init__(engine, expire_on_commit=False)
        self._school_id = school_id
        self._app = app
        self._in_flush = False
        self._lent = 0
        self.hook_failures: list[Any] = []
        self._criteria = (
            None
            if school_id is None
            else with_loader_criteria(
                OfSchool, lambda row: row.school_id == school_id, include_aliases=True
            )
        )

    @property
    def school_id(self) -> int | None:
        return self._school_id

    @property
    def app(self) -> Application:
        if self._app is None:
            raise RuntimeError("this session was made without an application")
        return self._app

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While a module's hook runs, nobody ends the transaction, not even through `object_session`."""
        self._lent += 1
        try:
            yield
        finally:
            self._lent -= 1

    def commit(self) -> None:
        self._refuse_if_lent()
        super().commit()

    def rollback(self) -> None:
        self._refuse_if_lent()
        super().rollback()

    def close(self) -> None:
        self._refuse_if_lent()
        super().close()

    def _refuse_if_lent(self) -> None:
        if self._lent:
            raise OutOfScope("a hook must not end the transaction of the record it was called for")

    def flush(self, objects: Any = None) -> None:
        """Writes what is pending. What a flush emits was checked object by object just before."""
        outer = self._in_flush
        self._in_flush = True
        try:
            super().flush(objects)
        finally:
            self._in_flush = outer


@event.listens_for(SchoolSession, "do_orm_execute")
def _add_school(state: ORMExecuteState) -> None:
    """Wall 1: selects, lazy loads, bulk updates and deletes get the school's condition."""
    session = state.session
    assert isinstance(session, SchoolSession)
    if isinstance(state.statement, FromStatement):
        raise OutOfScope("from_statement() cannot be bounded by a school: write the select with the ORM")
    if not state.is_orm_statement or session._criteria is None:
        return
    if state.is_insert or (state.is_update and isinstance(state.parameters, list)):
        _check_rows(state, session.school_id)
    elif not state.is_column_load:
        state.statement = state.statement.options(session._criteria)  # type: ignore[attr-defined]
    state.update_execution_options(**{SCOPED: session.school_id})


def _check_rows(state: ORMExecuteState, school_id: int | None) -> None:
    """Inserts and updates by key name the school in their values, which no condition can bound."""
    statement: Any = state.statement
    if getattr(statement, "select", None) is not None:
        raise OutOfScope("INSERT ... SELECT cannot be bounded by a school: read the rows, then insert them")
    table = state.bind_mapper.local_table if state.bind_mapper else None
    if table is None or "school_id" not in table.c:
        return
    rows = state.parameters
    if rows is None:
        raise OutOfScope("give the rows of a bulk statement as parameters: values() cannot be checked")
    for row in rows if isinstance(rows, list) else [rows]:
        if row.get("school_id") != school_id:
            raise OutOfScope("a bulk statement holds a row of another school")


@event.listens_for(SchoolSession, "before_flush")
def _refuse_strangers(session: Session, _context: Any, _instances: Any) -> None:
    """Wall 2: no object of another school is written through this session."""
    assert isinstance(session, SchoolSession)
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, OfSchool):
            if row.school_id is None and session.school_id is not None:
                row.school_id = session.school_id
            if row.school_id != session.school_id:
                raise OutOfScope(f"{type(row).__name__} of another school in this school's session")


@event.listens_for(SchoolSession, "after_begin")
def _enter_school(session: Session, _transaction: Any, connection: Connection) -> None:
    """Tells the guard below whose connection this is, and PostgreSQL's row security which school."""
    assert isinstance(session, SchoolSession)
    connection.info["cpoms_session"] = session
    if connection.dialect.name == "postgresql" and session.school_id is not None:
        connection.exec_driver_sql("SELECT set_config('app.school', %s, true)", (str(session.school_id),))


def guard_engine(engine: Engine) -> None:
    """Wall 2: the engine refuses any unmarked statement that touches a school's table."""

    @event.listens_for(engine, "before_execute")
    def _guard(
        connection: Connection, statement: Any, _many: Any, _one: Any, options: dict[str, Any]
    ) -> None:
        session = connection.info.get("cpoms_session")
        if options.get(UNSCOPED):
            return
        if session is not None and (session._in_flush or _bounded(session, options)):
            return
        if isinstance(statement, TextClause):
            raise OutOfScope("text() cannot be bounded by a school")
        if isinstance(statement, ClauseElement) and _touches_school(statement):
            raise OutOfScope("a statement on a school's table without the school: use the ORM's entities")

    @event.listens_for(engine, "checkin")
    def _forget(_connection: Any, record: Any) -> None:
        record.info.pop("cpoms_session", None)


def _bounded(session: SchoolSession, options: dict[str, Any]) -> bool:
    marked = options.get(SCOPED)
    return marked is not None and marked == session.school_id


def _touches_school(statement: ClauseElement) -> bool:
    tables = find_tables(
        statement, check_columns=True, include_aliases=True, include_joins=True, include_selects=True,
        include_crud=True,
    )
    if isinstance(statement, UpdateBase):
        tables.append(statement.table)  # type: ignore[arg-type]
    return any(hasattr(t, "primary_key") and t.primary_key and is_school_table(t) for t in tables)
