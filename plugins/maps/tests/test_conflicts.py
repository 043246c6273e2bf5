"""Two people who edit an incident with markers at once."""

from __future__ import annotations

import json
from typing import Any

from cpoms_core.testing.browsing import Web, form_with
from cpoms_core.testing.schools import SchoolForTests

ARM = {"map": "body", "x": 0.4, "y": 0.46, "note": "Small bruise"}
BACK = {"map": "body", "x": 0.75, "y": 0.3, "note": "Scratch"}
FIELD = "maps-markers"


def opened(browser: Any, incident: Any) -> Any:
    """The form that edits it, as a browser with scripts has it."""
    form = form_with(browser.get(f"/incidents/{incident.id}/edit"), "version")
    return with_scripts(form)


def with_scripts(form: Any) -> Any:
    form.field_order = [
        (name, one) for name, one in form.field_order if not (name or "").startswith(f"{FIELD}-")
    ]
    return form


def test_a_marker_that_the_first_placed_stays(school: SchoolForTests, web: Web, record: Any) -> None:
    """EDT-01, MAP-01: the second changes the words only, and saves over the newest version."""
    incident = record(school)
    first, second = opened(web(school, "lead"), incident), opened(web(school, "head"), incident)
    first[FIELD] = json.dumps([ARM])
    first.submit(status=302)
    second["text"] = "Other words."
    again = with_scripts(form_with(second.submit(status=409), "version"))
    assert json.loads(again[FIELD].value) == [ARM]


def test_of_markers_each_is_added_and_taken_away(
    school: SchoolForTests, web: Web, record: Any, texts: Any
) -> None:
    """EDT-01, MAP-01: the first removes one and the second places another."""
    incident = record(school, ARM)
    first, second = opened(web(school, "lead"), incident), opened(web(school, "head"), incident)
    first[FIELD] = "[]"
    first.submit(status=302)
    second[FIELD] = json.dumps([ARM, BACK])
    with_scripts(form_with(second.submit(status=409), "version")).submit(status=302)
    assert texts(incident.id) == ["1. Upper back: Scratch"]
