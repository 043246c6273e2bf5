"""Reads what a module's hook answered, so that nothing but what its spec names goes on to a page or form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cpoms_core.hooks import specs
from cpoms_core.hooks.types import FormField


class BadHook(TypeError):
    """A module's hook is declared, or answers, in a way that the relay cannot use; the message says how."""


def parts_of(module: str, hook: str, answer: Any) -> list[Any]:
    """A hook's answer as a list of the parts that its spec names; None is an empty one. Raises BadHook."""
    kind = specs.PARTS[hook]
    if answer is None:
        return []
    if isinstance(answer, str | Mapping) or not isinstance(answer, Iterable):
        raise BadHook(f"{hook} answered with {type(answer).__name__}, not with a list")
    parts = list(answer)
    for part in parts:
        if not isinstance(part, kind):
            raise BadHook(f"{hook} answered with {type(part).__name__}, not with {kind.__name__}")
        if not isinstance(getattr(part, "weight", 0), int):
            raise BadHook(f"{hook} answered with a weight that is not a whole number")
    _check_fields(module, hook, [part.name for part in parts if isinstance(part, FormField)])
    return parts


def parts_by_id(module: str, hook: str, answer: Any) -> dict[Any, list[Any]]:
    """As `parts_of`, for a mapping of ids to parts. Raises BadHook."""
    if answer is None:
        return {}
    if not isinstance(answer, Mapping):
        raise BadHook(f"{hook} answered with {type(answer).__name__}, not with a mapping")
    return {key: parts_of(module, hook, parts) for key, parts in answer.items()}


def _check_fields(module: str, hook: str, names: list[str]) -> None:
    """A field without its module's name would replace another's, and two of one name each other."""
    pattern = re.compile(re.escape(module) + "-[a-z0-9]+(_[a-z0-9]+)*")
    for name in names:
        if not pattern.fullmatch(name):
            raise BadHook(f"the field {name!r} must be named {module}-name, in small letters")
    if len(set(names)) != len(names):
        raise BadHook(f"two fields of {hook} have the same name")
