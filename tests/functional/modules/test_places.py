"""The places that later modules fill, filled by the tests' own module on the real pages: top bar, dashboard,
administration, student's record, both forms, every incident; and empty again once it is off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browsing import form_with
from sqlalchemy import select
from wtforms import BooleanField, DateTimeLocalField

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.hooks.types import FormField, NavItem
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentVersion
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import Browser, typed_incident
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.probe.models import ProbeNote
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name


@pytest.fixture
def at(probe_wsgi: Any, school: SchoolForTests) -> Any:
    """Opens a browser at the application with the probe: `at("lead")`."""

    def open_at(who: str, *, elevated: bool | None = None) -> Browser:
        browser = Browser(
            probe_wsgi, extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": f"2001:db8::{school.id:x}"}
        )
        browser.set_cookie(cookie_name(school.app), school.session_token(who, elevated=elevated))
        return browser

    return open_at


@pytest.fixture
def planner() -> Iterator[None]:
    """While it lasts the probe is what the Planner will be: an entry "Remind me" and a field "Add to
    planner", for those who are elevated."""

    def reminding(viewer: Any, **_: Any) -> list[NavItem]:
        return [NavItem("Remind me", "probe.echo", 85, "bell")] if viewer.elevated else []

    def planning(viewer: Any, **_: Any) -> list[FormField]:
        if not viewer.elevated:
            return []
        return [
            FormField("probe-plan", BooleanField("Add to planner"), 110),
            FormField("probe-due", DateTimeLocalField("Remind on", format="%Y-%m-%dT%H:%M"), 111),
        ]

    with (
        behaviour.instead("nav_items", reminding),
        behaviour.instead("incident_form_fields", planning),
        behaviour.instead("action_form_fields", planning),
    ):
        yield


def top(browser: Browser) -> list[str]:
    return [a.get_text(strip=True) for a in browser.get("/").html.select('nav[aria-label="Main"] a')]


def labels(page: Any, form: str) -> list[str]:
    found = page.html.select(f"{form} label, {form} legend")
    return [" ".join(part.get_text().split()) for part in found]


def newest(school: SchoolForTests) -> Incident:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(Incident).order_by(Incident.number.desc())).first()  # type: ignore[return-value]


def test_a_modules_entry_stands_in_the_top_bar_by_its_weight(school: SchoolForTests, at: Any) -> None:
    """DSH-07, MOD-01: between Dashboard and Admin; one that needs a permission is for those who have it."""
    assert top(at("lead")) == ["Dashboard", "Probe", "Probe's notes", "Admin", "Account settings"]
    assert top(at("teacher")) == ["Dashboard", "Probe", "Account settings"]
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", False, utc_now())
    assert top(at("lead")) == ["Dashboard", "Admin", "Account settings"]


@pytest.mark.usefixtures("planner")
def test_remind_me_is_for_the_elevated(at: Any) -> None:
    """DSH-07: "Remind me" (elevated, with Planner)."""
    assert top(at("lead")) == ["Dashboard", "Admin", "Remind me", "Account settings"]
    assert "Remind me" not in top(at("lead", elevated=False))
    assert "Remind me" not in top(at("teacher"))


@pytest.mark.usefixtures("planner")
def test_the_planners_fields_come_last_on_both_forms(school: SchoolForTests, at: Any) -> None:
    """INC-01, INC-09, ACT-01: "Add to planner" after Agency involved, for the elevated; what was chosen is
    told to the module in the incident's transaction and kept in the incident's version."""
    lead, told = at("lead"), []
    form = labels(lead.get("/incidents/add"), "#incident-form")
    assert form[-2:] == ["Add to planner", "Remind on"]
    assert "Add to planner" not in labels(at("teacher").get("/incidents/add"), "#incident-form")
    with behaviour.instead("incident_saved", lambda **arguments: told.append(dict(arguments["values"]))):
        due = {"probe-plan": "y", "probe-due": "2027-01-05T08:35"}
        lead.submit("/incidents/add", typed_incident(school, **due), status=302)
    incident = newest(school)
    assert told == [{"probe-plan": True, "probe-due": "2027-01-05T08:35:00"}]
    with school.app.session(school.id, writes=False) as db:
        kept = db.get_one(IncidentVersion, (school.id, incident.id, 1)).content["modules"]
    assert kept["probe-plan"] is True
    path = f"/incidents/{incident.id}/actions/add"
    assert labels(lead.get(path), "#action-form")[-2:] == ["Add to planner", "Remind on"]
    with behaviour.instead("action_saved", lambda **arguments: told.append(dict(arguments["values"]))):
        action = {"submission": str(new_id()), "text": "Rang home.", "occurred": "2026-01-05T10:00"}
        lead.submit(path, {**action, "probe-plan": "y"}, status=302)
    assert told[1]["probe-plan"] is True


