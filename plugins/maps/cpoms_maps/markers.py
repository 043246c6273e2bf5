"""Markers as a form has them: one text of JSON, a list of `{"map", "x", "y", "note"}`. It comes from outside,
so it is read with bounds, and told in words where it cannot be."""

from __future__ import annotations

import json
import math
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cpoms_core.web.forms import as_id
from cpoms_maps import body
from cpoms_maps.models import BODY_ID, LONGEST_NOTE, MOST_MARKERS

BODY = "body"
"""What a marker's `map` is on the body map; else it is the id of a map."""
LONGEST = 400_000  # characters of the whole text: more than as many markers and notes as may be
UNREADABLE = "The markers could not be read, so none of them was kept. Place them again."


class Unreadable(ValueError):
    """What came in are no markers; the message is for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A marker on a map (None: the body map). x, y: parts of its width and height, or None where only words
    say where it is."""

    map_id: uuid.UUID | None
    x: float | None
    y: float | None
    note: str = ""

    @property
    def where(self) -> tuple[str, str]:
        """The side and region of the body, or two empty texts on another map."""
        if self.map_id is not None or self.x is None or self.y is None:
            return "", ""
        return body.place_of(self.x, self.y)

    @property
    def words(self) -> str:
        """Where it is, for who does not see the picture."""
        if self.map_id is None:
            side, region = self.where
            return body.words_of(region, side)
        if self.x is None or self.y is None:
            return "Not placed on the picture"
        return f"{round(self.x * 100)} % from the left, {round(self.y * 100)} % from the top"

    def as_json(self) -> dict[str, Any]:
        """As a form and an incident's versions have it."""
        name = BODY if self.map_id is None else str(self.map_id)
        return {"map": name, "x": self.x, "y": self.y, "note": self.note}


def read(text: str) -> list[Placed]:
    """The markers of a form's text; an empty one has none. Raises Unreadable."""
    if len(text) > LONGEST:
        raise Unreadable(UNREADABLE)
    if not text.strip():
        return []
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unreadable(UNREADABLE) from None
    return from_json(found)


def from_json(found: Any) -> list[Placed]:
    """The markers of a list as `Placed.as_json` makes them. Raises Unreadable."""
    if not isinstance(found, list):
        raise Unreadable(UNREADABLE)
    if len(found) > MOST_MARKERS:
        raise Unreadable(f"Place at most {MOST_MARKERS} markers: these are {len(found)}. None was kept.")
    return [_one(one) for one in found]


def write(markers: Sequence[Placed]) -> str:
    """The markers as a form's text."""
    return json.dumps([one.as_json() for one in markers], separators=(",", ":"))


def too_long(markers: Sequence[Placed]) -> list[str]:
    """What is wrong with notes, for the person who wrote them."""
    return [
        f"Shorten the note of marker {number}: it has {len(one.note)} characters, of at most {LONGEST_NOTE}."
        for number, one in enumerate(markers, 1)
        if len(one.note) > LONGEST_NOTE
    ]


def _no_number(_name: str) -> Any:
    raise ValueError("no number")


def _one(found: Any) -> Placed:
    if not isinstance(found, dict):
        raise Unreadable(UNREADABLE)
    name, note = found.get("map"), found.get("note", "")
    map_id = None if name == BODY else as_id(name)
    if not isinstance(name, str) or not isinstance(note, str) or (name != BODY and map_id in (None, BODY_ID)):
        raise Unreadable(UNREADABLE)
    x, y = _part(found.get("x")), _part(found.get("y"))
    if (x is None) != (y is None) or (x is None and map_id is None):
        raise Unreadable(UNREADABLE)
    return Placed(map_id, x, y, clean(note))


def _part(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Unreadable(UNREADABLE)
    if not math.isfinite(value):
        raise Unreadable(UNREADABLE)
    return round(float(value), 4)


def clean(note: str) -> str:
    """A note as one line, without what is no character: JSON can write what a form cannot send."""
    kept = "".join(" " if unicodedata.category(one) in ("Cc", "Cs") else one for one in note)
    return " ".join(kept.split())
