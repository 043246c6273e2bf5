"""CAS-01, EDT-04, EDT-05: a case through merging and splitting, with the module on and off."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from cpoms_cases import queries
from cpoms_cases.services import assign, carry_over, change_status
from sqlalchemy import select

from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.chronology import one
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import (
    Merge,
    Split,
    delete_incident,
    merge_incident,
    restore_incident,
    split_action,
)
from cpoms_core.testing.schools import SchoolForTests


def merge(school: SchoolForTests, incident: Incident, into: Incident) -> Action:
    with school.app.transaction(school.id) as db:
        return merge_incident(db, school.viewer("lead"), Merge(incident.id, 1, into.id, 1))


def assigned(school: SchoolForTests, who: str) -> list[uuid.UUID]:
    with school.app.session(school.id, writes=False) as db:
        return [row.row.incident_id for row in queries.assigned_to(PluginSession(db), school.viewer(who))]


def test_its_case_stays_and_shows_in_the_action(school: SchoolForTests, record: Any, stored: Any) -> None:
    incident, into = record(school, assignee="head", status="closed"), record(school)
    merge(school, incident, into)
    assert stored.case(incident.id).status == "closed" and len(stored.changes(incident.id)) == 1
    with school.app.session(school.id, writes=False) as db:
        (action,) = one(db, school.viewer("lead"), into.id).actions
    (panel,) = action.panels
    assert (panel.context["case"].status, panel.context["case"].assignee_name) == ("closed", "Hugo Head")
    assert not panel.context["case"].may_change


@pytest.mark.parametrize("on", [True, False])
def test_what_is_to_be_done_about_it_goes_on(
    school: SchoolForTests, record: Any, stored: Any, switch: Any, on: bool
) -> None:
    """Assigned and active: the other one is then, also where the module was off on that day."""
    incident, into = record(school, assignee="head"), record(school, status="closed")
    mailed = len(stored.mails())
    switch(on)
    merge(school, incident, into)
    case = stored.case(into.id)
    assert (case.status, case.assignee_id) == ("active", school.users["head"])
    assert [change.to_status for change in stored.changes(into.id)] == ["closed", "active"]
    assert stored.mails()[mailed:] == (["head"] if on else [])
    switch(True)
    assert assigned(school, "head") == [into.id]


def test_the_history_says_why_the_other_one_was_opened(
    school: SchoolForTests, record: Any, stored: Any, switch: Any
) -> None:
    """CAS-07: nobody was asked. So it is for one without a case of its own, which is active: it was recorded
    while the module was off."""
    into = record(school, status="closed")
    switch(False)
    incident = record(school)
    switch(True)
    assert stored.case(incident.id) is None
    merge(school, incident, into)
    assert stored.case(into.id).status == "active"
    reason = "An incident that was still active was merged into this one."
    assert [change.reason for change in stored.changes(into.id)] == ["", reason]


def test_told_late_it_takes_back_nothing_that_was_changed_since(
    school: SchoolForTests, record: Any, stored: Any
) -> None:
    """MOD-04: the hook failed at first, and the worker tells it again: the other one was closed and taken
    from its assignee meanwhile, and a third was split off again."""
    lead = school.viewer("lead")
    incident, into = record(school, assignee="head"), record(school)
    again, other = record(school), record(school, status="closed")
    merge(school, incident, into)
    action = merge(school, again, other)
    with school.app.transaction(school.id) as db:
        change_status(PluginSession(db), lead, into.id, "closed")
        assign(PluginSession(db), lead, into.id, None)
        change_status(PluginSession(db), lead, other.id, "closed")
        split_action(db, lead, Split(action.id, 1, [school.categories["Behaviour"]]))
    before = [len(stored.changes(one.id)) for one in (into, other)]
    with school.app.transaction(school.id) as db:
        carry_over(PluginSession(db), lead, incident.id, into.id)
        carry_over(PluginSession(db), lead, again.id, other.id)
    assert (stored.case(into.id).status, stored.case(into.id).assignee_id) == ("closed", None)
    assert stored.case(other.id).status == "closed"
    assert [len(stored.changes(one.id)) for one in (into, other)] == before


def test_whoever_has_the_other_one_keeps_it(school: SchoolForTests, record: Any, stored: Any) -> None:
    incident, into = record(school, assignee="head"), record(school, assignee="lead")
    merge(school, incident, into)
    assert stored.case(into.id).assignee_id == school.users["lead"]
    assert len(stored.changes(into.id)) == 1


def test_nobody_is_assigned_what_they_cannot_see(school: SchoolForTests, record: Any, stored: Any) -> None:
    incident = record(school, assignee="head")
    into = record(school, categories=["Child Protection"])
    merge(school, incident, into)
    assert stored.case(into.id).assignee_id is None


@pytest.mark.parametrize("on", [True, False])
def test_split_again_it_has_its_case_back(
    school: SchoolForTests, record: Any, stored: Any, switch: Any, on: bool
) -> None:
    """EDT-05, CAS-06: also where the module was off meanwhile."""
    incident, into = record(school, assignee="head"), record(school)
    action = merge(school, incident, into)
    switch(on)
    with school.app.transaction(school.id) as db:
        split_action(db, school.viewer("lead"), Split(action.id, 1, [school.categories["Behaviour"]]))
        assert db.scalar(select(Incident.deleted_at).where(Incident.id == incident.id)) is None
    assert len(stored.changes(incident.id)) == 1
    switch(True)
    assert stored.case(incident.id).assignee_id == school.users["head"]
    assert incident.id in assigned(school, "head")


@pytest.mark.parametrize("on", [True, False])
def test_deleted_and_restored_it_is_assigned_as_it_was(
    school: SchoolForTests, record: Any, stored: Any, switch: Any, on: bool
) -> None:
    """EDT-02, CAS-06: off the assignee's list while it is deleted, and back on it with the incident."""
    incident = record(school, assignee="head")
    mailed = stored.mails()
    switch(on)
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), incident.id, "Recorded twice.", opened=1)
    switch(True)
    assert assigned(school, "head") == []
    switch(on)
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer("lead"), incident.id)
    switch(True)
    assert assigned(school, "head") == [incident.id]
    assert len(stored.changes(incident.id)) == 1 and stored.mails() == mailed
