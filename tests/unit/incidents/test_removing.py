"""Deleting and restoring (EDT-02): for others it never existed, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.queries import read_count
from cpoms_core.alerts.services import mark_read, open_alerts
from cpoms_core.audit.models import AuditEntry
from cpoms_core.dashboard import alerts, history
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentVersion
from cpoms_core.incidents.services import (
    Linked,
    delete_action,
    delete_incident,
    reinstate_incidents,
    remove_incidents,
    restore_action,
    restore_incident,
)
from cpoms_core.students.models import Monitoring
from cpoms_core.testing.records import rows
from cpoms_core.testing.schools import SchoolForTests


def delete(school: SchoolForTests, incident: Incident, who: str = "lead", reason: str = "Twice.") -> None:
    with school.app.transaction(school.id) as db:
        opened = db.get_one(Incident, (school.id, incident.id)).version
        delete_incident(db, school.viewer(who), incident.id, reason, opened=opened)


def restore(school: SchoolForTests, incident: Incident, who: str = "lead") -> None:
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer(who), incident.id)


def monitored(school: SchoolForTests) -> set[tuple[Any, Any]]:
    going_on = rows(school, Monitoring, Monitoring.ended_at.is_(None))
    assert all(row.withdrawn_at is None for row in going_on)
    return {(row.student_id, row.category_id) for row in going_on}


def test_deleting_asks_for_a_reason_and_is_a_version(school: SchoolForTests, record: Any) -> None:
    """EDT-02: the reason is kept with the version; the text stays in the history and out of the audit."""
    incident = record()
    for reason in ("", "  ", "x" * 2_001):
        with pytest.raises(Refused) as refused:
            delete(school, incident, reason=reason)
        assert refused.value.field == "reason"
    delete(school, incident, reason="Recorded twice.")
    newest = max(rows(school, IncidentVersion), key=lambda one: one.version)
    assert (newest.version, newest.kind, newest.reason) == (2, "deleted", "Recorded twice.")
    assert newest.content["text"] == incident.text
    (entry,) = rows(school, AuditEntry, AuditEntry.event == "incident.deleted")
    assert str(incident.id) in entry.subjects and "Recorded twice." not in str(entry.details)
    with pytest.raises(NothingThere):
        delete(school, incident)
    restore(school, incident)
    newest = max(rows(school, IncidentVersion), key=lambda one: one.version)
    assert (newest.version, newest.kind) == (3, "restored")
    assert rows(school, Incident)[0].deleted_at is None


@pytest.mark.parametrize("who", ["teacher", "admin", "head"])
def test_only_editors_who_would_see_it_delete_and_restore(
    school: SchoolForTests, record: Any, who: str
) -> None:
    """EDT-02, USR-12: an alert alone is not enough, nor is administration."""
    incident = record(
        category_ids=[school.categories["Child Protection"]],
        alert_ids=[school.users["teacher"], school.users["head"]],
    )
    with pytest.raises(NothingThere):
        delete(school, incident, who=who)
    delete(school, incident)
    with pytest.raises(NothingThere):
        restore(school, incident, who=who)


def test_for_its_recipient_and_author_it_never_existed(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-02: no alert, no line in their own history, nor for the action that they wrote under it; restored,
    all of it is back."""
    incident = record(alert_ids=[school.users["teacher"], school.users["lead"]])
    follow_up(incident, who="teacher", alert_ids=[school.users["colleague"]])

    def seen() -> tuple[int, ...]:
        with school.app.session(school.id, writes=False) as db:
            return (
                len(open_alerts(db, school.users["teacher"])),
                len(open_alerts(db, school.users["colleague"])),
                len(alerts.open_alerts(db, school.viewer("teacher"))[0]),
                len(history.history(db, school.viewer("teacher"))[0]),
                len(
                    db.scalars(
                        select(Incident.id).where(policy.visible_incidents(school.viewer("lead")))
                    ).all()
                ),
            )

    assert seen() == (1, 1, 1, 2, 1)
    delete(school, incident)
    assert seen() == (0, 0, 0, 0, 0)
    restore(school, incident)
    assert seen() == (1, 1, 1, 2, 1)


def test_monitoring_that_only_it_began_goes_with_it(school: SchoolForTests, record: Any) -> None:
    """EDT-02, INC-09: also of linked students, and is back with it as if it had never been away."""
    behaviour = school.categories["Behaviour"]
    incident = record(linked=[Linked(school.students["chloe"], monitor=True)])
    before = {row.id: row.started_at for row in rows(school, Monitoring)}
    assert monitored(school) == {
        (school.students["aoife"], behaviour),
        (school.students["chloe"], behaviour),
    }
    delete(school, incident)
    assert monitored(school) == set()
    assert all(row.withdrawn_at for row in rows(school, Monitoring)), "no part of the history"
    restore(school, incident)
    assert {row.id: row.started_at for row in rows(school, Monitoring)} == before
    assert all(row.withdrawn_at is None and row.ended_at is None for row in rows(school, Monitoring))


