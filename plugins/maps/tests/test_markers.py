"""Reading what a form sends as markers: anything may come."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from cpoms_maps.fields import MarkersField
from cpoms_maps.markers import Placed, Unreadable, from_json, read, write
from cpoms_maps.school_maps import MapShown, body_map
from hypothesis import given
from hypothesis import strategies as st
from webob.multidict import MultiDict
from wtforms import Form

from cpoms_core.database.types import new_id

WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: (
        st.lists(inside) | st.dictionaries(st.text() | st.sampled_from(["map", "x", "y", "note"]), inside)
    ),
    max_leaves=20,
)
MARKER = st.fixed_dictionaries(
    {"map": st.just("body") | st.text() | WILD, "x": WILD | st.floats(0, 1), "y": WILD | st.floats(0, 1)},
    optional={"note": st.text() | WILD},
)


@given(st.lists(MARKER, max_size=4) | WILD)
def test_whatever_comes_is_a_marker_in_bounds_or_refused(found: Any) -> None:
    """MAP-01: finite places between nought and one, a note of one line, and nothing else gets through."""
    try:
        markers = read(json.dumps(found))
    except Unreadable:
        return
    assert len(markers) <= 50
    for one in markers:
        if one.x is None or one.y is None:
            assert one.x is one.y and one.map_id is not None
        else:
            assert math.isfinite(one.x) and 0 <= one.x <= 1 and 0 <= one.y <= 1
        one.note.encode()
        assert "\0" not in one.note and "\n" not in one.note
    assert read(write(markers)) == markers, "and it is the same when it comes again"


@pytest.mark.parametrize(
    "text",
    [
        "{", "[" * 100_000, '[{"map": "body", "x": NaN, "y": 0}]', '[{"map": "body", "x": 1e999, "y": 0}]',
        '[{"map": "body", "x": 2, "y": 0}]', '[{"map": "body", "x": -0.1, "y": 0}]',
        '[{"map": "body", "x": true, "y": 0}]', '[{"map": "body"}]', '[{"map": "nothing", "x": 0, "y": 0}]',
        '{"map": "body"}', "[1]", '[{"map": "body", "x": 0, "y": 0, "note": 3}]',
        "[" + "9" * 5000 + "]", " " * 500_000, json.dumps([{"map": "body", "x": 0, "y": 0}] * 51),
    ],
    ids=range(15),
)  # fmt: skip
def test_what_is_no_markers_is_refused_in_words(text: str) -> None:
    """MAP-01: broken, endless, too many, out of the picture."""
    with pytest.raises(Unreadable, match=r"[Nn]one"):
        read(text)


def test_no_character_that_a_database_refuses() -> None:
    """MAP-01: JSON can write what a form cannot send."""
    (one,) = read('[{"map": "body", "x": 0, "y": 1, "note": "a\\u0000b\\ud800 c\\r\\n d"}]')
    assert one == Placed(None, 0.0, 1.0, "a b c d")


PLAYGROUND = MapShown(new_id(), "Playground", 300)


def form_of(*fields: tuple[str, str], known: tuple[MapShown, ...] = (body_map(), PLAYGROUND)) -> Any:
    """A posted form with the field, checked."""
    made = type("Made", (Form,), {"m": MarkersField("Maps", name="maps-markers", known=known)})
    form = made(MultiDict(fields))
    form.validate()
    return form["m"]


def test_rows_without_a_script_count() -> None:
    """MAP-01: a region from the list, a map with words, a marker that was there, and one taken away."""
    before = write([Placed(None, 0.1234, 0.5, "old"), Placed(None, 0.2, 0.2, "gone")])
    field = form_of(
        ("maps-markers", before),
        ("maps-markers-place", "keep-0"), ("maps-markers-note", "new words"),
        ("maps-markers-place", "gone"), ("maps-markers-note", "gone"),
        ("maps-markers-place", "front:left-forearm"), ("maps-markers-note", "small bruise"),
        ("maps-markers-place", str(PLAYGROUND.id)), ("maps-markers-note", "by the gate"),
        ("maps-markers-place", ""), ("maps-markers-note", ""),
    )  # fmt: skip
    assert not field.errors
    kept, arm, gate = from_json(field.data)
    assert kept == Placed(None, 0.1234, 0.5, "new words")
    assert arm.where == ("front", "left-forearm") and arm.note == "small bruise"
    assert gate == Placed(PLAYGROUND.id, None, None, "by the gate")


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([("", "where was it")], "Choose a place for each note."),
        ([("front:left-wing", "odd")], "not known"),
        ([("keep-7", "odd")], "not known"),
        ([("keep-²", "odd")], "not known"),
        ([(str(new_id()), "odd")], "Marker 1 is on a map that this school does not have"),
        ([("front:chest", "x" * 501)], "Shorten the note of marker 1: it has 501 characters"),
        ([("front:chest", "")] * 51, "at most 50 markers"),
    ],
)
def test_what_is_wrong_in_a_row_is_said_and_nothing_typed_is_lost(
    rows: list[tuple[str, str]], error: str
) -> None:
    """MAP-01: the form comes back with the note, which has its row again."""
    field = form_of(
        *(
            pair
            for place, note in rows
            for pair in (("maps-markers-place", place), ("maps-markers-note", note))
        )
    )
    assert error in " ".join(field.errors)
    assert rows[0][1] in [row.note for row in field.rows]


def test_a_map_that_the_school_does_not_have_is_refused_beside_the_field() -> None:
    """MAP-02: with all markers still there, to take the one away."""
    typed = write([Placed(None, 0.5, 0.5, "a"), Placed(PLAYGROUND.id, 0.5, 0.5, "b")])
    field = form_of(("maps-markers", typed), known=(body_map(),))
    assert "Marker 2 is on a map that this school does not have." in field.errors[0]
    assert field.json == typed


def test_a_map_that_was_disabled_meanwhile_is_shown_for_the_markers_on_it_only() -> None:
    """MAP-02: what was placed before counts, and the form that comes back shows where."""
    off = dataclasses.replace(PLAYGROUND, disabled=True)
    with_one = form_of(("maps-markers", write([Placed(off.id, 0.5, 0.5, "b")])), known=(body_map(), off))
    assert not with_one.errors and with_one.maps == [body_map(), off]
    assert form_of(("maps-markers", "[]"), known=(body_map(), off)).maps == [body_map()]
