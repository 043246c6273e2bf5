"""Builders of Vega-Lite specifications. Data is inline and nothing in them is typed by a person but names,
which are values, never expressions; so a specification reaches nothing outside itself.

Colour is never alone: every bar has its name on the axis, and every slice a number that stands before its
name and its figure in the legend, because two categories may have one colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""The name of the language, not an address that anything asks."""
INK, QUIET, PAPER = "#1c2430", "#5b6675", "#ffffff"
BAR = "#2f6f9f"
FONT = "Inter, DejaVu Sans, sans-serif"
LONGEST_LABEL = 60  # characters
SMALLEST_NUMBERED = 0.03  # of the whole: the numbers of smaller slices would lie on each other

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of a whole: its name, how many, and its own colour (#rrggbb)."""

    name: str
    count: int
    colour: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name on the axis and how many."""

    name: str
    count: int


def pie(title: str, slices: Sequence[Slice], *, counted: str) -> Spec:
    """A pie, largest slice first, each numbered, with its name and count in the legend. `title`: what it
    shows, in words for who cannot see it; `counted`: what is counted ("Incidents")."""
    ordered = sorted(slices, key=lambda one: (-one.count, one.name))
    total = sum(one.count for one in ordered) or 1
    values = [
        {
            "name": one.name,
            "count": one.count,
            "share": f"{100 * one.count / total:.0f} %",
            "label": f"{place}  {_short(one.name)}: {one.count}",
            "place": place,
            "mark": str(place) if one.count >= SMALLEST_NUMBERED * total else "",
        }
        for place, one in enumerate(ordered, 1)
    ]
    labels = [value["label"] for value in values]
    return {
        **_frame(title, values),
        "width": 220,
        "height": 220,
        "encoding": {
            "theta": {"field": "count", "type": "quantitative", "stack": True},
            "order": {"field": "place", "type": "quantitative"},
        },
        "layer": [
            {
                "mark": {"type": "arc", "stroke": PAPER, "strokeWidth": 2, "outerRadius": 92},
                "encoding": {
                    "color": {
                        "field": "label",
                        "type": "nominal",
                        "scale": {"domain": labels, "range": [one.colour for one in ordered]},
                        "legend": {"title": None, "orient": "bottom", "columns": 1, "symbolType": "circle"},
                    },
                    "tooltip": [
                        {"field": "name", "title": "Category"},
                        {"field": "count", "title": counted, "type": "quantitative"},
                        {"field": "share", "title": "Share"},
                    ],
                },
            },
            {
                "mark": {"type": "text", "radius": 104, "fontSize": 13},
                "encoding": {"text": {"field": "mark"}},
            },
        ],
    }


def bars(title: str, found: Sequence[Bar], *, counted: str, along: str) -> Spec:
    """Bars in the order given, such as months. `along`: what the axis is ("Month"); else as `pie`."""
    values = [{"name": one.name, "count": one.count} for one in found]
    whole = max((one.count for one in found), default=0)
    return {
        **_frame(title, values),
        "width": 560,
        "height": 180,
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "color": BAR},
        "encoding": {
            "x": {
                "field": "name",
                "type": "ordinal",
                "sort": None,
                "axis": {"title": None, "labelAngle": -45, "labelOverlap": True, "ticks": False},
            },
            "y": {
                "field": "count",
                "type": "quantitative",
                "axis": {"title": counted, "format": "d", "tickCount": min(whole, 5), "tickMinStep": 1},
            },
            "tooltip": [
                {"field": "name", "title": along},
                {"field": "count", "title": counted, "type": "quantitative"},
            ],
        },
    }


def titled(spec: Spec, title: str, about: str) -> Spec:
    """The specification with words above it, for a picture that stands by itself."""
    words = {"text": title, "subtitle": about, "anchor": "start", "color": INK, "subtitleColor": QUIET}
    return {**spec, "title": {**words, "fontSize": 16, "subtitleFontSize": 13, "subtitlePadding": 6}}


def _frame(title: str, values: list[dict[str, Any]]) -> Spec:
    return {
        "$schema": SCHEMA,
        "description": title,
        "data": {"values": values},
        "background": PAPER,
        "padding": 8,
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "text": {"color": INK},
            "legend": {"labelColor": INK, "labelFontSize": 13, "labelLimit": 400, "rowPadding": 4},
            "axis": {
                "labelColor": INK,
                "titleColor": QUIET,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "gridColor": "#e3e7ec",
                "domainColor": "#aab3bf",
            },
        },
    }


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…"
