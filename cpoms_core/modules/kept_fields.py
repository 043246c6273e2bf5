"""What the versions of a record keep of modules' fields, and how it reads in a History: the words are the
module's (`field_words`), and of a module that is off nothing shows (MOD-01)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import FieldWords
from cpoms_core.tenancy.scope import SchoolSession

MODULES = "modules"
"""The part of a version with the modules' fields: plain JSON values by the fields' names."""
NOT_WORDED = "kept, not shown here"
NOT_TAKEN = "not_taken"
"""The part with what was typed in fields that were gone when it was sent; the next version has it no more."""


def kept_with_it(not_taken: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The part of a version that holds what was typed in fields that are gone; empty where nothing was."""
    return {NOT_TAKEN: {name: list(values) for name, values in not_taken.items()}} if not_taken else {}


def differing(older: Mapping[str, Any], newer: Mapping[str, Any]) -> list[str]:
    """The names of the fields whose values differ; one that is empty is as one that is not there."""
    names = sorted(older.keys() | newer.keys())
    return [name for name in names if (older.get(name) or None) != (newer.get(name) or None)]


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A module's field that differs between two versions, in words; empty where nothing was in it."""

    label: str
    was: str
    now: str


class FieldsInWords:
    """Says the modules' fields of some contents in words; the modules are asked once for all of them."""

    def __init__(self, db: SchoolSession, viewer: Viewer, contents: Iterable[Mapping[str, Any]]) -> None:
        self._viewer = viewer
        self._said = _said_by_modules(db, viewer, contents)

    def changed(self, older: Mapping[str, Any], newer: Mapping[str, Any]) -> list[FieldLine]:
        """The fields that differ between two contents, where their module is on: what they say is its to
        word, for who may read it. Of what it does not word only the name is shown."""
        was, now = older.get(MODULES, {}), newer.get(MODULES, {})
        return [
            FieldLine(
                self._label(name, was.get(name), now.get(name)),
                self._value(name, was.get(name)),
                self._value(name, now.get(name)),
            )
            for name in differing(was, now)
            if self._is_on(name)
        ]

    def not_taken(self, content: Mapping[str, Any]) -> list[FieldLine]:
        """What was typed in fields that were gone when it was sent, as it was sent."""
        return [
            FieldLine(
                f"{self._label(name)}, not on the form any more when it was sent", "", self._viewer.text(text)
            )
            for name, values in sorted(content.get(NOT_TAKEN, {}).items())
            if self._is_on(name)
            for text in values
        ]

    def _is_on(self, name: str) -> bool:
        """Whether the field's module is on: of one that is off nothing shows (MOD-01)."""
        return name.partition("-")[0] in self._viewer.modules

    def _label(self, name: str, *values: Any) -> str:
        said = [self._said[name, repr(value)].label for value in values if (name, repr(value)) in self._said]
        return said[-1] if said else name.partition("-")[2].replace("_", " ").capitalize() or name

    def _value(self, name: str, value: Any) -> str:
        said = self._said.get((name, repr(value)))
        if said is not None:
            return said.text
        return NOT_WORDED if value else ""


def _said_by_modules(
    db: SchoolSession, viewer: Viewer, contents: Iterable[Mapping[str, Any]]
) -> dict[tuple[str, str], FieldWords]:
    """How the modules that are on say the values of their fields, for what the viewer may read of them;
    asked once for all contents."""
    kept = [pair for content in contents for pair in content.get(MODULES, {}).items() if pair[1]]
    values = list({(name, repr(value)): (name, value) for name, value in kept}.values())
    found = db.app.hooks.collect_by_module("field_words", db, viewer, values=values) if values else []
    return {(one.name, repr(one.value)): one for one in found}
