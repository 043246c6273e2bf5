"""MOD-01, MOD-04: what was typed in a module's field that is gone when the form is sent: the module was
switched off, or its field deleted or broken, while somebody was writing. It is kept with the version."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentVersion
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import Browser, text_of, typed_incident
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests

TYPED = "On the left arm"


def turn_probe(school: SchoolForTests, *, on: bool) -> None:
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", on, utc_now())


def recorded(school: SchoolForTests) -> uuid.UUID:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(Incident.id)).one()


def test_input_of_a_module_switched_off_meanwhile_is_kept(school: SchoolForTests, lead: Browser) -> None:
    """MOD-01: the concern is recorded, and History has what was typed, once the module is on again."""
    turn_probe(school, on=False)
    sent = typed_incident(school, **{"probe-note": TYPED, "probe-note-place": "x", "nobody-note": "?"})
    lead.submit("/incidents/add", sent, status=302)
    incident_id = recorded(school)
    with school.app.session(school.id, writes=False) as db:
        content = db.get_one(IncidentVersion, (school.id, incident_id, 1)).content
    assert content["not_taken"] == {"probe-note": [TYPED], "probe-note-place": ["x"]}
    assert "probe-note" not in content["modules"]
    history = f"/incidents/{incident_id}/history"
    assert TYPED not in text_of(lead.get(history))
    turn_probe(school, on=True)
    assert TYPED in text_of(lead.get(history))


def test_a_field_that_breaks_meanwhile_costs_nothing_that_was_typed(
    school: SchoolForTests, lead: Browser
) -> None:
    """MOD-04: where the hook that gives the fields fails when the form comes in."""

    def fails(**_: Any) -> None:
        raise ValueError

    with behaviour.instead("incident_form_fields", fails):
        lead.submit("/incidents/add", typed_incident(school, **{"probe-note": TYPED}), status=302)
    assert TYPED in text_of(lead.get(f"/incidents/{recorded(school)}/history"))


def test_nothing_is_kept_beside_a_field_that_is_there(school: SchoolForTests, lead: Browser) -> None:
    lead.submit(
        "/incidents/add", typed_incident(school, **{"probe-note": TYPED, "probe-note-x": "1"}), status=302
    )
    with school.app.session(school.id, writes=False) as db:
        content = db.get_one(IncidentVersion, (school.id, recorded(school), 1)).content
    assert "not_taken" not in content and content["modules"]["probe-note"] == TYPED


@pytest.mark.parametrize("of", ["incident", "action"])
def test_what_is_typed_while_editing_is_kept_too(school: SchoolForTests, lead: Browser, of: str) -> None:
    """MOD-01, EDT-01: the next version has it, and the one after that does not repeat it."""
    lead.submit("/incidents/add", typed_incident(school), status=302)
    incident_id = recorded(school)
    added = {"submission": str(new_id()), "text": "Rang home.", "occurred": "2026-01-05T10:00"}
    lead.submit(f"/incidents/{incident_id}/actions/add", {**added, "probe-gone": "at first"}, status=302)
    with school.app.session(school.id, writes=False) as db:
        action_id = db.scalars(select(Action.id)).one()
        first = db.get_one(ActionVersion, (school.id, action_id, 1)).content
    assert first["not_taken"] == {"probe-gone": ["at first"]}
    path = f"/incidents/{incident_id}/edit" if of == "incident" else f"/actions/{action_id}/edit"
    page = lead.get(path)
    form = page.forms["edit-form"]
    fields = [*form.submit_fields(), ("probe-gone", TYPED)]
    lead.post(path, fields, status=302)
    form = lead.get(path).forms["edit-form"]
    form["text"] = "Said again."
    form.submit(status=302)
    model, one = (IncidentVersion, incident_id) if of == "incident" else (ActionVersion, action_id)
    with school.app.session(school.id, writes=False) as db:
        assert db.get_one(model, (school.id, one, 2)).content["not_taken"] == {"probe-gone": [TYPED]}
        assert "not_taken" not in db.get_one(model, (school.id, one, 3)).content


def test_history_says_nothing_of_a_module_that_is_off(school: SchoolForTests, lead: Browser) -> None:
    """MOD-01: its field is no trace of it either; on again, the line is back."""
    lead.submit("/incidents/add", typed_incident(school, **{"probe-note": "At first"}), status=302)
    incident_id = recorded(school)
    form = lead.get(f"/incidents/{incident_id}/edit").forms["edit-form"]
    form["probe-note"] = TYPED
    form.submit(status=302)
    history = f"/incidents/{incident_id}/history"
    assert TYPED in text_of(lead.get(history))
    turn_probe(school, on=False)
    said = text_of(lead.get(history))
    assert TYPED not in said and "At first" not in said
    turn_probe(school, on=True)
    assert TYPED in text_of(lead.get(history))
