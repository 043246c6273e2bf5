"""Rows of modules that are no longer installed. They do no harm where they are, but nobody can say what they
hold: an answer that must be whole is not given without them."""

from __future__ import annotations

from cpoms_core.database.catalog import migrated_components, rows_left, unknown_school_tables
from cpoms_core.errors import Refused
from cpoms_core.migrations.environment import CORE
from cpoms_core.tenancy.scope import SchoolSession


def left_behind(db: SchoolSession) -> dict[str, int]:
    """Tables of modules that are not installed any more in which the session's school has rows, with how
    many."""
    assert db.school_id is not None
    connection = db.connection()
    prefixes = tuple(module.tables for module in db.app.modules.values() if module.tables)
    tables = [name for name in unknown_school_tables(connection) if not name.startswith(prefixes)]
    counts = {name: rows_left(connection, name, db.school_id) for name in tables}
    return {name: count for name, count in counts.items() if count}


def refuse_leftovers(db: SchoolSession) -> None:
    """Refuses where a module that is no longer installed still holds rows of the school: what is exported or
    erased without them would not be all. Raises Refused."""
    left = left_behind(db)
    if not left:
        return
    gone = sorted({*migrated_components(db.connection())} - {CORE, *db.app.modules})
    names = ", ".join(gone) or "unknown"
    tables = ", ".join(f"{name} ({count:,})" for name, count in left.items())
    raise Refused(
        "This cannot be complete: the database holds rows of modules that are no longer installed "
        f"(modules: {names}; tables with their rows: {tables}). Whoever runs the system has to install them "
        "again first. Nothing was changed."
    )
