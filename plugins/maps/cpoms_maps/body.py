"""The body map: a child's body from the front and from the back, as named regions.

The drawing (`outlines.py`) is in one place only: the SVG of pages and prints is made of these polygons,
scripts read them out of that SVG, and the server asks them which region a marker is in. Left and right are
the child's: from the front the child's left is on the right of the picture.

Coordinates are those of the drawing: WIDTH by HEIGHT, y downwards. Markers have theirs as parts of one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from cpoms_maps.outlines import BACK, FRONT, HEIGHT, LINES, WIDTH, Point, outlines

__all__ = ["BACK", "FRONT", "HEIGHT", "LINES", "WIDTH"]
NEAR = 14.0
"""A marker beside the body by less than this belongs to the nearest region: arms are thin under a finger."""
BESIDE = "beside-the-body"


@dataclass(frozen=True, slots=True)
class Region:
    """A named part of one side of the body. `points`: its outline, closed."""

    name: str
    side: str
    points: tuple[Point, ...]

    @property
    def label(self) -> str:
        """What people read, as in `Left forearm, front`."""
        return words_of(self.name, self.side)

    @property
    def middle(self) -> Point:
        """A point well inside it: where a marker stands of which only the region is known."""
        return _middle(self)


REGIONS: tuple[Region, ...] = tuple(
    Region(name, side, points) for side in (FRONT, BACK) for name, points in outlines(side)
)

# --- words -----------------------------------------------------------------------------------------------

_OTHER_WORDS = {
    ("hand", FRONT): "palm",
    ("hand", BACK): "back of the hand",
    ("foot", FRONT): "top",
    ("foot", BACK): "heel",
    ("lower-leg", FRONT): "shin",
    ("lower-leg", BACK): "calf",
}
_TITLES = {"pelvis": "Pelvis and genital area", BESIDE: "Beside the body"}


def words_of(name: str, side: str) -> str:
    """A region in words; where there is one on either side, with the side."""
    title = _TITLES.get(name) or name.replace("-", " ").capitalize()
    part = name.removeprefix("left-").removeprefix("right-")
    if (part, side) in _OTHER_WORDS:
        return f"{title}, {_OTHER_WORDS[part, side]}"
    return f"{title}, {side}" if name in _on_both_sides() or name == BESIDE else title


@cache
def _on_both_sides() -> frozenset[str]:
    front, back = ({region.name for region in REGIONS if region.side == side} for side in (FRONT, BACK))
    return frozenset(front & back)


# --- which region a point is in --------------------------------------------------------------------------


def place_of(x: float, y: float) -> tuple[str, str]:
    """The side and the region of a point, whose coordinates are parts of one."""
    point = (x * WIDTH, y * HEIGHT)
    for region in reversed(REGIONS):  # what is drawn last lies on top
        if contains(region.points, point):
            return region.side, region.name
    side = FRONT if point[0] < WIDTH / 2 else BACK
    near = ((_away(region.points, point), region.name) for region in REGIONS if region.side == side)
    away, name = min(near, key=lambda one: one[0])
    return side, name if away < NEAR else BESIDE


def contains(outline: Sequence[Point], point: Point) -> bool:
    """Whether a point is inside a closed outline: a ray to the right crosses it an odd number of times."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in _edges(outline):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside


def _away(outline: Sequence[Point], point: Point) -> float:
    """How far a point is from an outline."""
    x, y = point
    least = math.inf
    for (ax, ay), (bx, by) in _edges(outline):
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        along = max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / length)) if length else 0.0
        least = min(least, math.hypot(x - ax - along * dx, y - ay - along * dy))
    return least


def _edges(outline: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    yield from pairwise([*outline, outline[0]])


@cache
def _middle(region: Region) -> Point:
    """Of a grid of points the one that is deepest inside, and under nothing that is drawn over the region."""
    above = REGIONS[REGIONS.index(region) + 1 :]
    xs, ys = [x for x, _ in region.points], [y for _, y in region.points]
    steps = 12
    grid = [
        (min(xs) + (max(xs) - min(xs)) * i / steps, min(ys) + (max(ys) - min(ys)) * j / steps)
        for i in range(1, steps)
        for j in range(1, steps)
    ]
    free = [
        point
        for point in grid
        if contains(region.points, point) and not any(contains(other.points, point) for other in above)
    ]
    edges = [region.points, *(other.points for other in above)]
    x, y = max(free, key=lambda point: min(_away(edge, point) for edge in edges))
    return round(x, 1), round(y, 1)


def in_region(name: str, side: str) -> Region | None:
    """The region of a name on a side, if there is one."""
    return next((one for one in REGIONS if (one.name, one.side) == (name, side)), None)


def parts_of_one(point: Point) -> Point:
    """A point of the drawing as a marker keeps it."""
    return round(point[0] / WIDTH, 4), round(point[1] / HEIGHT, 4)
