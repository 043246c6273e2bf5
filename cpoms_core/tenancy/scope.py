"""The first two walls around a school: the ORM adds the school to every statement, and the engine refuses
any statement that is not bounded by it (`bounds.py` says how it knows). The third wall is `row_security.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Integer, bindparam, event
from sqlalchemy.orm import FromStatement, ORMExecuteState, Session, SessionTransaction, with_loader_criteria
from sqlalchemy.sql.base import Executable

from cpoms_core.database.base import OfSchool
from cpoms_core.database.catalog import is_of_catalog
from cpoms_core.database.time_limits import STATEMENT_TIMEOUT
from cpoms_core.tenancy.bounds import BoundsCompiler, take_notes

if TYPE_CHECKING:
    from cpoms_core.application import Application

ENTER_SCHOOL = "SELECT set_config('app.school', %s, true)"
BEGINNINGS = ("BEGIN", "BEGIN IMMEDIATE")
SCHOOL = bindparam("of_school", type_=Integer())
"""The session's school in whatever is read: a parameter, so that a statement is the same for every school."""
OWN_ROWS = with_loader_criteria(OfSchool, lambda row: row.school_id == SCHOOL, include_aliases=True)
HAS_SCHOOL = "has_school"
S = TypeVar("S", bound=Executable)


def built_once(statement: S) -> S:
    """A statement that is built once, for every school and every run: it has the school's condition from the
    beginning, and SQLAlchemy need not look through it again. (Building a statement anew and comparing it
    with those compiled took longer than running it.) Its values are parameters of `execute`. An UPDATE or
    DELETE must say `synchronize_session=False`: objects in memory are not compared with parameters."""
    return statement.options(OWN_ROWS).execution_options(**{HAS_SCHOOL: True})


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
        self._lent = 0
        self.hook_failures: list[Any] = []
        self.hook_seconds = 0.0
        """How long modules took that were told of what this session changes (hooks.timing)."""

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

    def reset(self) -> None:
        self._refuse_if_lent()
        super().reset()

    def invalidate(self) -> None:
        self._refuse_if_lent()
        super().invalidate()

    def prepare(self) -> None:
        self._refuse_if_lent()
        super().prepare()

    def _refuse_if_lent(self) -> None:
        if self._lent:
            raise OutOfScope("a hook must not end the transaction of the record it was called for")


@event.listens_for(SchoolSession, "do_orm_execute")
def add_school(state: ORMExecuteState) -> None:
    """Wall 1: selects, lazy loads, bulk updates and deletes get the school's condition."""
    session = state.session
    assert isinstance(session, SchoolSession)
    if isinstance(state.statement, FromStatement):
        raise OutOfScope("from_statement() cannot be bounded by a school: write the select with the ORM")
    school_id = session.school_id
    if not state.is_orm_statement or school_id is None:
        return
    has_school = HAS_SCHOOL in state.execution_options
    if state.is_select or has_school:
        state.parameters = {**cast("Mapping[str, Any]", state.parameters or {}), SCHOOL.key: school_id}
        # a refresh names its row: wall 2 reads that
        if not state.is_column_load and not has_school:
            state.statement = state.statement.options(OWN_ROWS)  # type: ignore[attr-defined]
        return
    # Rows that are written name their school themselves: wall 2 reads those, too.
    by_key = state.is_insert or (state.is_update and isinstance(state.parameters, list))
    if not by_key:  # the value itself: objects in memory are compared with it as well
        own = with_loader_criteria(OfSchool, lambda row: row.school_id == school_id, include_aliases=True)
        state.statement = state.statement.options(own)  # type: ignore[attr-defined]


@event.listens_for(SchoolSession, "before_attach")
def refuse_stranger(session: Session, row: Any) -> None:
    """Wall 2: no object of another school comes into this session."""
    assert isinstance(session, SchoolSession)
    if isinstance(row, OfSchool) and row.school_id not in (None, session.school_id):
        raise OutOfScope(f"{type(row).__name__} of another school in this school's session")


@event.listens_for(SchoolSession, "before_flush")
def refuse_strangers(session: Session, _context: Any, _instances: Any) -> None:
    """Wall 2: no object of another school is written through this session."""
    assert isinstance(session, SchoolSession)
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, OfSchool):
            if session.school_id is None:
                raise OutOfScope(f"{type(row).__name__} belongs to a school, and this session to none")
            if row.school_id is None:
                row.school_id = session.school_id
            if row.school_id != session.school_id:
                raise OutOfScope(f"{type(row).__name__} of another school in this school's session")


@event.listens_for(SchoolSession, "after_begin")
def enter_school(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Tells the guard below whose connection this is, and PostgreSQL's row security which school."""
    assert isinstance(session, SchoolSession)
    if transaction.nested:
        return  # a savepoint is inside a transaction that entered already
    connection.info["cpoms_session"] = session
    if connection.dialect.name == "postgresql" and session.school_id is not None:
        connection.exec_driver_sql(ENTER_SCHOOL, (str(session.school_id),))


def guard_engine(engine: Engine) -> None:
    """Puts wall 2 around an engine, before its first statement."""
    take_notes(engine.dialect)
    event.listen(engine, "before_cursor_execute", refuse_unbounded)
    event.listen(engine, "checkin", _forget)


def refuse_unbounded(
    connection: Connection, _cursor: Any, statement: str, parameters: Any, context: Any, _many: bool
) -> None:
    """Wall 2: the engine refuses a statement on a school's table that the session's school does not bound.

    Raises OutOfScope.
    """
    session: SchoolSession | None = connection.info.get("cpoms_session")
    school_id = session.school_id if session is not None else None
    compiled = context.compiled
    if compiled is None:
        if not _is_plumbing(statement, parameters, school_id):
            raise OutOfScope("a statement as a string cannot be bounded by a school: write it with the ORM")
    elif not isinstance(compiled, BoundsCompiler):
        raise OutOfScope("tables are made and changed by migrations only")
    elif compiled.faults:
        raise OutOfScope("; ".join(compiled.faults))
    elif compiled.bounds and (
        school_id is None or not compiled.is_bounded(context.compiled_parameters, school_id)
    ):
        raise OutOfScope("a statement on a school's table without its school: use the ORM's entities")


def _is_plumbing(statement: str, parameters: Any, school_id: int | None) -> bool:
    """Whether it is one of the few statements that this package itself sends as strings."""
    if statement == ENTER_SCHOOL:
        return school_id is not None and tuple(parameters) == (str(school_id),)
    return statement in (*BEGINNINGS, STATEMENT_TIMEOUT) or is_of_catalog(statement, school_id)


def _forget(_connection: Any, record: Any) -> None:
    record.info.pop("cpoms_session", None)
