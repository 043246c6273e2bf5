"""CAS-05 Bulk management: all incidents between two days are closed, once they were counted and it was asked
again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from cpoms_cases import bulk
from cpoms_cases.models import Case, CaseChange
from sqlalchemy import func, insert, select

from cpoms_core.access.viewer import utc_now
from cpoms_core.admin.guards import ChangedMeanwhile
from cpoms_core.admin.services.training import begin_training
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services.removing import remove_incidents
from cpoms_core.testing.browsing import form_with, text_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

FIRST, LAST = dt.date(2026, 6, 1), dt.date(2026, 6, 30)
INSIDE = dt.datetime(2026, 6, 10, 9, tzinfo=dt.UTC)
DAYS = {"first": FIRST.isoformat(), "last": LAST.isoformat()}
HERE = "/cases/bulk"
SECRET = "She was very quiet today."


def close(school: SchoolForTests, *, who: str = "admin", **changes: Any) -> int:
    """Counts and closes; how many."""
    with school.app.transaction(school.id) as db:
        session, viewer = PluginSession(db), school.viewer(who)
        seen = bulk.count(session, viewer, FIRST, LAST).seen
        return bulk.close_all(session, viewer, replace(bulk.Asked(FIRST, LAST, seen, True), **changes)).closed


def test_the_page_counts_asks_again_and_closes(
    school: SchoolForTests, web: Any, record: Any, stored: Any
) -> None:
    """CAS-05: an administrator, who may read none of them, is told numbers and gives a tick."""
    ours = [record(school, categories=["Child Protection"], assignee="lead", at=INSIDE) for _ in range(2)]
    closed = record(school, status="closed", at=INSIDE)
    mails = stored.mails()
    admin = web(school, "admin")
    page = admin.get(HERE)
    assert page.html.find("a", href=HERE, string="Bulk management")
    days = form_with(page, "first")
    days["first"], days["last"] = DAYS.values()
    page = days.submit()
    assert "From 1 June 2026 to 30 June 2026 2 active ; 1 closed already." in text_of(page)
    assert SECRET not in page.text
    assert "Aoife" not in page.text
    fields = {**DAYS, "seen": page.html.find("input", {"name": "seen"})["value"]}
    refused = admin.submit(HERE, fields, status=422)
    assert "Tick the box to close them." in text_of(refused)
    assert {stored.case(one.id).status for one in ours} == {"active"}
    done = admin.submit(HERE, {**fields, "sure": "y"}, status=303).follow()
    assert "2 closed from 1 June 2026 to 30 June 2026" in text_of(done)
    assert {stored.case(one.id).status for one in (*ours, closed)} == {"closed"}
    assert stored.mails() == mails, "assignees are not mailed"
    again = admin.submit(HERE, {**fields, "sure": "y"}, status=409)
    assert "It is counted anew: nothing was closed." in text_of(again)
    assert "0 active ; 3 closed already." in text_of(again)


def test_each_keeps_a_change_and_the_audit_one_entry(
    school: SchoolForTests, record: Any, stored: Any
) -> None:
    """CAS-05: who, when and that it was in bulk; the assignee stays; one that has no row gets one."""
    assigned, bare = record(school, assignee="head", at=INSIDE), _plain(school, 1)[0]
    assert close(school) == 2
    change = stored.changes(assigned.id)[-1]
    assert (change.from_status, change.to_status, change.with_form) == ("active", "closed", False)
    assert change.bulk_id is not None
    assert change.made_by == school.users["admin"]
    assert stored.case(assigned.id).assignee_id == school.users["head"]
    assert stored.case(assigned.id).version == change.version == 2
    assert [one.version for one in stored.changes(bare)] == [1]
    with school.app.session(school.id, writes=False) as db:
        entries = db.scalars(select(AuditEntry).where(AuditEntry.event == "case.bulk-closed")).all()
    assert [entry.details for entry in entries] == [{"closed": 2, **DAYS}]


@pytest.mark.parametrize(
    ("moment", "closes"),
    [
        ("2026-05-31T22:59:59Z", False),
        ("2026-05-31T23:00:00Z", True),
        ("2026-06-30T22:59:59Z", True),
        ("2026-06-30T23:00:00Z", False),
    ],
)
def test_both_days_are_the_schools_and_included(
    school: SchoolForTests, record: Any, stored: Any, moment: str, closes: bool
) -> None:
    """CAS-05: by the date of the incident, in London's summer time."""
    incident = record(school, at=dt.datetime.fromisoformat(moment))
    if closes:
        assert close(school) == 1
    else:
        with pytest.raises(Refused, match="nothing to close"):
            close(school)
    assert stored.case(incident.id).status == ("closed" if closes else "active")


def test_what_comes_between_is_said_and_nothing_closed(
    school: SchoolForTests, record: Any, stored: Any
) -> None:
    """CAS-05: one was recorded, or one closed and another one opened, after they were counted."""
    one, other = record(school, at=INSIDE), record(school, status="closed", at=INSIDE)
    with school.app.session(school.id, writes=False) as db:
        seen = bulk.count(PluginSession(db), school.viewer("admin"), FIRST, LAST).seen
    new = record(school, at=INSIDE)
    with pytest.raises(ChangedMeanwhile):
        close(school, seen=seen)
    assert stored.case(new.id).status == "active"
    with school.app.transaction(school.id) as db:
        db.get_one(Case, (school.id, one.id)).status = "closed"
        db.get_one(Case, (school.id, new.id)).status = "closed"
        db.get_one(Case, (school.id, other.id)).status = "active"
    with pytest.raises(ChangedMeanwhile):
        close(school, seen=seen)
    assert stored.case(other.id).status == "active"


