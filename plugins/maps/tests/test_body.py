"""The body map's geometry: every place of the drawing has one name, the same for all who ask."""

from __future__ import annotations

import pytest
from cpoms_maps import body, drawing
from hypothesis import given
from hypothesis import strategies as st

PARTS = st.floats(min_value=0, max_value=1)


@pytest.mark.parametrize("region", body.REGIONS, ids=lambda one: f"{one.side}-{one.name}")
def test_the_middle_of_each_region_finds_the_region(region: body.Region) -> None:
    """MAP-01: also where one lies on another, as an eye on the face."""
    x, y = body.parts_of_one(region.middle)
    assert body.place_of(x, y) == (region.side, region.name)


def test_left_and_right_are_the_child_s() -> None:
    """MAP-01: the child's left is on the right of its front and on the left of its back."""
    for side, is_right in ((body.FRONT, True), (body.BACK, False)):
        middle = body.WIDTH / 4 if side == body.FRONT else body.WIDTH * 3 / 4
        for part in ("hand", "forearm", "ear", "thigh", "foot"):
            left, right = (body.in_region(f"{one}-{part}", side) for one in ("left", "right"))
            assert left is not None and right is not None
            assert (left.middle[0] > middle) is is_right, left.label
            assert (right.middle[0] < middle) is is_right, right.label


def test_names_are_once_and_in_plain_words() -> None:
    """MAP-01: what people hear."""
    labels = [region.label for region in body.REGIONS]
    assert len(set(labels)) == len(labels)
    for wanted in (
        "Head", "Face", "Left eye", "Right ear, back", "Neck", "Chest", "Abdomen", "Left upper arm, front",
        "Left forearm, front", "Left hand, palm", "Back of head", "Upper back", "Lower back", "Left buttock",
        "Right thigh, back", "Left foot, top", "Right lower leg, calf",
    ):  # fmt: skip
        assert wanted in labels


@given(PARTS, PARTS)
def test_every_place_has_a_name(x: float, y: float) -> None:
    """MAP-01: on the body, near it or beside it; near is never further than a finger's width."""
    side, name = body.place_of(x, y)
    assert side == ("front" if x * body.WIDTH < body.WIDTH / 2 else "back")
    region = body.in_region(name, side)
    if name == body.BESIDE:
        assert body.words_of(name, side) == f"Beside the body, {side}"
        point = (x * body.WIDTH, y * body.HEIGHT)
        assert not any(body.contains(one.points, point) for one in body.REGIONS)
    else:
        assert region is not None and region.label


def test_the_drawing_is_made_of_the_same_outlines() -> None:
    """MAP-01: script and server cannot differ; the picture in the page holds each region with its name."""
    page = drawing.regions(named=True)
    for region in body.REGIONS:
        points = " ".join(f"{x:g},{y:g}" for x, y in region.points)
        assert f'<polygon points="{points}" data-region="{region.label}"/>' in page
    assert "data-region" not in drawing.body_svg()
