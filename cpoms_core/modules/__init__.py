"""Which modules exist, which a school has on, and the gate that keeps the others shut."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True, slots=True)
class Module:
    """What a plugin's entry point (group `cpoms.modules`) names.

    `package` is its import package, in which `hooks`, and where it has them `models`, `templates`, `static`
    and `migrations`, are found.
    """

    name: str
    title: str
    summary: str
    package: str
    version: str
    hooks: ModuleType
    tables: str = ""  # prefix of its tables; empty: it has none
