"""Migrations: they make what the models say, they run again without a trace, and they never lose a module's
rows or a guard (the traps of `design.md`, Plugin data)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Engine, MetaData, String, create_engine, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.base import Base
from cpoms_core.database.types import new_id
from cpoms_core.deployment import Deployment
from cpoms_core.incidents.services import NewAction, record_action, record_incident
from cpoms_core.migrations import guards
from cpoms_core.migrations import migrate as migrating
from cpoms_core.migrations.migrate import BrokenReferences, migrate
from cpoms_core.modules.registry import installed
from cpoms_core.tenancy.row_security import school_tables
from cpoms_core.testing.fixtures import with_probe
from cpoms_core.testing.probe import PROBE
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.walls import assert_unprotected_tables

Make = Callable[[], Deployment]


def _owner(deployment: Deployment) -> Engine:
    return create_engine(deployment.owner_url, poolclass=NullPool)


def _populate(deployment: Deployment) -> SchoolForTests:
    """Two schools, each with an incident, an action, versions, audit and a note of the probe."""
    app = Application(deployment, modules=with_probe())
    for _ in range(2):
        school = make_school(app)
        lead = school.viewer("lead")
        with app.transaction(school.id) as db:
            new = new_incident(
                school,
                text="A concern.",
                alert_ids=[school.users["head"]],
                module_values={"probe-note": "kept"},
            )
            incident = record_incident(db, lead, new)
            record_action(db, lead, NewAction(new_id(), incident.id, "Done.", utc_now()))
            assert not db.hook_failures
    app.engines.dispose()
    return school


def _counts(deployment: Deployment) -> dict[str, int]:
    """Rows of every table, of all schools."""
    found = {}
    engine = _owner(deployment)
    with engine.connect() as connection, connection.begin():
        schools = [row[0] for row in connection.exec_driver_sql("SELECT id FROM school")]
        for name, table in Base.metadata.tables.items():
            found[name] = 0
            if engine.dialect.name == "sqlite" or name not in school_tables(Base.metadata):
                found[name] = connection.exec_driver_sql(f'SELECT count(*) FROM "{table.name}"').scalar_one()
                continue
            for school in schools:
                connection.exec_driver_sql("SELECT set_config('app.school', %s, true)", (str(school),))
                count = connection.exec_driver_sql(f'SELECT count(*) FROM "{table.name}"').scalar_one()
                found[name] += count
    return found


def _guards(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    return {row[0] for row in connection.exec_driver_sql(query)}


def _expected_guards() -> set[str]:
    return {f"keep_{table}_{deed.lower()}" for table, deed in guards._refusals(set(Base.metadata.tables))}


# --- models and migrations -------------------------------------------------------------------------------


def test_models_and_migrations_agree(new_deployment: Make) -> None:
    """Also the types, lengths, indexes and constraints; for the core and for every installed module."""
    deployment = new_deployment()
    migrate(deployment.owner_url, with_probe())
    with _owner(deployment).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or not name.startswith("alembic_"),
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_a_model_that_was_forgotten_would_be_noticed(new_deployment: Make) -> None:
    """Proof of the comparison: a column more in the models than in the migrations."""
    deployment = new_deployment()
    migrate(deployment.owner_url, with_probe())
    changed = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.tables.values():
        table.to_metadata(changed)
    from sqlalchemy import Column

    changed.tables["student"].append_column(Column("nickname", String(5)))
    with _owner(deployment).connect() as connection:
        assert [
            change[0] for change in compare_metadata(MigrationContext.configure(connection), changed)
            if isinstance(change, tuple) and "alembic_" not in str(change)
        ] == ["add_column"]  # fmt: skip


def test_migrating_a_populated_database_again_changes_nothing(new_deployment: Make) -> None:
    deployment = new_deployment()
    migrate(deployment.owner_url, with_probe())
    _populate(deployment)

    def state() -> Any:
        with _owner(deployment).connect() as connection:
            tables = inspect(connection).get_table_names()
            versions = {
                name: connection.exec_driver_sql(f"SELECT version_num FROM {name}").scalar()
                for name in tables
                if name.startswith("alembic_")
            }
            return sorted(tables), versions, _guards(connection)

    before, counts = state(), _counts(deployment)
    assert counts["incident"] == 2 and counts["probe_note"] == 2 and counts["action"] == 2
    migrate(deployment.owner_url, with_probe())
    assert (state(), _counts(deployment)) == (before, counts)


# --- components ------------------------------------------------------------------------------------------


def test_each_component_has_a_version_table_of_its_own(new_deployment: Make) -> None:
    deployment = new_deployment()
    migrate(deployment.owner_url, with_probe())
    with _owner(deployment).connect() as connection:
        tables = set(inspect(connection).get_table_names())
    with_tables = {module.name for module in with_probe().values() if module.tables}
    assert {name for name in tables if name.startswith("alembic_")} == {
        f"alembic_{name}" for name in {"core", *with_tables}
    }
    assert "probe" in with_tables


def test_the_core_comes_before_the_modules() -> None:
    names = [name for name, _folder in migrating.components(with_probe())]
    assert names[0] == "core" and names[1:] == sorted(names[1:])


def test_a_module_that_is_uninstalled_breaks_no_later_migration(new_deployment: Make) -> None:
    deployment = new_deployment()
    migrate(deployment.owner_url, with_probe())
    _populate(deployment)
    counts = _counts(deployment)
    migrate(deployment.owner_url, {})
    migrate(deployment.owner_url, installed())
    assert _counts(deployment) == counts
    migrate(deployment.owner_url, with_probe())
    assert _counts(deployment) == counts


def test_a_module_that_is_installed_later_gets_its_tables_and_walls(new_deployment: Make) -> None:
    deployment = new_deployment()
    migrate(deployment.owner_url, installed())
    with _owner(deployment).connect() as connection:
        assert "probe_note" not in inspect(connection).get_table_names()
    migrate(deployment.owner_url, with_probe())
    with _owner(deployment).connect() as connection:
        assert "probe_note" in inspect(connection).get_table_names()
        if connection.dialect.name == "postgresql":
            assert_unprotected_tables(connection)


def test_a_module_with_tables_and_no_migrations_stops(new_deployment: Make) -> None:
    from dataclasses import replace

    broken = replace(PROBE, package="cpoms_core.demo")
    with pytest.raises(FileNotFoundError, match="no folder of migrations"):
        migrate(new_deployment().owner_url, {"probe": broken})


# --- guards ----------------------------------------------------------------------------------------------


def test_every_guard_is_up(new_deployment: Make) -> None:
    deployment = new_deployment()
    migrate(deployment.owner_url, with_probe())
    with _owner(deployment).connect() as connection:
        assert _guards(connection) == _expected_guards()
    assert {"keep_audit_entry_update", "keep_incident_delete"} <= _expected_guards()
    assert set(guards.APPEND_ONLY) | set(guards.KEPT) <= set(Base.metadata.tables)


REFUSED = [
    *(f"UPDATE {table} SET school_id = school_id" for table in guards.APPEND_ONLY),
    *(f"DELETE FROM {table}" for table in (*guards.APPEND_ONLY, *guards.KEPT)),
]


@pytest.fixture(scope="module")
def populated(deployment: Deployment) -> tuple[Deployment, SchoolForTests]:
    return deployment, _populate(deployment)


@pytest.mark.parametrize("statement", REFUSED)
def test_rows_that_are_kept_are_neither_changed_nor_deleted(
    populated: tuple[Deployment, SchoolForTests], statement: str
) -> None:
    """Not even by the owner of the tables. Where a table has no row yet, SQLite's triggers have nothing to
    refuse: those are looked at by name above."""
    deployment, school = populated
    with _owner(deployment).connect() as connection:
        table = statement.split()[1 if statement.startswith("UPDATE") else 2]
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT set_config('app.school', %s, true)", (str(school.id),))
        elif not connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar():
            pytest.skip(f"{table} has no rows here")
        with pytest.raises(DBAPIError, match=f"{table} rows are kept"):
            connection.exec_driver_sql(statement)


def test_replacing_a_kept_row_is_refused_on_sqlite(populated: tuple[Deployment, SchoolForTests]) -> None:
    """INSERT OR REPLACE deletes without asking triggers unless `recursive_triggers` is on, as it is for every
    connection of the application."""
    deployment, _school = populated
    app = Application(deployment, modules=with_probe())
    if app.engines.dialect != "sqlite":
        pytest.skip("SQLite's own")
    raw = app.engines.writing.raw_connection()
    with pytest.raises(Exception, match="incident_version rows are kept"):
        raw.cursor().execute("INSERT OR REPLACE INTO incident_version SELECT * FROM incident_version")
    raw.close()
    app.engines.dispose()


def test_without_a_trigger_the_test_of_kept_rows_fails(populated: tuple[Deployment, SchoolForTests]) -> None:
    """Proof that the guard guards."""
    deployment, school = populated
    with _owner(deployment).connect() as connection, connection.begin() as transaction:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT set_config('app.school', %s, true)", (str(school.id),))
            connection.exec_driver_sql("DROP TRIGGER keep_audit_entry_update ON audit_entry")
        else:
            connection.exec_driver_sql("DROP TRIGGER keep_audit_entry_update")
        assert connection.exec_driver_sql("UPDATE audit_entry SET event = event").rowcount > 0
        assert _guards(connection) != _expected_guards()
        guards.put_up(connection)
        assert _guards(connection) == _expected_guards()
        with pytest.raises(DBAPIError, match="rows are kept"):
            connection.exec_driver_sql("UPDATE audit_entry SET event = event")
        transaction.rollback()


# --- rebuilding a table on SQLite ------------------------------------------------------------------------


def _rebuild_incident(connection: Connection) -> None:
    """What a later migration may do: SQLite copies the table into a new one and drops the old."""
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("incident", recreate="always") as batch:
        batch.alter_column("text", existing_type=String(), nullable=False)


@pytest.fixture
def rebuilding(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Connection], None]], None]:
    """Puts something into the next migration of the core."""

    def put(act: Callable[[Connection], None]) -> None:
        upgrade = migrating.command.upgrade

        def with_act(config: Any, revision: str) -> None:
            upgrade(config, revision)
            if config.attributes["component"] == "core":
                act(config.attributes["connection"])

        monkeypatch.setattr(migrating.command, "upgrade", with_act)

    return put


def test_rebuilding_incident_keeps_the_modules_rows_and_every_guard(
    new_deployment: Make, rebuilding: Callable[..., None], database_kind: str
) -> None:
    """A batch ALTER of `incident` emptied a module's table without an error when it was tried."""
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL alters in place")
    deployment = new_deployment()
    migrate(deployment.owner_url, with_probe())
    _populate(deployment)
    counts = _counts(deployment)

    def rebuild(connection: Connection) -> None:
        _rebuild_incident(connection)
        assert _guards(connection) != _expected_guards(), "the rebuild dropped the triggers"

    rebuilding(rebuild)
    migrate(deployment.owner_url, with_probe())
    assert _counts(deployment) == counts
    with _owner(deployment).connect() as connection:
        assert _guards(connection) == _expected_guards()
        with pytest.raises(DBAPIError, match="incident rows are kept"):
            connection.exec_driver_sql("DELETE FROM incident")


