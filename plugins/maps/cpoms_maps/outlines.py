"""The outlines of the body map: a child's body from the front and from the back, drawn as curves through a
few points. `body.py` says what they are called and asks them; nothing else does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

WIDTH, HEIGHT = 440, 440
FRONT, BACK = "front", "back"
Point = tuple[float, float]
Station = tuple[float, float, float]  # x, y and half of the width there


def _curve(points: Sequence[Point], *, closed: bool = False, steps: int = 6) -> list[Point]:
    """A smooth line through some points."""
    if closed:
        before, after = [points[-1]], [points[0], points[1]]
    else:
        before, after = [points[0]], [points[-1]]
    line = [*before, *points, *after]
    found: list[Point] = []
    for a, b, c, d in zip(line, line[1:], line[2:], line[3:], strict=False):
        for step in range(steps):
            t = step / steps
            found.append((_between(a[0], b[0], c[0], d[0], t), _between(a[1], b[1], c[1], d[1], t)))
    return found if closed else [*found, points[-1]]


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def _limb(stations: Sequence[Station], cuts: Sequence[int]) -> list[list[Point]]:
    """A limb along its stations, smooth on both sides, in pieces from one cut (a station) to the next."""
    steps = 6
    sides: tuple[list[Point], list[Point]] = ([], [])
    for at, (x, y, half) in enumerate(stations):
        ax, ay, _ = stations[max(at - 1, 0)]
        bx, by, _ = stations[min(at + 1, len(stations) - 1)]
        length = math.hypot(bx - ax, by - ay)
        nx, ny = -(by - ay) / length, (bx - ax) / length
        sides[0].append((x + nx * half, y + ny * half))
        sides[1].append((x - nx * half, y - ny * half))
    one, other = (_curve(side, steps=steps) for side in sides)
    return [
        one[a * steps : b * steps + 1] + other[a * steps : b * steps + 1][::-1] for a, b in pairwise(cuts)
    ]


def _oval(x: float, y: float, rx: float, ry: float, count: int = 20) -> list[Point]:
    turns = (math.tau * step / count for step in range(count))
    return [(x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns]


def _both(half: Sequence[Point]) -> list[Point]:
    """An outline from its right half, which goes down from the middle line and ends on it."""
    return [*half, *((-x, y) for x, y in reversed(half) if x)]


_ARM: tuple[Station, ...] = (
    (33, 113, 10),
    (43, 118, 13),
    (48.5, 132, 12),
    (54, 153, 10.5),
    (60, 173, 9.2),
    (64.5, 187, 9),
    (69, 203, 8.8),
    (75, 223, 7),
    (79, 238, 5.6),
)
_ARM_CUTS = (0, 2, 4, 5, 8)
_ARM_PARTS = ("shoulder", "upper-arm", "elbow", "forearm")
_HAND: tuple[Point, ...] = (  # along the hand, and across it: outwards, where the thumb is
    (-1, -5.8), (4, -6.6), (11, -8.4), (17, -9.4), (23, -10.6), (27.5, -11.2), (29.5, -9.6), (27.5, -7.6),
    (20, -5.6), (19.5, -4.8), (31, -6), (34, -4.6), (32.5, -2.6), (20.5, -1.2), (20.5, -0.4), (33.5, 0.2),
    (35, 2), (33, 3.5), (20.5, 3.4), (20, 4), (30.5, 6), (31, 8), (28.5, 8.6), (18, 8), (14, 8.4),
    (16.5, 11.6), (19.5, 15.2), (18.8, 17.6), (15.8, 17.4), (10.5, 13.2), (5, 8.6), (-1, 5.8),
)  # fmt: skip
_LEG: tuple[Station, ...] = (
    (21, 222, 20),
    (22, 240, 21.4),
    (23, 262, 19.9),
    (24.2, 284, 16.8),
    (25, 304, 13.6),
    (25.5, 319, 12.6),
    (26, 332, 12),
    (26.5, 347, 12.4),
    (27, 366, 10.4),
    (27, 384, 8),
    (27.5, 396, 7.6),
)
_LEG_CUTS = (0, 4, 6, 10)
_LEG_PARTS = ("thigh", "knee", "lower-leg")
_FOOT_FRONT: tuple[Point, ...] = (
    (19.9, 394), (18.5, 402), (18, 411), (19, 420), (22, 425.5), (27, 427), (32, 426.6), (37, 425),
    (41.5, 421.5), (42.5, 417.5), (40, 410), (37.4, 403), (35.1, 394),
)  # fmt: skip
_FOOT_BACK: tuple[Point, ...] = (
    (19.9, 394), (18.4, 402), (17.8, 411), (19, 419), (23, 423.5), (28, 424.5), (34, 423.5), (40, 421),
    (42, 417.5), (39, 411.5), (36.8, 404), (35.1, 394),
)  # fmt: skip
_SKULL: tuple[Point, ...] = (
    (0, 8), (11, 9.6), (20.5, 15), (27, 24), (29.5, 36), (29.3, 48), (27, 59), (22, 69.5), (14.5, 77.6),
    (6.5, 81.4), (0, 82.2),
)  # fmt: skip
_FACE_FROM: tuple[Point, ...] = ((0, 31.5), (9, 31), (18, 32), (24.5, 34), (29.3, 36))
_NECK: tuple[Point, ...] = ((0, 74), (11.5, 74), (11.7, 84), (13, 91), (17, 95.5), (12, 99.5), (0, 103))
_TORSO: tuple[Point, ...] = (
    (13, 91), (18, 95.6), (27, 99), (36, 102.6), (41.5, 109), (42.2, 120), (41, 134), (39.2, 150),
    (37.4, 166), (36.8, 178), (37.6, 192), (39.8, 206), (42, 220), (42.8, 233),
)  # fmt: skip
_CHEST_TO, _WAIST_TO = 9, 11  # stations of the torso


def _torso(side: str) -> list[tuple[str, list[Point]]]:
    steps = 6
    edge = _curve(_TORSO, steps=steps)
    chest, belly, hips = (
        edge[: _CHEST_TO * steps - 5],
        edge[_CHEST_TO * steps - 6 : _WAIST_TO * steps + 1],
        [],
    )
    hips = edge[_WAIST_TO * steps :]
    if side == FRONT:
        low = _curve([(42.8, 233), (33, 239), (20, 245), (8, 250), (0, 251)])
        return [
            ("chest", _both([(0, 93), *chest, (0, chest[-1][1] + 4)])),
            ("abdomen", _both([(0, belly[0][1] + 4), *belly, (0, belly[-1][1] + 5)])),
            ("pelvis", _both([(0, hips[0][1] + 5), *hips, *low])),
        ]
    low = _curve([(42.8, 233), (40, 246), (31, 253.5), (20, 255), (9, 253), (0, 247)])
    half = [(0.0, hips[0][1] + 2), *hips, *low]
    return [
        ("upper-back", _both([(0, 93), *chest, (0, chest[-1][1] + 2)])),
        ("lower-back", _both([(0, belly[0][1] + 2), *belly, (0, belly[-1][1] + 2)])),
        ("left-buttock", [(-x, y) for x, y in half]),
        ("right-buttock", half),
    ]


def _hand() -> list[Point]:
    (ax, ay, _), (bx, by, _) = _ARM[-2:]
    length = math.hypot(bx - ax, by - ay)
    ux, uy = (bx - ax) / length, (by - ay) / length
    turned = [(bx + u * ux + v * uy, by + u * uy - v * ux) for u, v in _HAND]
    return [turned[0], *_curve(turned[1:-1], steps=3), turned[-1]]


def _paired(side: str) -> list[tuple[str, list[Point]]]:
    """Arms and legs, on the right of the picture."""
    feet = _FOOT_FRONT if side == FRONT else _FOOT_BACK
    foot = [feet[0], *_curve(feet[1:-1]), feet[-1]]
    arm = zip(_ARM_PARTS, _limb(_ARM, _ARM_CUTS), strict=True)
    leg = zip(_LEG_PARTS, _limb(_LEG, _LEG_CUTS), strict=True)
    return [("hand", _hand()), *arm, ("foot", foot), *leg]


def _head(side: str) -> list[tuple[str, list[Point]]]:
    """Names begin with `+` for the right of the picture and with `-` for its left."""
    ears = [("+ear", _oval(30, 48, 5, 9)), ("-ear", _oval(-30, 48, 5, 9))]
    skull_half = _curve(_SKULL)
    skull = _both(skull_half)
    if side == BACK:
        return [
            *ears,
            ("back-of-neck", _both([*_curve(_NECK[1:-1], steps=4), (0, 100)])),
            ("back-of-head", skull),
        ]
    neck = _both([(0.0, 74.0), *_curve(_NECK[1:-1], steps=4), (0.0, 100.0)])
    return [
        *ears,
        ("neck", neck),
        ("head", skull),
        ("face", _both([*_curve(_FACE_FROM)[:-1], *skull_half[4 * 6 :]])),
        ("+eye", _oval(11.5, 47, 5.6, 3.6)),
        ("-eye", _oval(-11.5, 47, 5.6, 3.6)),
        ("nose", _both(_curve([(0, 48), (1.8, 53), (4.2, 58.6), (2.6, 61), (0, 61.4)], steps=4))),
        ("mouth", _oval(0, 70, 8, 3)),
    ]


def outlines(side: str) -> Iterator[tuple[str, tuple[Point, ...]]]:
    """The regions of a side by name, in the order in which they are drawn."""
    middle = WIDTH / 4 if side == FRONT else WIDTH * 3 / 4
    right, left = ("left", "right") if side == FRONT else ("right", "left")  # of the picture, by the child

    def region(name: str, points: Sequence[Point]) -> tuple[str, tuple[Point, ...]]:
        return name, tuple((round(middle + x, 1), round(y, 1)) for x, y in points)

    for name, points in _paired(side):
        yield region(f"{right}-{name}", points)
        yield region(f"{left}-{name}", [(-x, y) for x, y in points])
    for name, points in _torso(side):
        yield region(name, points)
    for name, points in _head(side):
        of_side = {"+": f"{right}-", "-": f"{left}-"}.get(name[0])
        yield region(of_side + name[1:] if of_side else name, points)


def _lines() -> Iterator[list[Point]]:
    """What is drawn on the body beside its regions, so that it reads as one."""
    front, back = WIDTH / 4, WIDTH * 3 / 4
    for sign in (-1, 1):
        yield _curve([(front + sign * x, y) for x, y in ((5, 103), (16, 104.5), (27, 103.5))])
        yield _curve([(front + sign * x, y) for x, y in ((6.5, 41), (11.5, 39.6), (17, 41.4))])
        yield [*_oval(front + sign * 11.5, 47, 1.5, 1.9, 10), (front + sign * 11.5 + 1.5, 47)]
        for toe in (23.2, 27.6, 31.6, 35.4):
            yield [(front + sign * toe, 421.6), (front + sign * (toe - 0.2), 425.4 if toe < 35 else 424.2)]
        yield _curve([(back + sign * x, y) for x, y in ((12, 122), (18, 138), (27, 146))])
    yield _curve([(front - 7.6, 70), (front, 71), (front + 7.6, 70)])
    yield _curve([(front - 1.6, 189), (front, 191.5), (front + 1.6, 189)])
    yield [(back, 104), (back, 196)]


LINES: tuple[tuple[Point, ...], ...] = tuple(
    tuple((round(x, 1), round(y, 1)) for x, y in line) for line in _lines()
)