def test_deleted_ones_and_the_other_mode_are_left(school: SchoolForTests, record: Any, stored: Any) -> None:
    """CAS-05, TRN-01, EDT-02: in training mode the real ones are not touched, and a deleted one never."""
    real, deleted = record(school, at=INSIDE), record(school, at=INSIDE)
    with school.app.transaction(school.id) as db:
        remove_incidents(db, school.viewer("lead"), [deleted.id], "double")
        begin_training(db, school.viewer("lead"))
    training = record(school, at=INSIDE)
    assert close(school) == 1
    assert stored.case(training.id).status == "closed"
    assert stored.case(real.id).status == stored.case(deleted.id).status == "active"


@pytest.mark.parametrize("who", ["head", "teacher"])
def test_administrators_only(school: SchoolForTests, record: Any, stored: Any, who: str) -> None:
    """CAS-05: nobody else closes or counts, whatever they may read."""
    incident = record(school, at=INSIDE)
    with school.app.transaction(school.id) as db, pytest.raises(NothingThere):
        bulk.count(PluginSession(db), school.viewer(who), FIRST, LAST)
    with school.app.transaction(school.id) as db, pytest.raises(NothingThere):
        bulk.close_all(PluginSession(db), school.viewer(who), bulk.Asked(FIRST, LAST, "", True))
    assert stored.case(incident.id).status == "active"


def test_another_school_is_not_touched(
    school: SchoolForTests, other_school: SchoolForTests, record: Any
) -> None:
    """CAS-05: of the same days."""
    theirs = record(other_school, at=INSIDE)
    record(school, at=INSIDE)
    assert close(school) == 1
    with other_school.app.session(other_school.id, writes=False) as db:
        assert db.get_one(Case, (other_school.id, theirs.id)).status == "active"


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"first": "2026-06-30", "last": "2026-06-01"}, "This is before the first day."),
        ({"first": "2026-06-30", "last": ""}, "Give the last day."),
        ({"first": "someday", "last": "2026-06-01"}, "Give a whole date"),
        ({"first": "0001-01-01", "last": "9999-12-31"}, "Give a year from 1900 to 2199."),
    ],
)
def test_days_that_are_none_are_refused(
    school: SchoolForTests, web: Any, days: dict[str, str], said: str
) -> None:
    """CAS-05: beside the field; nothing is counted or closed."""
    admin = web(school, "admin")
    assert said in text_of(admin.get(HERE, days, status=422))
    assert said in text_of(admin.submit(HERE, {**days, "sure": "y"}, status=422))


def test_outcome_and_reason_are_asked_once_for_all(
    school: SchoolForTests, web: Any, record: Any, stored: Any, asking: Any
) -> None:
    """CAS-05, CAS-07: and kept with each."""
    incidents = [record(school, at=INSIDE) for _ in range(2)]
    admin = web(school, "admin")
    page = admin.get(HERE, DAYS)
    assert [one.text for one in page.html.select("#outcome-all option")][1:] == ["Handed on", "Resolved"]
    fields = {**DAYS, "seen": page.html.find("input", {"name": "seen"})["value"], "sure": "y"}
    refused = admin.submit(HERE, {**fields, "outcome": str(asking["Old"])}, status=422)
    assert "Choose what came of it." in text_of(refused)
    assert "Say why, in a few words." in text_of(refused)
    answer = {"outcome": str(asking["Resolved"]), "reason": "End of the school year."}
    admin.submit(HERE, {**fields, **answer}, status=303)
    for incident in incidents:
        change = stored.changes(incident.id)[-1]
        assert (change.outcome, change.reason) == ("Resolved", "End of the school year.")
        assert stored.case(incident.id).outcome == "Resolved"


def test_two_thousand_take_few_statements(school: SchoolForTests) -> None:
    """CAS-05: some statements for each five hundred incidents, and none for each."""
    _plain(school, 2000)
    with school.app.transaction(school.id) as db:
        session, viewer = PluginSession(db), school.viewer("admin")
        seen = bulk.count(session, viewer, FIRST, LAST).seen
        with counted(school.app.engines) as asked:
            bulk.close_all(session, viewer, bulk.Asked(FIRST, LAST, seen, True))
            db.flush()
    assert asked.number < 40, str(asked)[:2000]
    with school.app.session(school.id, writes=False) as db:
        assert db.scalar(select(func.count(Case.incident_id)).where(Case.status == "closed")) == 2000
        assert db.scalar(select(func.count(CaseChange.incident_id))) == 2000


def _plain(school: SchoolForTests, number: int) -> list[Any]:
    """Incidents as they were recorded while the module was off: without a row of ours."""
    rows = [
        {
            "school_id": school.id, "id": new_id(), "number": 100 + one, "author_id": school.users["lead"],
            "student_id": None, "text": SECRET, "occurred_at": INSIDE, "created_at": utc_now(), "version": 1,
            "submission": new_id(), "training": False,
        }
        for one in range(number)
    ]  # fmt: skip
    with school.app.transaction(school.id) as db:
        db.execute(insert(Incident), rows)
    return [row["id"] for row in rows]
