"""Which column of a report holds which field.

Captions are chosen by whoever made the report, so each field has the usual ones in order of preference; a
school can name its own. Captions are compared without case, spaces, underscores and punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from cpoms_core.imports.captions import NUMBERED, Captions, normal

ESCAPED = re.compile(r"_[xX]([0-9A-Fa-f]{4})_?")  # `_x0020_`, and `_X0020` as the vendor's guide has it


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its usual captions, whether all its columns count, and the longest value kept (characters).

    `many` fields also take numbered columns ("Telephone 1", "Telephone 2").
    """

    name: str
    captions: tuple[str, ...]
    many: bool = False
    longest: int = 100


@dataclass(frozen=True, slots=True)
class Binding:
    """The columns that a report's fields were found in: `wanted` captions, and each field's places in it."""

    wanted: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]
    longest: Mapping[str, int]

    def has(self, field: str) -> bool:
        """Whether the report has a column for the field."""
        return field in self.places

    def caption(self, field: str) -> str:
        """The caption of the field's first column, for messages."""
        return self.wanted[self.places[field][0]] if field in self.places else ""


def local_name(name: str) -> str:
    """An XML element's name without its namespace. Not by lxml's `QName`, which raises on names that the
    parser lets through, such as `:Record`."""
    return name.rpartition("}")[2]


@lru_cache(maxsize=4096)
def decode_name(name: str) -> str:
    """The caption that an XML element name stands for: `Legal_x0020_Surname` is "Legal Surname"."""
    return ESCAPED.sub(_character, local_name(name))


def _character(escape: re.Match[str]) -> str:
    number = int(escape.group(1), 16)
    return escape.group() if 0xD800 <= number <= 0xDFFF else chr(number)


def bind(fields: Sequence[Field], filled: Mapping[str, int], own: Captions) -> Binding:
    """Finds each field's columns.

    fields: in order; a column taken by one is not offered to the next (so "Surname" is the legal surname
    where there is no "Legal Surname", and the preferred one where there is). filled: caption -> number of
    rows with a value; a column without any is taken only if no other will do. own: the school's own
    captions, which go before the usual ones, and beside them where all columns of a field count.
    """
    columns: dict[str, str] = {}
    for caption in filled:
        columns.setdefault(normal(caption), caption)
    free = dict(columns)
    taken: dict[str, list[str]] = {}
    for field in (replace(field, captions=tuple(own.get(field.name, ()))) for field in fields):
        _take(field, free, filled, taken)
    for field in fields:
        if field.many or field.name not in taken:
            _take(field, free, filled, taken)
    wanted = tuple(caption for captions in taken.values() for caption in captions)
    at = {caption: place for place, caption in enumerate(wanted)}
    return Binding(
        wanted,
        {name: tuple(at[caption] for caption in captions) for name, captions in taken.items()},
        {field.name: field.longest for field in fields},
    )


def _take(field: Field, free: dict[str, str], filled: Mapping[str, int], taken: dict[str, list[str]]) -> None:
    """Gives a field the free columns under its captions."""
    for caption in _find(field, free, filled):
        taken.setdefault(field.name, []).append(caption)
        del free[normal(caption)]


def _find(field: Field, free: Mapping[str, str], filled: Mapping[str, int]) -> list[str]:
    keys = [normal(caption) for caption in field.captions]
    if field.many:
        return [
            free[key] for key in sorted(free, key=lambda key: _rank(key, keys)) if _rank(key, keys)[0] >= 0
        ]
    present = [free[key] for key in keys if key in free]
    return [column for column in present if filled[column]][:1] or present[:1]


def _rank(key: str, keys: Sequence[str]) -> tuple[int, int]:
    """Place among the usual captions and the number at the end, so that the order of the columns in a file
    (in XML: of first use) does not change an address from one night to the next; -1 if it is none of them."""
    base = key if key in keys else NUMBERED.sub("", key)
    if base not in keys:
        return -1, 0
    return keys.index(base), int(key[len(base) :][:6] or 0)
