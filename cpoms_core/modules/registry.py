"""The installed modules, found by entry point (MOD-01, MOD-02)."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points

from cpoms_core.modules import Module

GROUP = "cpoms.modules"
NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


class BadModule(RuntimeError):
    """An installed module that cannot be used; the message says which and why."""


def installed() -> dict[str, Module]:
    """All installed modules by name, in order of their names. Raises BadModule."""
    return checked(entry.load() for entry in entry_points(group=GROUP))


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
    return dict(sorted(found.items()))


def load_models(module: Module) -> None:
    """Imports the module's tables, so that its rows stand behind the same walls as the core's."""
    if importlib.util.find_spec(f"{module.package}.models"):
        importlib.import_module(f"{module.package}.models")


def with_hooks(modules: Mapping[str, Module]) -> dict[str, object]:
    """Module name -> hook implementations, as the relay takes them."""
    return {name: module.hooks for name, module in modules.items()}
