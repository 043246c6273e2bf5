"""What guards the tables beside their constraints: append-only triggers, and row security on PostgreSQL.
Made again after every migration from this one place, because SQLite drops triggers with a rebuilt table."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from cpoms_core.database.base import APPEND_ONLY_ROWS, KEPT_ROWS, Base
from cpoms_core.tenancy.row_security import SCHOOL_FUNCTION, protect, school_tables

APPEND_ONLY = (
    "audit_entry",
    "audit_subject",
    "audit_seal",
    "incident_version",
    "action_version",
    "student_version",
)
KEPT = ("incident", "action", "alert", "document", "student", "contact", "monitoring", "outbox_item")
"""Rows that change, but that nothing in the product deletes. Of its own tables a module says as much with
`{"info": APPEND_ONLY_ROWS}` or `{"info": KEPT_ROWS}` (database.base)."""


def put_up(connection: Connection) -> None:
    """(Re)creates every guard; safe to run again."""
    existing = set(connection.dialect.get_table_names(connection))
    make = _postgresql if connection.dialect.name == "postgresql" else _sqlite
    for statement in make(existing):
        connection.exec_driver_sql(statement)


def _refusals(existing: set[str]) -> Iterator[tuple[str, str]]:
    for table in (*APPEND_ONLY, *_declared(APPEND_ONLY_ROWS)):
        if table in existing:
            yield table, "UPDATE"
            yield table, "DELETE"
    for table in (*KEPT, *_declared(KEPT_ROWS)):
        if table in existing:
            yield table, "DELETE"


def _declared(rows: dict[str, str]) -> Iterator[str]:
    """The tables that say of themselves how their rows are kept."""
    for table in Base.metadata.sorted_tables:
        if rows.items() <= table.info.items():
            yield table.name


def _sqlite(existing: set[str]) -> Iterator[str]:
    for table, deed in _refusals(existing):
        name = f"keep_{table}_{deed.lower()}"
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield (
            f"CREATE TRIGGER {name} BEFORE {deed} ON {table} BEGIN "
            f"SELECT RAISE(ABORT, '{table} rows are kept'); END"
        )


def _postgresql(existing: set[str]) -> Iterator[str]:
    yield (
        "CREATE OR REPLACE FUNCTION keep_rows() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' rows are kept'; END $$"
    )
    for table, deed in _refusals(existing):
        name = f"keep_{table}_{deed.lower()}"
        yield f'DROP TRIGGER IF EXISTS {name} ON "{table}"'
        yield (
            f'CREATE TRIGGER {name} BEFORE {deed} ON "{table}" FOR EACH STATEMENT '
            "EXECUTE FUNCTION keep_rows()"
        )
    yield SCHOOL_FUNCTION
    for table in school_tables(Base.metadata):
        if table in existing:
            yield from protect(table)
