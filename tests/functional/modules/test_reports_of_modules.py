"""What a module adds to what is listed, counted and printed: filters, groupings, columns, and parts of
incidents, actions and students. Shown with the tests' own module."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import replace
from typing import Any

import pytest
from browsing import Browser, form_with
from sqlalchemy import select
from webob.multidict import MultiDict

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.hooks.types import Filter, Panel
from cpoms_core.incidents import chronology
from cpoms_core.incidents.filter_form import posted_filter
from cpoms_core.incidents.filters import ChronologyFilter, ModuleFilter
from cpoms_core.incidents.groupings import counts_by, groupings_of
from cpoms_core.incidents.models import Action
from cpoms_core.incidents.services import NewAction, record_action
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.running import run_claimed
from cpoms_core.printing import content, services
from cpoms_core.printing.queries import Chosen
from cpoms_core.printing.services import RecordWanted
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests, make_school


def record(school: SchoolForTests, text: str, note: str, *categories: str) -> uuid.UUID:
    ids = [school.categories[one] for one in categories or ("Behaviour",)]
    return add_incident(school, text, category_ids=ids, module_values={"probe-note": note}).id


def act(school: SchoolForTests, incident_id: uuid.UUID) -> None:
    with school.app.transaction(school.id) as db:
        record_action(db, school.viewer("lead"), NewAction(new_id(), incident_id, "Rang home.", utc_now()))


def chronology_of(school: SchoolForTests) -> str:
    return f"/students/{school.students['aoife']}/incidents"


def found(page: Any) -> list[str]:
    return [part.get_text(strip=True) for part in page.html.select(".incident-body > .incident-text")]


def words(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def audited(school: SchoolForTests, event: str) -> list[AuditEntry]:
    with school.app.session(school.id, writes=False) as db:
        entries = select(AuditEntry).where(AuditEntry.event == event).order_by(AuditEntry.at)
        return list(db.scalars(entries))


def test_a_modules_filter_narrows_the_chronology(
    school: SchoolForTests, lead: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INC-14, FRM-04: `report_filters` is asked with the core's own, carried along by paging and by the print
    of what is shown, and named in the audit without what was looked for."""
    monkeypatch.setitem(chronology.of_student.__kwdefaults__, "limit", 2)  # type: ignore[arg-type]
    for at in range(3):
        record(school, f"By the gate, {at}.", "gate")
    record(school, "In the hall.", "hall")
    page = lead.get(chronology_of(school) + "?filter=open")
    assert page.html.select_one("#filter-probe-says")["name"] == "probe-says"
    asked = {"csrf_token": lead.csrf(), "probe-says": "gate"}
    narrowed = lead.post(chronology_of(school), asked, status=200)
    everything = [*found(narrowed)]
    assert narrowed.html.select_one("#filter-probe-says")["value"] == "gate"
    after = narrowed.html.select_one("#incidents-next")["value"]
    everything += found(lead.post(chronology_of(school), {**asked, "after": after}, status=200))
    assert sorted(everything) == [f"By the gate, {at}." for at in range(3)]
    printed = words(lead.post(chronology_of(school) + "/print", asked, status=200).body)
    assert printed.count("By the gate") == 3 and "In the hall" not in printed
    assert "Only with Note of the probe: gate." in printed
    assert found(lead.post(chronology_of(school), {**asked, "probe-says": "attic"}, status=200)) == []
    for event in ("incidents.viewed", "incidents.printed"):
        entry = audited(school, event)[-1]
        assert entry.details["filters"] == ["probe-says"] and "attic" not in str(entry.details)


def test_an_unfiltered_page_asks_no_module_for_filters(school: SchoolForTests, lead: Browser) -> None:
    """FRM-04: the statements of the usual page stay as they are; filters are asked for where drawn."""
    record(school, "In the hall.", "hall")
    behaviour.called.clear()
    lead.get(chronology_of(school))
    assert "report_filters" not in behaviour.called
    lead.get(chronology_of(school) + "?filter=open")
    assert "report_filters" in behaviour.called


def test_a_filter_sees_no_other_school(school: SchoolForTests, probe_app: Any) -> None:
    """FRM-04: a module's condition with a statement of its own is the school's own, too."""
    other = make_school(probe_app)
    record(other, "Elsewhere.", "gate")
    record(school, "By the gate.", "gate")
    viewer = school.viewer("lead")
    with school.app.session(school.id, writes=False) as db:
        only = posted_filter(db, viewer, MultiDict({"probe-says": "gate"}))
        assert only is not None
        shown, _ = chronology.of_student(db, viewer, school.students["aoife"], only=only)
        assert [one.text for one in shown] == ["By the gate."]


def test_a_filter_that_fails_shows_nothing_more(school: SchoolForTests, lead: Browser) -> None:
    """MOD-04, FRM-04: the page says so; without the filter it would show more than was asked for. And what a
    module that is off was asked is not printed without its filter."""
    record(school, "In the hall.", "hall")

    def fails(_typed: str) -> Any:
        raise RuntimeError("a module broke")

    failing = replace(_filter(school), condition=fails)
    with behaviour.instead("report_filters", lambda **_: [failing]):
        asked = {"csrf_token": lead.csrf(), "probe-says": "hall"}
        page = lead.post(chronology_of(school), asked, status=422)
    assert found(page) == []
    assert (
        "This cannot be asked at the moment." in page.html.select_one("#filter-probe-says-error").get_text()
    )
    wanted = _wanted(school)
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", False, utc_now())
    with school.app.session(school.id, writes=False) as db:
        assert len(services.plan_record(db, school.viewer("lead"), wanted).lengths) == 0