def test_monitoring_that_another_incident_would_have_begun_stays(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-02: a child stays monitored while one living incident in the category is about them, whichever of
    them is deleted and restored in what order."""
    behaviour = (school.students["aoife"], school.categories["Behaviour"])
    first = record(category_ids=[school.categories["Behaviour"], school.categories["Medical"]])
    second = record(category_ids=[school.categories["Attendance"]])
    follow_up(second, category_ids=[school.categories["Behaviour"]])
    delete(school, first)
    assert monitored(school) == {behaviour, (school.students["aoife"], school.categories["Attendance"])}
    delete(school, second)
    assert monitored(school) == set()
    restore(school, first)
    assert behaviour in monitored(school)
    assert (school.students["aoife"], school.categories["Medical"]) in monitored(school)
    restore(school, second)
    assert len(rows(school, Monitoring, Monitoring.ended_at.is_(None))) == 3, "none twice"


def test_monitoring_that_a_person_ended_is_not_begun_again(school: SchoolForTests, record: Any) -> None:
    """EDT-02: deleting and restoring does not undo what a person decided in between."""
    incident = record()
    with school.app.transaction(school.id) as db:
        (row,) = db.scalars(select(Monitoring))
        row.ended_at, row.ended_by = school.viewer("lead").now(), school.users["lead"]
    delete(school, incident)
    (row,) = rows(school, Monitoring)
    assert row.withdrawn_at is not None
    restore(school, incident)
    (row,) = rows(school, Monitoring)
    assert row.withdrawn_at is None and row.ended_by == school.users["lead"]


def test_monitoring_begun_meanwhile_is_not_doubled(school: SchoolForTests, record: Any) -> None:
    """EDT-02: what another incident began while this one was away goes on; this one's ends where that
    began."""
    first = record()
    delete(school, first)
    second = record()
    restore(school, first)
    (one, other) = sorted(rows(school, Monitoring), key=lambda row: row.started_at)
    assert other.incident_id == second.id and other.ended_at is None
    assert one.withdrawn_at is None and one.ended_at == other.started_at


def test_a_deleted_action_never_existed_either(school: SchoolForTests, record: Any, follow_up: Any) -> None:
    """EDT-02: its alert neither counts nor opens the incident, and it is in nobody's "Read by"; restored, all
    is as before."""
    incident = record(category_ids=[school.categories["Child Protection"]])
    action = follow_up(incident, alert_ids=[school.users["colleague"], school.users["head"]])
    head = school.viewer("head")
    with school.app.transaction(school.id) as db:
        (own,) = open_alerts(db, school.users["head"])
        mark_read(db, head, incident.id, [own])

    def seen() -> tuple[int, bool, int, int]:
        colleague = school.viewer("colleague")
        with school.app.session(school.id, writes=False) as db:
            return (
                len(open_alerts(db, school.users["colleague"])),
                db.scalar(select(Incident.id).where(policy.visible_incidents(colleague))) is not None,
                db.scalar(select(read_count(Incident.id)).select_from(Incident)) or 0,
                len(history.history(db, school.viewer("lead"))[0]),
            )

    assert seen() == (1, True, 1, 1)
    with school.app.transaction(school.id) as db:
        delete_action(db, school.viewer("lead"), action.id, "Wrong child.", opened=1)
    assert seen() == (0, False, 0, 0)
    newest = max(rows(school, ActionVersion), key=lambda one: one.version)
    assert (newest.kind, newest.reason) == ("deleted", "Wrong child.")
    with school.app.transaction(school.id) as db:
        restore_action(db, school.viewer("lead"), action.id)
    assert seen() == (1, True, 1, 1)
    assert len(rows(school, Alert)) == 2


def test_many_are_removed_and_brought_back_at_once(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-02, TRN-01: as training mode does it: the kind of version says so, and what is gone already is
    passed over."""
    incidents = [record(), record(), record()]
    delete(school, incidents[0])
    admin = school.viewer("admin")
    ids = [one.id for one in incidents]
    with school.app.transaction(school.id) as db:
        gone = remove_incidents(db, admin, ids, "Training is over.", "training removed")
        assert {one.id for one in gone} == set(ids[1:])
    kinds = [row.kind for row in rows(school, IncidentVersion, IncidentVersion.version == 2)]
    assert sorted(kinds) == ["deleted", "training removed", "training removed"]
    assert monitored(school) == set()
    with school.app.transaction(school.id) as db:
        assert {one.id for one in reinstate_incidents(db, admin, ids[1:])} == set(ids[1:])
    assert len(monitored(school)) == 1
    assert len(rows(school, Incident, Incident.deleted_at.is_(None))) == 2
    assert rows(school, Action) == []