def test_rows_that_a_migration_leaves_pointing_nowhere_are_not_committed(
    new_deployment: Make, rebuilding: Callable[..., None], database_kind: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL refuses them at once")
    deployment = new_deployment()
    migrate(deployment.owner_url, with_probe())
    _populate(deployment)
    counts = _counts(deployment)

    def lose(connection: Connection) -> None:
        connection.exec_driver_sql("DROP TRIGGER keep_incident_delete")
        connection.exec_driver_sql("DELETE FROM incident")

    rebuilding(lose)
    with pytest.raises(BrokenReferences, match="probe_note"):
        migrate(deployment.owner_url, with_probe())
    assert _counts(deployment) == counts


def test_a_migration_that_fails_leaves_nothing_behind(
    new_deployment: Make, rebuilding: Callable[..., None]
) -> None:
    deployment = new_deployment()
    migrate(deployment.owner_url, with_probe())
    _populate(deployment)
    counts = _counts(deployment)

    def fail(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE student ADD COLUMN half_done INTEGER")
        raise RuntimeError("the migration broke")

    rebuilding(fail)
    with pytest.raises(RuntimeError, match="broke"):
        migrate(deployment.owner_url, with_probe())
    assert _counts(deployment) == counts
    with _owner(deployment).connect() as connection:
        columns = {column["name"] for column in inspect(connection).get_columns("student")}
    assert "half_done" not in columns
