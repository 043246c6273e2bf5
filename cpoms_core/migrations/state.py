"""Which modules' tables are up to date. A module whose migrations failed is off at every school until they
are made good, and the rest of the product works (MOD-04)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import structlog
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from cpoms_core.database.catalog import tables_of, versions_of
from cpoms_core.migrations.migrate import folder_of
from cpoms_core.modules import Module

log = structlog.get_logger()
LOOK_AGAIN = 60.0
"""Seconds until modules whose tables were behind are looked at again. Those that were not cannot fall behind
while the process lasts: what it needs came with its code."""


class TablesOfModules:
    """The modules' tables in one database, as a process sees them."""

    def __init__(self, engine: Engine, modules: Mapping[str, Module]) -> None:
        self._engine = engine
        self._with_tables = [module for module in modules.values() if module.tables]
        self._behind: frozenset[str] = frozenset()
        self._looked_at: float | None = None

    @property
    def behind(self) -> frozenset[str]:
        """The names of the modules whose migrations did not come to their end."""
        now = time.monotonic()
        if self._looked_at is None or (self._behind and now - self._looked_at >= LOOK_AGAIN):
            self._behind = self._look() if self._with_tables else frozenset()
            self._looked_at = now
            if self._behind:
                log.error("tables of modules are not up to date: they are off", modules=sorted(self._behind))
        return self._behind

    def _look(self) -> frozenset[str]:
        with self._engine.connect() as connection:
            tables = tables_of(connection)
            return frozenset(
                module.name for module in self._with_tables if not _is_current(connection, module, tables)
            )


def _is_current(connection: Connection, module: Module, tables: frozenset[str]) -> bool:
    if f"alembic_{module.name}" not in tables:
        return False
    try:
        wanted = _heads(folder_of(module))
    except Exception as error:  # a script that cannot even be read: the module's fault, and not the others'
        log.error("migrations cannot be read", module=module.name, error=type(error).__name__)
        return False
    return versions_of(connection, module.name) == wanted


@lru_cache
def _heads(folder: Path) -> frozenset[str]:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return frozenset(ScriptDirectory.from_config(config).get_heads())
