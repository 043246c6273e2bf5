"""What is in the database beside what the models say: tables of modules that are not installed (any more),
and how far each component was migrated. These few statements name no school's table of ours, so they are
strings; the guard of `tenancy.scope` lets exactly these pass."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from cpoms_core.database.base import Base

SQLITE_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
POSTGRESQL_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
SQLITE_SCHOOL_TABLES = (
    "SELECT one.name FROM sqlite_master AS one JOIN pragma_table_info(one.name) AS its "
    "ON its.name = 'school_id' WHERE one.type = 'table'"
)
POSTGRESQL_SCHOOL_TABLES = (
    "SELECT table_name FROM information_schema.columns "
    "WHERE column_name = 'school_id' AND table_schema = current_schema()"
)
VERSIONS = re.compile(r"SELECT version_num FROM alembic_[a-z][a-z0-9_]*")
ROWS_LEFT = re.compile(
    r'SELECT count\(\*\) FROM "(?P<table>[a-z][a-z0-9_]*)" WHERE school_id = (?P<school>[0-9]+)'
)
LISTS = (SQLITE_TABLES, POSTGRESQL_TABLES, SQLITE_SCHOOL_TABLES, POSTGRESQL_SCHOOL_TABLES)
VERSION_TABLE = re.compile(r"alembic_([a-z][a-z0-9_]*)")


def tables_of(connection: Connection) -> frozenset[str]:
    """The names of all tables that the database has."""
    sqlite = connection.dialect.name == "sqlite"
    statement = SQLITE_TABLES if sqlite else POSTGRESQL_TABLES
    return frozenset(row[0] for row in connection.exec_driver_sql(statement))


def versions_of(connection: Connection, component: str) -> frozenset[str]:
    """How far a component (a module's name) was migrated."""
    rows = connection.exec_driver_sql(f"SELECT version_num FROM alembic_{component}")  # noqa: S608 - checked
    return frozenset(row[0] for row in rows)


def unknown_school_tables(connection: Connection) -> list[str]:
    """Tables with rows of schools that neither the core nor an installed module has in its models."""
    sqlite = connection.dialect.name == "sqlite"
    rows = connection.exec_driver_sql(SQLITE_SCHOOL_TABLES if sqlite else POSTGRESQL_SCHOOL_TABLES)
    return sorted({row[0] for row in rows} - Base.metadata.tables.keys())


def migrated_components(connection: Connection) -> list[str]:
    """The components (core and modules) that the database was ever migrated for."""
    found = (VERSION_TABLE.fullmatch(name) for name in tables_of(connection))
    return sorted(match[1] for match in found if match)


def rows_left(connection: Connection, table: str, school_id: int) -> int:
    """How many rows the session's school has in one of `unknown_school_tables`."""
    statement = f'SELECT count(*) FROM "{table}" WHERE school_id = {school_id:d}'  # noqa: S608 - see scope
    return int(connection.exec_driver_sql(statement).scalar_one())


def is_of_catalog(statement: str, school_id: int | None) -> bool:
    """Whether it is one of the statements above; rows are counted within the session's school only, and never
    those of a table of ours."""
    if statement in LISTS or VERSIONS.fullmatch(statement):
        return True
    counted = ROWS_LEFT.fullmatch(statement)
    return (
        counted is not None
        and counted["school"] == str(school_id)
        and counted["table"] not in Base.metadata.tables
    )