def _filter(school: SchoolForTests) -> Filter:
    with school.app.session(school.id, writes=False) as db:
        (one,) = school.app.hooks.collect("report_filters", db, school.viewer("lead"))
    return one  # type: ignore[no-any-return]


def _wanted(school: SchoolForTests) -> RecordWanted:
    aoife = school.students["aoife"]
    only = ChronologyFilter(modules=(ModuleFilter("probe-says", ("hall",)),))
    wanted = RecordWanted(aoife, Chosen(aoife, only), left_out=("probe-line",))
    return RecordWanted.from_json(wanted.as_json())


def test_a_prepared_print_asks_the_filter_again(
    school: SchoolForTests, lead: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INC-14, FRM-04: a long print is the worker's, with the same filter and the same ticks."""
    monkeypatch.setattr(content, "MOST_INCIDENTS", 1)
    monkeypatch.setattr(services, "MOST_INCIDENTS", 1)
    for at in range(2):
        record(school, f"By the gate, {at}.", "gate")
    record(school, "In the hall.", "hall")
    asked = {"csrf_token": lead.csrf(), "probe-says": "gate"}
    address = lead.post(chronology_of(school) + "/print", asked, status=303).location
    while claims := claim_due(school.app, utc_now(), most=50):
        for claim in claims:
            run_claimed(school.app, claim)
    href = lead.get(address).html.select_one('a[href$="/file"], a[download], .prepared a')["href"]
    printed = words(lead.get(href).body)
    assert printed.count("By the gate") == 2 and "In the hall" not in printed


def test_incidents_are_counted_by_a_grouping_through_the_policy(
    school: SchoolForTests, probe_app: Any
) -> None:
    """FRM-04, USR-12.3: `report_groupings` counts what the viewer may see, and no other school's."""
    other = make_school(probe_app)
    record(other, "Elsewhere.", "gate")
    for note in ("gate", "gate", "hall"):
        record(school, "Seen.", note)
    record(school, "Hidden from the head.", "gate", "Child Protection")
    with school.app.session(school.id, writes=False) as db:
        (grouping,) = groupings_of(db, school.viewer("lead"))
        assert counts_by(db, school.viewer("lead"), grouping) == [("gate", 3), ("hall", 1)]
        assert counts_by(db, school.viewer("head"), grouping) == [("gate", 2), ("hall", 1)]
        assert groupings_of(db, school.viewer("teacher")) == []  # it needs the probe's permission


def test_a_column_is_left_out_of_a_report(school: SchoolForTests, lead: Browser) -> None:
    """FRM-04, FRM-05: `report_columns` are ticks of the report, on to begin with; what is unticked is left
    out of what `incident_prints` and `student_prints` give, and `action_prints` stand with their action."""
    act(school, record(school, "In the hall.", "hall"))
    path = f"/students/{school.students['aoife']}/report"

    def report(*unticked: str) -> str:
        form = form_with(lead.get(path), "order")
        form["incidents"] = True
        sent = [(name, value) for name, value in form.submit_fields() if name not in unticked]
        return words(lead.post(path, sent, status=200).body)

    page = lead.get(path)
    ticked = page.html.select("[name=columns], [name=columns_student]")
    assert [(one["value"], one.get("checked") is not None) for one in ticked] == [
        ("probe-child", True),
        ("probe-line", True),
    ]
    lines = (
        "A line of the probe on a student.",
        "A line of the probe. ",
        "A line of the probe on an action.",
    )
    assert [line in report() for line in lines] == [True] * 3
    less = report("columns", "columns_student")
    assert [line in less for line in lines] == [False, False, True]
    assert audited(school, "student.report-made")[-1].details["left_out"] == ["probe-line", "probe-child"]


def test_a_panel_of_an_action_stands_in_it(school: SchoolForTests, lead: Browser) -> None:
    """FRM-04, EDT-08: `action_panels`, asked once for all actions of a page; not without the permission, and
    gone once the module is off."""
    for text in ("One.", "Two."):
        act(school, record(school, text, "hall"))
    behaviour.called.clear()
    page = lead.get(chronology_of(school))
    assert [one.get_text().count("A probe's panel of an action.") for one in page.html.select(".action")] == [
        1,
        1,
    ]
    assert behaviour.called.count("action_panels") == 1
    with school.app.session(school.id, writes=False) as db:
        ids = set(db.scalars(select(Action.id)))
    asked: list[set[uuid.UUID]] = []

    def panels(action_ids: list[uuid.UUID], **_: Any) -> dict[uuid.UUID, list[Panel]]:
        asked.append(set(action_ids))
        return {}

    with behaviour.instead("action_panels", panels):
        lead.get(chronology_of(school))
    assert asked == [ids]
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", False, utc_now())
    assert "A probe's panel" not in lead.get(chronology_of(school)).text
