"""Combined maps on a student's overview, and who sees what of them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from cpoms_maps import queries

from cpoms_core.testing.browsing import text_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

ARM = {"map": "body", "x": 0.4, "y": 0.46, "note": "Small bruise"}
BACK = {"map": "body", "x": 0.75, "y": 0.3, "note": "Old mark"}


def overview(school: SchoolForTests, web: Any, who: str, student: str = "aoife") -> Any:
    return web(school, who).get(f"/students/{school.students[student]}").html


def test_each_map_has_the_markers_of_all_incidents(
    school: SchoolForTests, web: Any, record: Any, playground: uuid.UUID
) -> None:
    """MAP-03: one map of each kind; marker and incident name each other."""
    first = record(school, ARM, {"map": str(playground), "x": 0.5, "y": 0.5, "note": "By the gate"})
    second = record(school, BACK)
    record(school)
    record(school, ARM, student="chloe")
    part = overview(school, web, "lead").select_one("[data-maps-together]")
    maps = part.select(".map-shown")
    assert [one.figcaption.text for one in maps] == ["Body map", "Playground"]
    pins = [[pin["data-lights"] for pin in one.select("a.map-pin")] for one in maps]
    assert pins == [[str(second.number), str(first.number)], [str(first.number)]]
    rows = part.select(".map-incidents > li")
    assert [row["data-lights"] for row in rows] == [str(second.number), str(first.number)]
    assert maps[0].select_one("a")["href"] == f"#{rows[0]['id']}"
    assert maps[0].select_one("a")["aria-label"] == f"Incident {second.number}: Upper back: Old mark"
    assert "Body map, 1. Left forearm, front: Small bruise" in " ".join(rows[1].text.split())


def test_only_of_incidents_that_the_viewer_may_read(school: SchoolForTests, web: Any, record: Any) -> None:
    """MAP-03, USR-12.3: the head sees no Child Protection; the maps say nothing of it."""
    record(school, {**ARM, "note": "Kept from you"}, categories=["Child Protection"])
    assert overview(school, web, "head").select_one("[data-maps-together]") is None
    record(school, BACK)
    part = overview(school, web, "head").select_one("[data-maps-together]")
    assert len(part.select("a.map-pin")) == 1 and "Kept from you" not in part.text
    assert len(overview(school, web, "lead").select("a.map-pin")) == 2


def test_whoever_is_alerted_reads_the_markers_of_that_incident(
    school: SchoolForTests, web: Any, record: Any
) -> None:
    """MAP-01, USR-12.4: without a key, too."""
    incident = record(school, ARM, alert=["teacher"])
    other = record(school, BACK)
    teacher = web(school, "teacher")
    assert "Small bruise" in teacher.get(f"/incidents/{incident.id}").text
    teacher.get(f"/incidents/{other.id}", status=404)


def test_more_than_are_shown_are_said_to_be_there(
    school: SchoolForTests, web: Any, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MAP-03: bounded, the newest first."""
    monkeypatch.setattr(queries, "MOST_TOGETHER", 3)
    record(school, BACK)
    newest = record(school, ARM, ARM, ARM)
    part = overview(school, web, "lead").select_one("[data-maps-together]")
    assert {pin["data-lights"] for pin in part.select("a.map-pin")} == {str(newest.number)}
    assert "The newest 3 markers are shown; there are more." in " ".join(part.text.split())


def test_hidden_names_are_hidden_in_notes_and_titles(school: SchoolForTests, web: Any, record: Any) -> None:
    """DSH-08: in the list, under the incident and in the labels of the markers."""
    record(school, {**ARM, "note": "Aoife says she fell"})
    lead = web(school, "lead")
    lead.submit("/session/names", {"hidden": "yes", "next": "/"})
    for path in ("", "/incidents"):
        page = lead.get(f"/students/{school.students['aoife']}{path}")
        assert "says she fell" in page.text
        assert "Aoife says" not in page.text


def test_a_page_of_incidents_costs_one_query(school: SchoolForTests, web: Any, record: Any) -> None:
    """MAP-01: however many incidents and markers there are."""
    lead, where = web(school, "lead"), f"/students/{school.students['aoife']}/incidents"

    def statements() -> int:
        lead.get(where)
        with counted(school.app.engines) as ran:
            lead.get(where)
        return ran.number

    record(school, ARM)
    few = statements()
    for _ in range(5):
        record(school, ARM, BACK)
    assert statements() == few


def test_the_demonstration_has_markers(school: SchoolForTests, web: Any, record: Any, switch: Any) -> None:
    """MAP-03: `fill_demo`; on incidents without any, once."""
    switch(False)
    incident = record(school)
    switch(True)
    for _ in range(2):
        with school.app.transaction(school.id) as db:
            school.app.hooks.own("fill_demo", db, school.viewer("lead"), "maps", app=school.app)
            assert not db.hook_failures
    page = web(school, "lead").get(f"/incidents/{incident.id}").follow()
    assert "Small bruise, yellow" in page.text and "By the far gate" in page.text


def test_off_leaves_no_trace_and_on_brings_all_back(
    school: SchoolForTests, web: Any, record: Any, switch: Any, playground: uuid.UUID
) -> None:
    """MOD-01: form, incident, overview, administration, pictures."""
    incident = record(school, ARM)
    lead, admin = web(school, "lead"), web(school, "admin")
    student = f"/students/{school.students['aoife']}"
    paths = [(lead, "/incidents/add"), (lead, f"{student}/incidents"), (lead, student), (admin, "/admin")]
    for browser, path in paths:
        assert "maps" in browser.get(path).text, path
    switch(False)
    for browser, path in paths:
        page = browser.get(path)
        assert "maps" not in page.text and "Small bruise" not in page.text, path
    for path in (
        "/maps/admin",
        "/maps/body.svg",
        f"/maps/{playground}/picture",
        f"/maps/{playground}/rename",
    ):
        admin.get(path, status=404)
    switch(True)
    assert "Small bruise" in text_of(lead.get(f"/incidents/{incident.id}").follow())
