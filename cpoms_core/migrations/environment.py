"""How a migration runs: one version table for each component, so that a module that is uninstalled does not
break the migrations of the others (with one shared table it did)."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from cpoms_core.database.base import Base
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.modules import Module

CORE = "core"


def owns(table: str, component: str, modules: dict[str, Module]) -> bool:
    """Whether a table is the component's: a module's by its prefix, the core's where it is no module's."""
    owner = next((m.name for m in modules.values() if m.tables and table.startswith(m.tables)), CORE)
    return owner == component and not table.startswith("alembic_")


def run() -> None:
    """Runs the component's migrations on the connection that `migrate` put into the configuration."""
    attributes: dict[str, Any] = context.config.attributes
    connection: Connection = attributes["connection"]
    component: str = attributes["component"]
    modules: dict[str, Module] = attributes["modules"]

    def include_name(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or owns(name or "", component, modules)

    def include_object(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "table" or owns(name or "", component, modules)

    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=f"alembic_{component}",
        include_name=include_name,
        include_object=include_object,
        render_item=_render_type,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render_type(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """Writes our column types by their own names in a new migration."""
    if kind == "type" and isinstance(item, Id | UtcDateTime):
        autogen_context.imports.add("from cpoms_core.database.types import Id, Json, UtcDateTime")
        return f"{type(item).__name__}()"
    if kind == "type" and type(item).__name__ == "JSON":
        autogen_context.imports.add("from cpoms_core.database.types import Id, Json, UtcDateTime")
        return "Json"
    return False
