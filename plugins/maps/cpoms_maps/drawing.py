"""The SVG of maps: the body map from its regions, and any map with its markers, for pages and for prints."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import quoteattr

from cpoms_maps import body

WIDTH = 440
"""The width of every map's drawing, whose markers are then of one size; the height follows the picture."""
HALF = 11.0  # of a marker's height
OUTLINE, SKIN, SEAM, FOLD = "#5b6b7a", "#f3e9df", "#d3c5b4", "#a8957e"
PIN, ON_PIN = "#1b4f72", "#ffffff"


@dataclass(frozen=True, slots=True)
class Pin:
    """A marker as it is drawn: what is written in it, and its place in the drawing."""

    word: str
    x: float
    y: float

    @property
    def half(self) -> float:
        """Half of its width: a circle, wider for what is longer than two figures."""
        return HALF + 3.8 * max(0, len(self.word) - 2)


def pin(word: str, x: float, y: float, height: int) -> Pin:
    """A marker at a place given in parts of one."""
    return Pin(word, round(x * WIDTH, 1), round(y * height, 1))


def height_of(width: int, height: int) -> int:
    """The height of the drawing of a picture."""
    return max(1, round(WIDTH * height / width))


@cache
def regions(*, named: bool = False) -> str:
    """The body's regions as SVG elements: an outline around all of them, then each, then the lines on them.
    named: each says what it is, for scripts."""
    shapes = "".join(
        f'<polygon points="{_points(one.points)}"{_names(one) if named else ""}/>' for one in body.REGIONS
    )
    lines = "".join(f'<polyline points="{_points(line)}"/>' for line in body.LINES)
    return (
        f'<g fill="none" stroke="{OUTLINE}" stroke-width="3.2" stroke-linejoin="round">'
        f'<use href="#body-regions"/></g><g fill="{SKIN}" stroke="{SEAM}" stroke-width=".8" '
        f'stroke-linejoin="round"><g id="body-regions">{shapes}</g></g>'
        f'<g fill="none" stroke="{FOLD}" stroke-width=".9" stroke-linecap="round" pointer-events="none">'
        f"{lines}</g>{_letters()}"
    )


@cache
def body_svg() -> str:
    """The body map as a document."""
    return _document(body.HEIGHT, regions())


@cache
def body_version() -> str:
    """What changes with the drawing, for the address that browsers keep it by."""
    return hashlib.sha256(body_svg().encode()).hexdigest()[:10]


def printed(pins: Sequence[Pin], height: int, picture: bytes | None) -> str:
    """A map with its markers as a document that brings all along. picture: a JPEG, or None for the body."""
    if picture is None:
        ground = regions()
    else:
        data = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
        ground = f'<image href="{data}" x="0" y="0" width="{WIDTH}" height="{height}"/>'
    return _document(height, ground + "".join(_pin(one) for one in pins))


def _document(height: int, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}">{content}</svg>'
    )


def _pin(one: Pin) -> str:
    left, top = round(one.x - one.half, 1), round(one.y - HALF, 1)
    return (
        f'<rect x="{left}" y="{top}" width="{2 * one.half:g}" height="{2 * HALF:g}" rx="{HALF:g}" '
        f'fill="{PIN}" stroke="{ON_PIN}" stroke-width="2"/>'
        f'<text x="{one.x}" y="{round(one.y + 4.6, 1)}" font-family="Inter, DejaVu Sans, sans-serif" '
        f'font-size="13" font-weight="700" text-anchor="middle" fill="{ON_PIN}">{one.word}</text>'
    )


def _letters() -> str:
    """R and L beside each side of the body: the child's."""
    places = [
        (x + sign * 92, letter)
        for x, letters in ((body.WIDTH / 4, "RL"), (body.WIDTH * 3 / 4, "LR"))
        for sign, letter in zip((-1, 1), letters, strict=True)
    ]
    return f'<g fill="{OUTLINE}" font-family="Inter, sans-serif" font-size="14" text-anchor="middle">' + (
        "".join(f'<text x="{x:g}" y="150">{letter}</text>' for x, letter in places) + "</g>"
    )


def _names(one: body.Region) -> str:
    return f" data-region={quoteattr(one.label)}"


def _points(points: Sequence[body.Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
