"""An example of every hook, a file each, which the handbook shows and the tests run: together they are a
module. `ProbeNote` stands for a table of a module's own."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from cpoms_core.modules import Module

HERE = Path(__file__).parent


def names() -> list[str]:
    """The hooks of which there is an example."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem != "__init__")


def source(hook: str) -> str:
    """An example as it is written."""
    return (HERE / f"{hook}.py").read_text(encoding="utf-8")


def module() -> Module:
    """All examples as one module."""
    hooks = ModuleType(f"{__name__}.all")
    for hook in names():
        setattr(hooks, hook, getattr(importlib.import_module(f"{__name__}.{hook}"), hook))
    return Module(
        name="example",
        title="Examples",
        summary="Shows each hook of the product once.",
        package=__name__,
        version="0.1.0",
        hooks=hooks,
    )
