"""Reads what a module's hook answered, so that nothing but what its spec names goes on to a page or form."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from wtforms.fields.core import UnboundField

from cpoms_core.hooks import specs
from cpoms_core.hooks.types import FieldError, FieldWords, Filter, FormField, Grouping, ReportColumn

NAMED = (FormField, Filter, Grouping, ReportColumn)
"""What a module may add to a form or a report only under a name of its own."""


SHAPES: dict[str, type | tuple[type, ...]] = {
    "weight": int,
    **dict.fromkeys(("name", "label", "route", "needs", "icon", "place", "slot", "column", "fold"), str),
    **dict.fromkeys(("template", "advice", "heading", "svg", "message", "text"), str),
    "context": Mapping,
    "lines": (list, tuple),
    "categories": (frozenset, set),
    "id": uuid.UUID,
}
"""What a part holds under these names. What a page does with it later nobody guards."""


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
        _check_shape(hook, part)
    _check_fields(module, hook, [part.name for part in parts if isinstance(part, NAMED)])
    for part in parts:
        if isinstance(part, FieldWords) and not part.name.startswith(f"{module}-"):
            raise BadHook(f"{hook} answered for {part.name!r}, which is no field of {module!r}")
    return parts


def mapping_of(module: str, hook: str, answer: Any) -> dict[str, Any]:
    """A hook's answer as a mapping; None is an empty one. Raises BadHook."""
    if answer is None:
        return {}
    if not isinstance(answer, Mapping):
        raise BadHook(
            f"{hook} of module {module!r} answered with {type(answer).__name__}, not with a mapping"
        )
    return dict(answer)


def parts_by_id(module: str, hook: str, answer: Any) -> dict[Any, list[Any]]:
    """As `parts_of`, for a mapping of ids to parts. Raises BadHook."""
    if answer is None:
        return {}
    if not isinstance(answer, Mapping):
        raise BadHook(f"{hook} answered with {type(answer).__name__}, not with a mapping")
    return {key: parts_of(module, hook, parts) for key, parts in answer.items()}


def _check_shape(hook: str, part: Any) -> None:
    """Whether a part holds what its type says, of which Python checks nothing."""
    for name, kind in SHAPES.items():
        if hasattr(part, name) and not isinstance(getattr(part, name), kind):
            raise BadHook(f"{hook} answered with a {name} of type {type(getattr(part, name)).__name__}")
    if isinstance(part, FormField | Filter) and not isinstance(part.field, UnboundField):
        raise BadHook(f"{hook} answered with a field that is none: {type(part.field).__name__}")
    if isinstance(part, FieldError) and not isinstance(part.field, str):
        raise BadHook(f"{hook} answered with an objection to no field")


def _check_fields(module: str, hook: str, names: list[str]) -> None:
    """A field without its module's name would replace another's, and two of one name each other."""
    pattern = re.compile(re.escape(module) + "-[a-z0-9]+(_[a-z0-9]+)*")
    for name in names:
        if not pattern.fullmatch(name):
            raise BadHook(f"the field {name!r} must be named {module}-name, in small letters")
    if len(set(names)) != len(names):
        raise BadHook(f"two fields of {hook} have the same name")