def test_a_custom_field_stands_in_its_place_and_is_kept(school: SchoolForTests, at: Any) -> None:
    """INC-01: a module's field between Linked students and Date/time; its objection beside it keeps what was
    typed; then it is stored with the incident."""
    lead = at("lead")
    page = lead.get("/incidents/add")
    names = list(dict.fromkeys(part["name"] for part in page.html.select("#incident-form [name]")))
    place = names.index("probe-note")
    assert names.index("linked") < place < names.index("occurred")
    refused = lead.submit("/incidents/add", typed_incident(school, **{"probe-note": "refused"}), status=422)
    assert "The probe refuses this note." in refused.html.select_one("#probe-note-error").get_text()
    assert refused.html.select_one("#probe-note")["value"] == "refused"
    assert refused.html.select_one("#text").get_text().strip() == "A note."
    assert newest(school) is None
    lead.submit("/incidents/add", typed_incident(school, **{"probe-note": "by the gate"}), status=302)
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(ProbeNote.text)).all() == ["by the gate"]


def test_a_custom_field_is_edited(school: SchoolForTests, at: Any) -> None:
    """EDT-01: on both edit pages, filled with what the module says that it holds; what is typed is kept."""
    lead = at("lead")
    lead.submit("/incidents/add", typed_incident(school, **{"probe-note": "by the gate"}), status=302)
    incident = newest(school)
    action = {"submission": str(new_id()), "text": "Rang home.", "occurred": "2026-01-05T10:00"}
    lead.submit(f"/incidents/{incident.id}/actions/add", action, status=302)
    with school.app.session(school.id, writes=False) as db:
        action_id = db.scalars(select(Action.id)).one()
    for path, before in ((f"/incidents/{incident.id}", "by the gate"), (f"/actions/{action_id}", "")):
        form = form_with(lead.get(f"{path}/edit"), "probe-note")
        assert form["probe-note"].value == before
        form["probe-note"] = "by the door"
        assert form.submit().status_int == 302
    with school.app.session(school.id, writes=False) as db:
        kept = [
            db.get_one(IncidentVersion, (school.id, incident.id, 2)).content["modules"],
            db.get_one(ActionVersion, (school.id, action_id, 2)).content["modules"],
        ]
    assert [one["probe-note"] for one in kept] == ["by the door"] * 2


def test_the_options_menus_lead_to_a_modules_pages(school: SchoolForTests, at: Any) -> None:
    """EDT-08: on the chronology, of an incident and of an action; gone once the module is off."""
    lead = at("lead")
    lead.submit("/incidents/add", typed_incident(school), status=302)
    incident = newest(school)
    action = {"submission": str(new_id()), "text": "Rang home.", "occurred": "2026-01-05T10:00"}
    lead.submit(f"/incidents/{incident.id}/actions/add", action, status=302)
    record = f"/students/{school.students['aoife']}/incidents?actions=open"
    page = lead.get(record)
    menus = page.html.select(".incident-options")
    assert [one.get_text().count("Probe this") for one in menus] == [1, 1]
    for index, kind in enumerate(("incidents", "actions")):
        assert page.click("Probe this", index=index).request.path.startswith(f"/probe/{kind}/")
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", False, utc_now())
    assert "Probe this" not in lead.get(record).text


def test_every_other_place_is_filled_and_empty_once_it_is_off(school: SchoolForTests, at: Any) -> None:
    """MOD-01: dashboard, administration, student's record, incidents; off, nothing is left of it on any
    page, and the note is there again once it is on."""
    lead = at("lead")
    lead.submit("/incidents/add", typed_incident(school, **{"probe-note": "kept"}), status=302)
    record = f"/students/{school.students['aoife']}/incidents"
    places = {
        "/": "The probe is on.",
        "/admin": "Probe",
        record: "A probe's panel.",
        "/incidents/add": "Note of the probe",
        f"/incidents/{newest(school).id}/actions/add": "Note of the probe",
    }

    def traces() -> list[str]:
        return [path for path in places if "probe" in lead.get(path).text.lower()]

    for path, words in places.items():
        assert words in lead.get(path).html.select_one("#main, .frame").find_parent("body").get_text(), path
    tabs = [a["href"] for a in lead.get(record).html.select("a") if a["href"].startswith("/probe/students/")]
    assert tabs
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", False, utc_now())
    assert traces() == []
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", True, utc_now())
    assert traces() == list(places)
    assert lead.get("/probe/notes").json == {"notes": ["kept"]}
