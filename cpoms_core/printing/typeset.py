"""Text as a sheet of paper takes it: any length, any script, any character."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby

RUN = 1_000  # characters; layout looks at the whole rest of a run for each of its lines
UNBROKEN = 200  # characters without a place to break, from which on some are made
BREAK = "\u200b"
_LONG_WORD = re.compile(rf"\S{{{UNBROKEN},}}")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of one direction, `ltr` or `rtl`, in runs that are drawn one after the other."""

    direction: str
    runs: list[str]


def paragraphs(text: str) -> list[Paragraph]:
    """A text in paragraphs, each a run of lines of one direction. Linear in its length: a text of 100,000
    characters is laid out in seconds, also one without a single space."""
    lines = [(direction(line), line) for line in _printable(text).split("\n")]
    # a line without letters is of the direction of those before it
    known = "ltr"
    directed = []
    for own, line in lines:
        known = own or known
        directed.append((known, line))
    return [
        Paragraph(found, _runs("\n".join(line for _direction, line in group)))
        for found, group in groupby(directed, key=lambda one: one[0])
    ]


def direction(text: str) -> str:
    """Which way a line is read, by its first letter; an empty text where it has none."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return "rtl"
        if kind == "L":
            return "ltr"
    return ""


def _printable(text: str) -> str:
    """The text without what no sheet can hold: controls but for lines and tabs, and halves of characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") else "\ufffd" for c in text
    )


def _runs(text: str) -> list[str]:
    text = _LONG_WORD.sub(lambda word: _broken(word[0]), text)
    runs = []
    while len(text) > RUN:
        at = max(text.rfind(" ", RUN // 2, RUN), text.rfind("\n", RUN // 2, RUN)) + 1 or _between(text, RUN)
        runs.append(text[:at])
        text = text[at:]
    return [*runs, text]


def _broken(word: str) -> str:
    """A very long word with places to break."""
    parts, half = [], UNBROKEN // 2
    while len(word) > half:
        at = _between(word, half)
        parts.append(word[:at])
        word = word[at:]
    return BREAK.join([*parts, word])


def _between(text: str, at: int) -> int:
    """The nearest place at or before one that is not between a letter and its accents."""
    place = at
    while place > at // 2 and unicodedata.category(text[place])[0] == "M":
        place -= 1
    return place if place > at // 2 else at
