"""Maps on paper: the real PDF is opened, and its words and pictures are read."""

from __future__ import annotations

import io
import subprocess
import uuid
from typing import Any

import pikepdf
import pytest
from cpoms_maps import drawing
from lxml import etree

from cpoms_core.testing.schools import SchoolForTests

ARM = {"map": "body", "x": 0.4, "y": 0.46, "note": "Small bruise"}
BACK = {"map": "body", "x": 0.75, "y": 0.3, "note": "Aoife says it is old"}


def printed(school: SchoolForTests, web: Any, incident: Any) -> tuple[bytes, str]:
    pdf = web(school, "lead").get(f"/incidents/{incident.id}/print").body
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return pdf, " ".join(done.stdout.decode().split())


def test_markers_are_drawn_on_the_body_map_with_their_words(
    school: SchoolForTests, web: Any, record: Any, tmp_path: Any
) -> None:
    """MAP-04, EDT-07: the text, and the drawing with its numbers where the markers are."""
    _, without = printed(school, web, record(school))
    pdf, text = printed(school, web, record(school, ARM, BACK))
    assert "Body map" not in without
    for words in ("Body map", "1. Left forearm, front: Small bruise", "2. Upper back: Aoife says it is old"):
        assert words in text
    file = tmp_path / "print.pdf"
    file.write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "60", "-png", "-singlefile", file, tmp_path / "page"], check=True)
    from PIL import Image

    with Image.open(tmp_path / "page.png") as page:
        colours = {colour for _, colour in page.convert("RGB").getcolors(maxcolors=1 << 24)}
    assert _near(colours, drawing.SKIN) and _near(colours, drawing.PIN), "the body and its markers are drawn"


def _near(colours: set[tuple[int, ...]], wanted: str) -> bool:
    parts = tuple(int(wanted[at : at + 2], 16) for at in (1, 3, 5))
    return any(all(abs(a - b) < 3 for a, b in zip(one, parts, strict=True)) for one in colours)


def test_a_school_s_own_map_is_in_the_file(
    school: SchoolForTests, web: Any, record: Any, playground: uuid.UUID
) -> None:
    """MAP-04: as a small picture that the print brings along."""
    at = {"map": str(playground), "x": 0.5, "y": 0.25, "note": "By the gate"}
    pdf, text = printed(
        school, web, record(school, at, {**at, "x": None, "y": None, "note": "Near the shed"})
    )
    assert "Playground" in text and "1. 50 % from the left, 25 % from the top: By the gate" in text
    assert "2. Not placed on the picture: Near the shed" in text
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        found = [
            one
            for one in opened.objects
            if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Image"
        ]
    sizes = {(int(one["/Width"]), int(one["/Height"])) for one in found}
    assert (800, 533) in sizes, sizes


def test_the_drawing_of_a_print_brings_all_along() -> None:
    """MAP-04: nothing is fetched, and it is one well-formed document."""
    pins = [drawing.pin("1", 0.5, 0.5, 440), drawing.pin("123", 0.1, 0.1, 440)]
    for picture in (None, b"\xff\xd8\xff"):
        tree = etree.fromstring(drawing.printed(pins, 440, picture).encode())
        assert [one.text for one in tree.iter("{*}text")][-2:] == ["1", "123"]
        links = [one.get("href") for one in tree.iter() if one.get("href")]
        assert all(one.startswith(("#", "data:image/jpeg;base64,")) for one in links)


def test_a_print_that_hides_names_hides_them_in_notes(school: SchoolForTests, record: Any) -> None:
    """MAP-04, DSH-08: notes are texts that people wrote."""
    from dataclasses import replace

    from cpoms_core.students.hiding import NameHider, StudentNames

    incident = record(school, BACK)
    hider = NameHider([StudentNames("Aoife", "O'Connor")])
    viewer = replace(school.viewer("lead"), names=hider)
    with school.app.session(school.id, writes=False) as db:
        parts = school.app.hooks.collect_by_id("incident_prints", db, viewer, incident_ids=[incident.id])
    lines = [line for part in parts[incident.id] for line in part.lines if line.startswith("1.")]
    assert lines and not any("Aoife" in line for line in lines)


def test_a_picture_that_cannot_be_read_costs_no_words(
    school: SchoolForTests, web: Any, record: Any, playground: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MAP-04: the print says so, with the markers' words."""
    from cpoms_core.documents.storage import FileDamaged
    from cpoms_core.hooks.relay import PluginSession

    def broken(*_arguments: Any) -> bytes:
        raise FileDamaged

    monkeypatch.setattr(PluginSession, "read_file", broken)
    _, text = printed(
        school, web, record(school, {"map": str(playground), "x": 0.5, "y": 0.25, "note": "By the gate"})
    )
    assert "could not be read when this was printed" in text and "By the gate" in text
