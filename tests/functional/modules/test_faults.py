"""MOD-04, INC-09: what a person sees while modules break, hang or are slow: the page, and the concern saved.
Hooks named here: nav_items, incident_form_fields, validate_incident, incident_saved, dashboard_panels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs
from wtforms import DecimalField, FloatField, StringField

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Filter, FormField, Panel
from cpoms_core.incidents.models import Incident, IncidentVersion
from cpoms_core.modules import Module
from cpoms_core.modules.models import ModuleFailure
from cpoms_core.outbox.claims import claim_due, release
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.running import run_claimed
from cpoms_core.testing.browsing import Browser, typed_incident
from cpoms_core.testing.conformance import grant_everything
from cpoms_core.testing.probe import PROBE, behaviour
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.slowness import Stopwatch
from cpoms_core.web.request import cookie_name

Made = tuple[Application, Any]
WATCH = Stopwatch()
hang = WATCH.hang


@pytest.fixture(scope="module")
def quick(app: Application) -> Made:
    """The application with the probe alone and very little patience, and its pages."""
    hurried = dataclasses.replace(app.deployment, hook_seconds=0.2, hook_seconds_saving=0.2)
    made = Application(hurried, modules={"probe": PROBE}, engines=app.engines)
    made.hooks.clock = WATCH
    return made, configure(made)


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    behaviour.called.clear()
    yield


def at(made: Made) -> tuple[SchoolForTests, Browser]:
    """A school of that application, with its lead's browser."""
    app, wsgi = made
    school = make_school(app)
    grant_everything(school)
    browser = Browser(
        wsgi, extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": f"2001:db8::{school.id:x}"}
    )
    browser.set_cookie(cookie_name(app), school.session_token("lead"))
    return school, browser


def add_incident(school: SchoolForTests, browser: Browser, **own: str) -> Any:
    fields = typed_incident(school, text="A concern.", **own)
    return browser.submit("/incidents/add", fields, status=302)


def texts(school: SchoolForTests) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Incident.text).order_by(Incident.number)))


def failures(school: SchoolForTests) -> list[tuple[str, str, str]]:
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(ModuleFailure).order_by(ModuleFailure.id))
        return [(row.module, row.hook, row.kind) for row in rows]


def fail(**_arguments: Any) -> Any:
    raise RuntimeError("on purpose")


def leave(**_arguments: Any) -> Any:
    """As `sys.exit` does, and a panic of a library in Rust: it passes by all who catch errors."""
    raise SystemExit


@pytest.mark.parametrize(
    ("act", "kind"), [(hang, "slow"), (fail, "failed"), (leave, "failed"), (lambda **_: 5, "failed")]
)
@pytest.mark.parametrize(
    "hook", ["nav_items", "incident_form_fields", "validate_incident", "incident_saved", "dashboard_panels"]
)
def test_a_concern_is_recorded_whatever_a_hook_does(
    quick: Made, hook: str, act: Callable[..., Any], kind: str
) -> None:
    """The form opens, the concern is saved, the dashboard follows; the failure is written in every mode."""
    school, browser = at(quick)
    with behaviour.instead(hook, act):
        form = browser.get("/incidents/add")
        assert form.html.select_one("#text") is not None
        assert add_incident(school, browser).status_int == 302
        assert browser.get("/").status_int == 200
    assert texts(school) == ["A concern."]
    if hook == "incident_saved" and kind == "failed" and act not in (fail, leave):
        assert failures(school) == [], "what a hook of mode effect answers is nobody's business"
    else:
        assert set(failures(school)) == {("probe", hook, kind)}
    assert add_incident(school, browser) and len(texts(school)) == 2


def test_a_page_waits_three_times_and_no_more(quick: Made) -> None:
    """The third overrun sets the part aside: the next page does not ask for it."""
    _school, browser = at(quick)
    with behaviour.instead("nav_items", hang):
        for _turn in range(3):
            browser.get("/help")
        behaviour.called.clear()
        browser.get("/help")
    assert "nav_items" not in behaviour.called
    browser.get("/help")
    assert "nav_items" not in behaviour.called, "not until an administrator says so"
    browser.submit("/admin/modules/probe/again", status=303)
    assert "Probe" in browser.get("/help").text
    assert "nav_items" in behaviour.called


def breaks(*_arguments: Any, **_named: Any) -> Any:
    raise KeyError("on purpose")


class Unreadable(StringField):
    """A field that fails on whatever comes in."""

    process_formdata = breaks


