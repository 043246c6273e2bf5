"""Specifications of charts: plain data, nothing that loads or computes (STU-02)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cpoms_core.charts.specs import Bar, Slice, bars, pie, titled

PIE = pie(
    "Incidents by category",
    [Slice("Small", 1, "#111111"), Slice("Large", 99, "#222222"), Slice("Also", 20, "#222222")],
    counted="Incidents",
)
BARS = bars(
    "Incidents over time", [Bar("Jul 2026", 2), Bar("Aug 2026", 0)], counted="Incidents", along="Month"
)


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from keys(one)
    elif isinstance(value, list):
        for one in value:
            yield from keys(one)


def test_nothing_in_them_loads_or_computes() -> None:
    """STU-02: no address, no expression; what people typed is a value."""
    for spec in (PIE, BARS, titled(PIE, "Title", "about")):
        assert not {"url", "expr", "signal", "calculate", "filter", "href", "loader"} & set(keys(spec))
        assert "://" not in json.dumps({**spec, "$schema": ""})


def test_colour_is_never_alone() -> None:
    """STU-02: two categories of one colour are told apart by their numbers; the smallest slice has none, for
    numbers would lie on each other, but stands in the legend."""
    values = PIE["data"]["values"]
    assert [value["label"] for value in values] == ["1  Large: 99", "2  Also: 20", "3  Small: 1"]
    assert [value["mark"] for value in values] == ["1", "2", ""]
    assert [value["share"] for value in values] == ["82 %", "17 %", "1 %"]
    colours = PIE["layer"][0]["encoding"]["color"]["scale"]
    assert colours["domain"] == [value["label"] for value in values]
    assert colours["range"] == ["#222222", "#222222", "#111111"]


def test_a_long_name_is_cut_in_the_legend_only() -> None:
    """STU-02: the hover value has all of it."""
    long = pie("x", [Slice("a" * 200, 1, "#111111")], counted="Incidents")["data"]["values"][0]
    assert len(long["label"]) < 80 and long["name"] == "a" * 200


def test_bars_keep_their_order() -> None:
    """STU-02: months are not sorted by name."""
    assert BARS["encoding"]["x"]["sort"] is None
    assert [value["name"] for value in BARS["data"]["values"]] == ["Jul 2026", "Aug 2026"]
