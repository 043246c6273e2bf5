"""What a source declares that finds fields by the captions of a report's columns (MIS-05). A school names its
own captions on one page of the core, whichever the source is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cpoms_core.imports.records import MisSource

NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
NUMBERED = re.compile(r"[0-9]+$")
Captions = Mapping[str, Sequence[str]]
"""A field's name -> the school's own captions for it, those to look for first at the start."""


@dataclass(frozen=True, slots=True)
class CaptionedField:
    """A field and the captions that the source knows for it without the school's help.

    name: stable, as the school's own captions are kept under it. title: for people. group: the heading under
    which the page shows it. reports: the kinds of report it may be in; in one report no caption can be two
    fields. several: all columns under its captions are read, also numbered ones ("Telephone 2"), and not only
    the first that is there.
    """

    name: str
    title: str
    usual: tuple[str, ...]
    group: str
    reports: frozenset[str]
    several: bool = False


def captioned_of(source: MisSource) -> tuple[CaptionedField, ...]:
    """The fields that a source finds by captions, in the order of its page; none for one that has no
    `captioned`."""
    return tuple(getattr(source, "captioned", ()))


def check_captioned(source: MisSource) -> None:
    """Raises ValueError for fields that the page could not show or the school could not name apart."""
    names = [field.name for field in captioned_of(source)]
    wrong = [name for name in names if not NAME.fullmatch(name) or names.count(name) > 1]
    if wrong:
        raise ValueError(f"the source {source.name!r} has fields of unusable names: {sorted(set(wrong))}")


@lru_cache(maxsize=4096)
def normal(caption: str) -> str:
    """A caption as it is compared: letters and digits only, without case."""
    folded = unicodedata.normalize("NFKC", caption).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def would_be_both(one: CaptionedField, caption: str, other: CaptionedField, others: str) -> bool:
    """Whether a column could be under both captions, of two fields of one report."""
    if not one.reports & other.reports:
        return False
    return bool(_reach(one, caption, others) & _reach(other, others, caption))


def _reach(field: CaptionedField, caption: str, beside: str) -> set[str]:
    """What a field's caption takes of two captions: a numbered one, too, where it takes several."""
    key, near = normal(caption), normal(beside)
    return {key, near} if field.several and NUMBERED.sub("", near) == key else {key}
