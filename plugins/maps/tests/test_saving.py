"""Markers through the life of their incident: a set for each version that changes them, none ever lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cpoms_maps import services
from cpoms_maps.markers import Placed
from cpoms_maps.models import MarkerSet
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.chronology import one as shown_one
from cpoms_core.incidents.services import (
    Merge,
    Split,
    delete_incident,
    merge_incident,
    restore_incident,
    restore_incident_version,
    split_action,
)
from cpoms_core.testing.browsing import text_of, typed_incident
from cpoms_core.testing.schools import SchoolForTests

ARM = {"map": "body", "x": 0.4, "y": 0.46, "note": "Small bruise"}
BACK = {"map": "body", "x": 0.75, "y": 0.3, "note": ""}
ARM_SAYS, BACK_SAYS = "Left forearm, front: Small bruise", "Upper back"


def as_with_scripts(form: Any) -> Any:
    """A form without what stands in `noscript`, which a browser with scripts leaves out."""
    rows = ("maps-markers-place", "maps-markers-note")
    form.field_order = [(name, field) for name, field in form.field_order if name not in rows]
    return form


@pytest.mark.parametrize("who", ["lead", "teacher"])
def test_markers_of_the_form_are_kept_with_region_and_side(
    school: SchoolForTests, web: Any, rows: Any, stored_incident: Any, who: str
) -> None:
    """MAP-01: by who may add an incident, with a key or without."""
    browser = web(school, who)
    assert browser.get("/incidents/add").html.find(attrs={"name": "maps-markers"})
    browser.submit(
        "/incidents/add", typed_incident(school, **{"maps-markers": json.dumps([ARM, BACK])}), status=302
    )
    first, second = rows(stored_incident().id)
    assert (first.number, first.side, first.region, first.note) == (
        1,
        "front",
        "left-forearm",
        "Small bruise",
    )
    assert (second.number, second.side, second.region, second.x, second.y) == (
        2,
        "back",
        "upper-back",
        0.75,
        0.3,
    )


def test_what_is_wrong_is_said_beside_the_field_and_the_markers_come_back(
    school: SchoolForTests, web: Any
) -> None:
    """MAP-01: nothing that was placed is lost with an error, its own or another field's."""
    long = {**ARM, "note": "x" * 501}
    page = web(school, "lead").submit(
        "/incidents/add", typed_incident(school, text="", **{"maps-markers": json.dumps([long])}), status=422
    )
    field = page.html.find(id="maps-markers")
    assert "Shorten the note of marker 1" in field.find(id="maps-markers-error").text
    assert json.loads(field.find(attrs={"name": "maps-markers"})["value"]) == [long]


def test_without_scripts_places_are_chosen_from_a_list(
    school: SchoolForTests, web: Any, texts: Any, stored_incident: Any
) -> None:
    """MAP-01: rows with a place and a note."""
    lead = web(school, "lead")
    page = lead.get("/incidents/add").html
    select_box = page.find("noscript").find("select", attrs={"name": "maps-markers-place"})
    value = select_box.find("option", string="Left forearm, front")["value"]
    answer = lead.post(
        "/incidents/add",
        [
            *typed_incident(school, csrf_token=lead.csrf(), **{"maps-markers": "[]"}).items(),
            ("maps-markers-place", value),
            ("maps-markers-note", "Small bruise"),
            ("maps-markers-place", ""),
            ("maps-markers-note", ""),
        ],
    )
    assert answer.status_int == 302
    assert texts(stored_incident().id) == [f"1. {ARM_SAYS}"]


def test_an_edit_appends_a_set_and_a_version_brings_its_own_back(
    school: SchoolForTests, web: Any, record: Any, texts: Any, rows: Any
) -> None:
    """MAP-01, EDT-01: history is kept; restoring a version restores its markers."""
    incident = record(school, ARM)
    lead = web(school, "lead")
    form = as_with_scripts(lead.get(f"/incidents/{incident.id}/edit").forms["edit-form"])
    assert json.loads(form["maps-markers"].value) == [ARM]
    form["maps-markers"] = json.dumps([BACK, {**ARM, "note": "Gone by now"}])
    form.submit(status=302)
    assert texts(incident.id) == [f"1. {BACK_SAYS}", "2. Left forearm, front: Gone by now"]
    form = as_with_scripts(lead.get(f"/incidents/{incident.id}/edit").forms["edit-form"])
    form["maps-markers"] = "[]"
    form.submit(status=302)
    assert texts(incident.id) == []
    with school.app.transaction(school.id) as db:
        restore_incident_version(db, school.viewer("lead"), incident.id, 1, opened=3)
    assert texts(incident.id) == [f"1. {ARM_SAYS}"]
    assert [(row.version, row.number) for row in rows(incident.id)] == [(1, 1), (2, 1), (2, 2), (4, 1)]


def test_history_says_markers_in_words(
    school: SchoolForTests, web: Any, record: Any, playground: Any
) -> None:
    """MAP-01, EDT-01: `field_words`; with the map's title where it is not the body."""
    incident = record(school, ARM)
    lead = web(school, "lead")
    form = as_with_scripts(lead.get(f"/incidents/{incident.id}/edit").forms["edit-form"])
    gate = {"map": str(playground), "x": 0.5, "y": 0.25, "note": "By the gate"}
    form["maps-markers"] = json.dumps([BACK, gate])
    form.submit(status=302)
    said = text_of(lead.get(f"/incidents/{incident.id}/history"))
    assert f"Maps was 1. {ARM_SAYS} → is 1. {BACK_SAYS}; 2. Playground, 50 % from the left" in said
    assert "{" not in said


