"""Running migrations: the core's, then each module's, in one transaction each."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event

from cpoms_core.migrations import guards
from cpoms_core.migrations.environment import CORE
from cpoms_core.modules import Module

FEATURES = (
    "access",
    "alerts",
    "audit",
    "documents",
    "imports",
    "incidents",
    "modules",
    "outbox",
    "students",
    "tenancy",
)


class BrokenReferences(RuntimeError):
    """A migration left rows that point nowhere; it was not committed."""


class ModulesNotMigrated(RuntimeError):
    """Modules' migrations failed. The core and the other modules are up to date, and nothing of those that
    failed was committed: until they are made good they are off at every school. `failed`: module -> error."""

    def __init__(self, failed: Mapping[str, Exception]) -> None:
        self.failed = dict(failed)
        super().__init__(f"the migrations of {', '.join(map(repr, failed))} failed")


def components(modules: Mapping[str, Module]) -> Iterator[tuple[str, Path]]:
    """The core and each module with tables, with the folder of its migrations."""
    yield CORE, Path(__file__).parent
    for module in modules.values():
        if module.tables:
            yield module.name, folder_of(module)


def folder_of(module: Module) -> Path:
    """The folder of a module's migrations. Raises FileNotFoundError."""
    spec = importlib.util.find_spec(f"{module.package}.migrations")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"module {module.name} has tables but no folder of migrations")
    return Path(spec.submodule_search_locations[0])


def load_core_models() -> None:
    """Imports every table of the core."""
    for feature in FEATURES:
        importlib.import_module(f"cpoms_core.{feature}.models")


def migrate(owner_url: str, modules: Mapping[str, Module]) -> None:
    """Brings the database up to date as its owner: the core, then each module, each in one transaction.

    Raises whatever the core's migrations raise, at once; ModulesNotMigrated, when all others are done.
    """
    load_core_models()
    engine = create_engine(owner_url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(connection: object, _record: object) -> None:
            connection.isolation_level = None  # type: ignore[attr-defined]

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    found = dict(components(modules))
    failed: dict[str, Exception] = {}
    try:
        for component, folder in found.items():
            try:
                _migrate_one(engine, component, folder, modules)
            except Exception as error:
                if component == CORE:
                    raise
                failed[component] = error
    finally:
        engine.dispose()
    if failed:
        raise ModulesNotMigrated(failed)


def _migrate_one(engine: Engine, component: str, folder: Path, modules: Mapping[str, Module]) -> None:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # must be off before BEGIN: rebuilding a table would fire the rules of those that point at it
            connection.connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]
        with connection.begin():
            command.upgrade(configuration(connection, component, folder, modules), "head")
            guards.put_up(connection)
            _check_references(connection)


def configuration(
    connection: Connection, component: str, folder: Path, modules: Mapping[str, Module]
) -> Config:
    """Alembic's configuration for one component."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes.update(connection=connection, component=component, modules=dict(modules))
    return config


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            tables = sorted({row[0] for row in broken})
            raise BrokenReferences(f"rows of {', '.join(tables)} point to rows that do not exist")
