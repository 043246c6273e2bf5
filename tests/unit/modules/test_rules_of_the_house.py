"""Rules that a reviewer would otherwise have to remember, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CORE = ROOT / "cpoms_core"

SENDS_STRINGS = {
    "cpoms_core/database/engines.py": "BEGIN, and which role the application has, before the guard is up",
    "cpoms_core/database/catalog.py": "names of tables, how far they were migrated, rows of removed modules",
    "cpoms_core/database/time_limits.py": "statement_timeout, around a module's hook",
    "cpoms_core/tenancy/scope.py": "set_config, which the guard compares with the session's school",
    "cpoms_core/migrations/guards.py": "triggers and policies, as the owner",
    "cpoms_core/migrations/migrate.py": "BEGIN IMMEDIATE and foreign_key_check, as the owner",
    "cpoms_core/testing/walls.py": "raw SQL that shows what row-level security hides",
}
"""Files that may use `exec_driver_sql`, and what for. Look hard before you add one."""
UNSCOPED: set[str] = set()
"""Files that may pass a statement by the guard of wall 2. There is no way to, and so there are none."""
MAKES_ENGINES = {"cpoms_core/database/engines.py", "cpoms_core/migrations/migrate.py"}
FORBIDDEN_TO_PLUGINS = {
    "add_subscriber", "add_tween", "add_request_method", "add_view", "add_route", "add_view_deriver",
    "add_static_view", "override_asset", "scan", "commit", "rollback", "begin_nested",
}  # fmt: skip


def _sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            if "/tests/" not in path and "/build/" not in path:
                yield path, ast.parse(file.read_text(encoding="utf-8"))


def _uses(tree: ast.Module, attribute: str) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == attribute for node in ast.walk(tree))


def test_only_the_relay_calls_hooks() -> None:
    """pluggy's own `.hook` would ask modules that are off, without a savepoint."""
    callers = set()
    for path, tree in _sources("cpoms_core", "plugins"):
        for node in ast.walk(tree):
            called = node.value if isinstance(node, ast.Attribute) else None  # manager.hook.nav_items
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr" and node.args:
                called = node.args[0]  # getattr(manager.hook, name)
            if isinstance(called, ast.Attribute) and called.attr == "hook":
                callers.add(path)
    assert callers == {"cpoms_core/hooks/relay.py"}


def test_only_the_relay_makes_a_plugin_manager() -> None:
    makers = {path for path, tree in _sources("cpoms_core", "plugins") if _uses(tree, "PluginManager")}
    assert makers == {"cpoms_core/hooks/relay.py"}


def test_statements_as_strings_are_sent_from_reviewed_places_only() -> None:
    users = {
        path for path, tree in _sources("cpoms_core", "plugins", "bin") if _uses(tree, "exec_driver_sql")
    }
    assert users <= set(SENDS_STRINGS), f"not reviewed: {sorted(users - set(SENDS_STRINGS))}"


def test_nothing_passes_the_guard_unscoped() -> None:
    found = set()
    for path, tree in _sources("cpoms_core", "plugins"):
        for node in ast.walk(tree):
            word = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "arg", None)
            if isinstance(word, str) and "unscoped" in word.lower():
                found.add(path)
    assert found == UNSCOPED


def test_engines_are_made_in_one_place() -> None:
    """An engine made elsewhere has no guard."""
    makers = set()
    for path, tree in _sources("cpoms_core", "plugins"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "create_engine":
                makers.add(path)
    assert makers <= MAKES_ENGINES, makers - MAKES_ENGINES


@pytest.mark.parametrize("folder", ["plugins", "cpoms_core/testing/probe"])
def test_plugins_touch_neither_pyramids_set_up_nor_the_transaction(folder: str) -> None:
    for path, tree in _sources(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in FORBIDDEN_TO_PLUGINS, f"{path}:{node.lineno} {node.func.attr}()"


def test_plugins_import_the_core_and_never_each_other() -> None:
    packages = {folder.name for folder in (ROOT / "plugins").glob("*/cpoms_*") if folder.is_dir()}
    for path, tree in _sources("plugins", "cpoms_core"):
        home = next((part for part in path.split("/") if part in packages), "")
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top = name.partition(".")[0]
                assert top not in packages - {home}, f"{path}:{node.lineno} imports {name}"