def test_an_edit_of_the_words_keeps_the_markers_and_makes_no_new_set(
    school: SchoolForTests, web: Any, record: Any, texts: Any, rows: Any
) -> None:
    incident = record(school, ARM)
    form = web(school, "lead").get(f"/incidents/{incident.id}/edit").forms["edit-form"]
    form["text"] = "She was very quiet today, and tired."
    form.submit(status=302)
    assert texts(incident.id) == [f"1. {ARM_SAYS}"]
    assert len(rows(incident.id)) == 1


def test_an_incident_without_markers_has_no_row(school: SchoolForTests, record: Any) -> None:
    """MAP-01: most have none."""
    incident = record(school)
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(MarkerSet).where(MarkerSet.incident_id == incident.id)).all() == []


def test_a_version_is_kept_once_and_a_late_one_takes_nothing_back(
    school: SchoolForTests, record: Any, texts: Any, rows: Any
) -> None:
    """MAP-01: a hook that failed is tried again, maybe after the incident was edited."""
    incident = record(school, ARM)
    lead, back = school.viewer("lead"), [Placed(None, 0.75, 0.3)]
    with school.app.transaction(school.id) as db:
        for version in (3, 3, 2):
            services.keep_markers(PluginSession(db), lead, incident.id, version, back if version == 3 else [])
    assert texts(incident.id) == [f"1. {BACK_SAYS}"]
    assert [row.version for row in rows(incident.id)] == [1, 3]


def test_the_database_lets_no_marker_be_changed_or_taken_away(school: SchoolForTests, record: Any) -> None:
    """MAP-01, EDT-01: whoever asks."""
    from cpoms_maps.models import Marker

    record(school, ARM)
    for statement in (update(Marker).values(note="lost"), delete(Marker), delete(MarkerSet)):
        with (
            pytest.raises(DBAPIError, match="rows are kept"),
            school.app.transaction(school.id) as db,
        ):
            db.execute(statement.execution_options(synchronize_session=False))


@pytest.mark.parametrize("on", [True, False])
def test_merged_and_split_again_the_markers_are_where_they_belong(
    school: SchoolForTests, web: Any, record: Any, texts: Any, switch: Any, on: bool
) -> None:
    """MAP-01, EDT-04, EDT-05: shown in the action, and with the incident again, on or off meanwhile."""
    incident, into = record(school, ARM), record(school, BACK)
    lead = school.viewer("lead")
    switch(on)
    with school.app.transaction(school.id) as db:
        action = merge_incident(db, lead, Merge(incident.id, 1, into.id, 1))
    switch(True)
    with school.app.session(school.id, writes=False) as db:
        shown = shown_one(db, school.viewer("lead"), into.id)
    (panel,) = (one for one in shown.actions[0].panels if one.slot == "incident-foot")
    assert [one.text for one in panel.context["maps"][0].markers] == [ARM_SAYS]
    together = web(school, "lead").get(f"/students/{school.students['aoife']}").html
    assert len(together.select(".map-incidents > li")) == 2, "combined, too: nothing is lost"
    switch(on)
    with school.app.transaction(school.id) as db:
        split_action(db, lead, Split(action.id, 1, [school.categories["Behaviour"]]))
    switch(True)
    assert (texts(incident.id), texts(into.id)) == ([f"1. {ARM_SAYS}"], [f"1. {BACK_SAYS}"])


@pytest.mark.parametrize("on", [True, False])
def test_deleted_and_restored_the_markers_come_back(
    school: SchoolForTests, web: Any, record: Any, switch: Any, on: bool
) -> None:
    """MAP-01, EDT-02: nowhere to be seen while it is deleted."""
    incident = record(school, ARM)
    lead, overview = web(school, "lead"), f"/students/{school.students['aoife']}"
    assert ARM_SAYS in text_of(lead.get(overview))
    switch(on)
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), incident.id, "Recorded twice.", opened=1)
    switch(True)
    assert "Small bruise" not in lead.get(overview).text
    switch(on)
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer("lead"), incident.id)
    switch(True)
    assert ARM_SAYS in text_of(lead.get(overview))
    assert "Left forearm, front : Small bruise" in text_of(lead.get(f"{overview}/incidents"))


def test_a_fault_of_the_module_costs_no_concern(
    school: SchoolForTests, web: Any, monkeypatch: pytest.MonkeyPatch, stored_incident: Any
) -> None:
    """MAP-01, MOD-04: the incident is recorded, and the markers stay in its version for the retry."""

    def fail(*_arguments: Any) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("cpoms_maps.services.keep_markers", fail)
    fields = typed_incident(school, text="She was very quiet today.", **{"maps-markers": json.dumps([ARM])})
    web(school, "lead").submit("/incidents/add", fields, status=302)
    assert stored_incident().text == "She was very quiet today."


def test_a_student_s_markers_are_exported_even_switched_off(
    school: SchoolForTests, record: Any, switch: Any
) -> None:
    """MAP-01: every set of them."""
    incident = record(school, ARM, BACK)
    with school.app.transaction(school.id) as db:
        services.keep_markers(PluginSession(db), school.viewer("lead"), incident.id, 2, [])
    switch(False)
    with school.app.session(school.id, writes=False) as db:
        always = school.app.hooks.always
        viewer = school.viewer("lead")
        held = always("export_student", db, viewer, student_id=school.students["aoife"])["maps"]["markers"]
        other = always("export_student", db, viewer, student_id=school.students["chloe"])["maps"]
    first, second = held
    assert [(one["number"], one["map"], one["where"], one["note"]) for one in first["markers"]] == [
        (1, "Body map", "Left forearm, front", "Small bruise"),
        (2, "Body map", "Upper back", ""),
    ]
    assert (second["version"], second["markers"]) == (2, [])
    assert other == {"markers": []}
