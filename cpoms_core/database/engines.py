"""Engines: one that reads and one that writes, so that a transaction never upgrades from read to write.

SQLite with SQLAlchemy's default transactions lost updates under concurrency (389 of 600 when tried):
transactions are begun here by hand, IMMEDIATE where the session is for writing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url

from cpoms_core.database.time_limits import note_reading
from cpoms_core.tenancy.scope import guard_engine

BUSY_TIMEOUT_MS = 15_000


@dataclass(frozen=True)
class Engines:
    """`reading` refuses writes in the database itself; `writing` takes the write lock at its start."""

    reading: Engine
    writing: Engine

    @property
    def dialect(self) -> str:
        return self.writing.dialect.name

    def dispose(self) -> None:
        self.reading.dispose()
        self.writing.dispose()


def make_engines(url: str, *, pool_size: int = 10) -> Engines:
    """Makes both engines for a database address; each refuses statements that no school bounds."""
    if make_url(url).get_backend_name() == "sqlite":
        engines = Engines(_sqlite(url, pool_size, writes=False), _sqlite(url, pool_size, writes=True))
        guard_engine(engines.reading)
        guard_engine(engines.writing)
    else:
        writing = create_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, hide_parameters=True
        )
        # the reading engine shares the pool and the guards of the writing one
        engines = Engines(writing.execution_options(postgresql_readonly=True), writing)
        event.listen(writing, "do_connect", _connect_to_postgresql)
        refuse_powerful_role(writing)
        guard_engine(writing)
    return engines


def _sqlite(url: str, pool_size: int, *, writes: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"check_same_thread": False},
        hide_parameters=True,  # what people typed must not reach a log
    )
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        # SQLite's own knows only the letters of English
        connection.create_function("lower", 1, _lower, deterministic=True)
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",  # or INSERT OR REPLACE would pass the triggers that keep rows
            f"query_only={'OFF' if writes else 'ON'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "before_cursor_execute", note_reading)
    return engine


class PlanKeeping(psycopg.Connection[Any]):
    """A connection that ends what only read by COMMIT. psycopg forgets its prepared statements at a ROLLBACK,
    which is how SQLAlchemy ends a transaction that nobody committed: after each page PostgreSQL had to plan
    all of its statements anew, which took longer than running them."""

    def rollback(self) -> None:
        if self.read_only:
            self.commit()
        else:
            super().rollback()


def _connect_to_postgresql(_dialect: Any, _record: Any, arguments: Any, named: Any) -> PlanKeeping:
    """Engine listener (`do_connect`)."""
    return PlanKeeping.connect(*arguments, **named)


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


class PowerfulRole(RuntimeError):
    """The application was given a database role that row-level security does not bind."""


def refuse_powerful_role(engine: Engine) -> None:
    """Refuses to work as a role that is superuser, may bypass row security, or owns our tables.

    Raises PowerfulRole, which says what to do.
    """
    with engine.connect() as connection:
        name, powerful, owns = connection.exec_driver_sql(
            # a role that it is a member of counts too: SET ROLE would be enough
            "SELECT current_user,"
            " EXISTS (SELECT 1 FROM pg_roles r WHERE (r.rolsuper OR r.rolbypassrls)"
            "         AND pg_has_role(current_user, r.oid, 'MEMBER')),"
            " EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            "         WHERE c.relkind IN ('r', 'p') AND n.nspname = current_schema()"
            "         AND pg_has_role(current_user, c.relowner, 'MEMBER'))"
        ).one()
    if powerful or owns:
        raise PowerfulRole(
            f"The database role {name!r} is a superuser, may bypass row security, or owns the tables. "
            "Row-level security would not bind it: give the application a role of its own with only "
            "SELECT, INSERT, UPDATE and DELETE, and keep the owner for migrations."
        )