FIELDS = {
    "no field": 5,
    "cannot be made": StringField("Note", nonsense=1),
    "cannot be read": Unreadable("Note"),
    "cannot be checked": StringField("Note", [breaks]),
    "cannot be drawn": StringField("Note", widget=breaks),
    "no JSON": DecimalField("Note"),
    "no number": FloatField("Note"),
    "nothing known": StringField("Note", filters=[lambda text: {object(): text}]),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_a_module_that_breaks_costs_itself_only(quick: Made, name: str) -> None:
    """INC-09, MOD-04: incident_form_fields answers with a field that cannot be made, read, checked, drawn or
    kept: the form opens, the concern is saved, and what can be kept of the field is."""
    school, browser = at(quick)
    typed = "nan" if name == "no number" else "1.50"
    part = FormField("probe-note", FIELDS[name], 50)
    with behaviour.instead("incident_form_fields", lambda **_: [part]):
        form = browser.get("/incidents/add")
        assert form.html.select_one("#text") is not None
        assert add_incident(school, browser, **{"probe-note": typed}).status_int == 302
    assert texts(school) == ["A concern."]
    if name not in ("no JSON", "no number", "nothing known"):
        what = "incident_form_fields" if name == "no field" else "field"
        assert {failure[:2] for failure in failures(school)} == {("probe", what)}
    if name in ("no JSON", "cannot be checked", "cannot be drawn"):
        with school.app.session(school.id, writes=False) as db:
            assert db.scalar(select(IncidentVersion.content))["modules"] == {"probe-note": "1.50"}


@pytest.mark.parametrize("name", ["no field", "cannot be made", "cannot be read", "cannot be checked",
                                  "cannot be drawn"])  # fmt: skip
def test_a_filter_of_a_module_that_breaks_costs_itself_only(quick: Made, name: str) -> None:
    """MOD-04: report_filters. The record opens; what cannot be asked is refused, and never shown unasked."""
    school, browser = at(quick)
    part = Filter("probe-note", FIELDS[name], 50, breaks)  # type: ignore[arg-type]
    record = f"/students/{school.students['aoife']}/incidents"
    assert add_incident(school, browser).status_int == 302
    with behaviour.instead("report_filters", lambda **_: [part]):
        assert "A concern." in browser.get(f"{record}?filter=open").text
        left_out = name in ("no field", "cannot be made", "cannot be drawn")
        page = browser.submit(record, {"probe-note": "1"}, status=200 if left_out else 422)
    assert ("A concern." in page.text) == left_out and ("cannot be asked" in page.text) != left_out


PANEL = "cpoms_core.testing.probe:templates/panel.pt"


@pytest.mark.parametrize(
    ("template", "context"),
    [
        (PANEL, {}),
        ("cpoms_core.testing.probe:templates/not-there.pt", {"text": "x"}),
        ("cpoms_core.testing.probe:hooks.py", {"text": "x"}),
        ("not a template at all", {}),
        ("a_text_longer_than_the_name_of_any_module_may_be:x.pt", {}),
    ],
)
def test_a_panel_that_cannot_be_drawn_costs_its_place(
    quick: Made, template: str, context: dict[str, Any]
) -> None:
    """A template that raises, is not there, or is none: the dashboard is complete, and whoever administers
    the school sees the reference that the log has."""
    school, browser = at(quick)
    panel = Panel("dashboard", 50, template, context)
    with behaviour.instead("dashboard_panels", lambda **_: [panel]), capture_logs() as logged:
        page = browser.get("/")
    assert "My history" in page.text and "could not be shown" in page.text
    with school.app.session(school.id, writes=False) as db:
        (row,) = db.scalars(select(ModuleFailure))
    assert row.hook == "panel" and row.reference in page.text
    assert [line["event"] for line in logged if line.get("reference") == row.reference] == ["panel failed"]


def test_slow_modules_together_keep_nobody_waiting_for_long(app: Application) -> None:
    """MOD-04: three slow modules. The incident is there, the page is answered, the rest is done by the
    worker."""
    seconds, told = [0.0], []

    def module(name: str) -> Module:
        def incident_saved() -> None:
            seconds[0] += 2.9
            told.append(name)

        hooks = SimpleNamespace(incident_saved=hookimpl(incident_saved))
        return Module(name, name, "", "cpoms_core.demo", "1", hooks)  # type: ignore[arg-type]

    names = ("slow_a", "slow_b", "slow_c", "slow_d", "slow_e")
    made = Application(app.deployment, modules={name: module(name) for name in names}, engines=app.engines)
    made.hooks.clock = lambda: seconds[0]
    school, browser = at((made, configure(made)))
    assert add_incident(school, browser).status_int == 302
    assert texts(school) == ["A concern."] and failures(school) == []
    assert told == ["slow_a", "slow_b", "slow_c"] and seconds[0] < 9
    work(school)
    assert sorted(told) == list(names)
    with made.session(school.id, writes=False) as db:
        left = select(func.count()).select_from(OutboxItem).where(OutboxItem.done_at.is_(None))
        assert db.scalar(left.where(OutboxItem.kind == "hook")) == 0


def work(school: SchoolForTests) -> None:
    claims = claim_due(school.app, utc_now(), most=1000)
    release(school.app, [claim for claim in claims if claim.school_id != school.id], utc_now())
    for claim in claims:
        if claim.school_id == school.id:
            run_claimed(school.app, claim)
