"""The installed modules, found by entry point (MOD-01, MOD-02)."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from sqlalchemy import Table

from cpoms_core.database.base import Base, is_school_table
from cpoms_core.modules import Module

GROUP = "cpoms.modules"
NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
PREFIX = re.compile(r"[a-z][a-z0-9_]*_")


class BadModule(RuntimeError):
    """An installed module that cannot be used; the message says which and why."""


def installed() -> dict[str, Module]:
    """All installed modules by name, in order of their names. Raises BadModule."""
    return checked(_loaded(entry) for entry in entry_points(group=GROUP))


def _loaded(entry: EntryPoint) -> Module:
    """What an entry point names. A module that cannot be imported stops the start: without it, what its
    school relies on would be missing without a word. Raises BadModule, which says whose fault it is."""
    try:
        return cast(Module, entry.load())
    except Exception as error:
        home = f" of the package {entry.dist.name!r}" if entry.dist else ""
        raise BadModule(
            f"the module {entry.name!r}{home} cannot be imported ({type(error).__name__}: {error}). "
            "Repair it or uninstall it: its rows are kept, and the rest of the product works without it"
        ) from error


def checked(modules: Iterable[Module]) -> dict[str, Module]:
    """Imports each module's models and refuses names that would clash or not fit. Raises BadModule."""
    found: dict[str, Module] = {}
    for module in modules:
        if not isinstance(module, Module):
            raise BadModule(f"the entry point {module!r} of {GROUP} is not a Module")
        if not NAME.fullmatch(module.name) or module.name == "core":
            raise BadModule(f"a module may not be named {module.name!r}: small letters, digits and _ only")
        if module.name in found:
            raise BadModule(f"two installed modules are named {module.name!r}")
        load_models(module)
        found[module.name] = module
    for module in found.values():
        for fault in _faults_of_tables(module, found.values()):
            raise BadModule(f"module {module.name!r}: {fault}")
    return dict(sorted(found.items()))


def _faults_of_tables(module: Module, others: Iterable[Module]) -> Iterator[str]:
    """What would make the module's tables be taken for another's, or stand outside the school's walls."""
    if module.tables:
        if not PREFIX.fullmatch(module.tables):
            yield f"the prefix of its tables, {module.tables!r}, must be small letters and end in _"
        for other in others:
            if other is not module and other.tables.startswith(module.tables):
                yield f"the prefix {module.tables!r} of its tables is also that of module {other.name!r}"
    for mapper in Base.registry.mappers:
        table, home = cast(Table, mapper.local_table), mapper.class_.__module__
        ours = home == module.package or home.startswith(f"{module.package}.")
        prefixed = bool(module.tables) and table.name.startswith(module.tables)
        if ours and not prefixed:
            yield f"its table {table.name!r} does not start with the prefix that the module declares"
        if ours and not is_school_table(table):
            yield f"its table {table.name!r} does not belong to a school"
        if prefixed and not ours:
            yield f"the prefix {module.tables!r} also fits the table {table.name!r}, which is not its own"


def load_models(module: Module) -> None:
    """Imports the module's tables, so that its rows stand behind the same walls as the core's. Raises
    BadModule."""
    if importlib.util.find_spec(module.package) is None:
        raise BadModule(
            f"module {module.name!r} names the package {module.package!r}, which is not installed"
        )
    if importlib.util.find_spec(f"{module.package}.models"):
        try:
            importlib.import_module(f"{module.package}.models")
        except Exception as error:
            raise BadModule(
                f"the tables of module {module.name!r} cannot be imported ({type(error).__name__}: {error})"
            ) from error


def with_hooks(modules: Mapping[str, Module]) -> dict[str, object]:
    """Module name -> hook implementations, as the relay takes them."""
    return {name: module.hooks for name, module in modules.items()}
