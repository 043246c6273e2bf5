"""The log of who was alerted to a file, and who has read it, as a picture to print (LIB-02). It is drawn as
charts are, in a process of its own for a bounded time: names in any script have a letter that some font of
the machine knows."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from typing import Any

from cpoms_core.charts.pictures import picture
from cpoms_core.charts.specs import FONT, INK, PAPER, QUIET, SCHEMA
from cpoms_library.readers import Reader

AT_ONCE = 200  # lines of one picture; a longer log is several
LINE = 22  # points
WIDTHS = (
    ("User", 200),
    ("Alerted by", 170),
    ("Alerted", 160),
    ("Last viewed", 160),
    ("Read and understood", 170),
)
TAKEN_OFF = (("Taken off", 160), ("Taken off by", 170))
"""Columns of a picture only where an alert was taken off a dashboard (USR-08)."""
RULE = "#d5dae1"


def parts_of(lines: int) -> int:
    """How many pictures a log of so many lines is."""
    return max(1, -(-lines // AT_ONCE))


def draw(readers: Sequence[Reader], heading: Sequence[str], part: int) -> bytes:
    """A PNG of one part of a log, counted from one, under lines of heading. Raises NoPicture."""
    return picture(spec_of(readers[(part - 1) * AT_ONCE : part * AT_ONCE], heading), "png")


def columns_of(readers: Sequence[Reader]) -> tuple[tuple[str, int], ...]:
    """Titles and widths of the columns that these lines need."""
    return (*WIDTHS, *TAKEN_OFF) if any(one.taken_off for one in readers) else WIDTHS


def cells(reader: Reader) -> tuple[str, ...]:
    """A line of the log in words, in the order of WIDTHS and TAKEN_OFF."""
    taken_off = moment(reader.taken_off) if reader.taken_off is not None else ""
    if reader.taken_off is not None:
        understood = "taken off unread"
    elif reader.understood is not None:
        understood = moment(reader.understood)
    else:
        understood = "not yet" if reader.requires_action else "not asked for"
    viewed = moment(reader.viewed) if reader.viewed is not None else "not yet"
    return (
        reader.name,
        reader.sender,
        moment(reader.alerted),
        viewed,
        understood,
        taken_off,
        reader.taken_off_by,
    )


def moment(at: dt.datetime) -> str:
    """A moment as the picture has it."""
    return f"{at.day} {at:%b %Y, %H:%M}"


def drawable(text: str) -> str:
    """A text without the characters that no SVG may hold: one in a name would cost the whole picture."""
    return "".join(" " if unicodedata.category(one) in ("Cc", "Cn", "Cs") else one for one in text)


def spec_of(readers: Sequence[Reader], heading: Sequence[str]) -> dict[str, Any]:
    """Lines of a log as a Vega-Lite specification, whose values are all inline."""
    columns = columns_of(readers)
    full = sum(width for _title, width in columns)
    titles = [title for title, _width in columns]
    rows = [titles, *(cells(reader) for reader in readers)]
    rows = [[drawable(text) for text in row] for row in rows]
    heading = [drawable(line) for line in heading]
    texts, x = [], 0
    for column, (_title, width) in enumerate(columns):
        values = [{"text": row[column], "y": LINE * index + LINE / 2} for index, row in enumerate(rows)]
        texts.append(_text(values[:1], x, width, bold=True))
        texts.append(_text(values[1:], x, width, bold=False))
        x += width
    rules = {
        "data": {"values": [{"y": LINE * index} for index in range(1, len(rows) + 1)]},
        "mark": {"type": "rule", "color": RULE, "x": 0, "x2": full},
        "encoding": {"y": {"field": "y", "type": "quantitative", "scale": None, "axis": None}},
    }
    return {
        "$schema": SCHEMA,
        "width": full,
        "height": LINE * len(rows) + 4,
        "padding": 20,
        "background": PAPER,
        "title": {
            "text": heading[0],
            "subtitle": list(heading[1:]),
            "anchor": "start",
            "fontSize": 18,
            "subtitleFontSize": 12,
            "subtitleColor": QUIET,
            "limit": full,
            "offset": 14,
        },
        "config": {"font": FONT, "title": {"color": INK}, "view": {"stroke": None}},
        "layer": [rules, *texts],
    }


def _text(values: Sequence[dict[str, Any]], x: int, width: int, *, bold: bool) -> dict[str, Any]:
    """One column: its texts are values, never expressions, and what is too long ends in dots."""
    return {
        "data": {"values": list(values)},
        "mark": {
            "type": "text",
            "align": "left",
            "baseline": "middle",
            "x": x,
            "limit": width - 12,
            "fontSize": 12,
            "fontWeight": "bold" if bold else "normal",
            "color": INK,
        },
        "encoding": {
            "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
            "text": {"field": "text", "type": "nominal"},
        },
    }
