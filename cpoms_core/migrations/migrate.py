"""Running migrations: the core's, then each module's, in one transaction each."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event

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


def components(modules: Mapping[str, Module]) -> Iterator[tuple[str, Path]]:
    """The core and each module with tables, with the folder of its migrations."""
    yield CORE, Path(__file__).parent
    for module in modules.values():
        if module.tables:
            spec = importlib.util.find_spec(f"{module.package}.migrations")
            if spec is None or not spec.submodule_search_locations:
                raise FileNotFoundError(f"module {module.name} has tables but no folder of migrations")
            yield module.name, Path(spec.submodule_search_locations[0])


def load_core_models() -> None:
    """Imports every table of the core."""
    for feature in FEATURES:
        importlib.import_module(f"cpoms_core.{feature}.models")


def migrate(owner_url: str, modules: Mapping[str, Module]) -> None:
    """Brings the database up to date as its owner. Raises BrokenReferences."""
    load_core_models()
    engine = create_engine(owner_url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(connection: object, _record: object) -> None:
            connection.isolation_level = None  # type: ignore[attr-defined]

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    for component, folder in components(modules):
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                # must be off before BEGIN: rebuilding a table would fire the rules of those that point at it
                connection.connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]
            with connection.begin():
                command.upgrade(configuration(connection, component, folder, modules), "head")
                guards.put_up(connection)
                _check_references(connection)
    engine.dispose()


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
