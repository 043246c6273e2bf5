"""Monitoring that incidents begin, at the same moment as somebody else's change and after several of them: in
doubt a child stays monitored (INC-09, EDT-01, EDT-02)."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident, IncidentVersion
from cpoms_core.incidents.services import (
    IncidentEdit,
    NewAction,
    delete_incident,
    edit_incident,
    record_action,
    restore_incident,
    restore_incident_version,
)
from cpoms_core.students.models import Monitoring
from cpoms_core.students.monitoring import monitor
from cpoms_core.students.monitoring_changes import Wish, update_monitoring
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.testing.schools import SchoolForTests


@contextmanager
def meanwhile(school: SchoolForTests, other: Callable[[], Any]) -> Iterator[SchoolSession]:
    """An open transaction, and at its end somebody else's change, which has to wait for it."""
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            other()
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=work)
    with school.app.transaction(school.id) as db:
        yield db
        thread.start()
        thread.join(0.3)
        waited = thread.is_alive()
    thread.join(60)
    assert wrong == []
    assert waited, "it must wait for what is being done"


def going_on(school: SchoolForTests) -> list[Monitoring]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Monitoring).where(Monitoring.ended_at.is_(None))))


def test_recording_while_another_is_deleted(school: SchoolForTests, record: Any) -> None:
    """EDT-02: the monitoring of the one is not taken for that of the other, which begins its own."""
    first = record()
    with meanwhile(school, record) as db:
        delete_incident(db, school.viewer("lead"), first.id, "Recorded twice.", opened=1)
    (row,) = going_on(school)
    assert row.incident_id != first.id


def test_recording_while_another_is_restored(school: SchoolForTests, record: Any) -> None:
    """EDT-02: none goes on twice."""
    first = record()
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), first.id, "By mistake.", opened=1)
    with meanwhile(school, record) as db:
        restore_incident(db, school.viewer("lead"), first.id)
    assert [row.incident_id for row in going_on(school)] == [first.id]


def test_recording_while_somebody_begins_to_monitor(school: SchoolForTests, record: Any) -> None:
    """INC-09: one goes on, and not two."""
    with meanwhile(school, record) as db:
        monitor(db, school.viewer("lead"), [school.students["aoife"]], [school.categories["Behaviour"]])
    assert len(going_on(school)) == 1


def test_deleting_two_at_the_same_moment(school: SchoolForTests, record: Any) -> None:
    """EDT-02: neither takes the other for one that stays."""
    first, second = record(), record()

    def delete() -> None:
        with school.app.transaction(school.id) as db:
            delete_incident(db, school.viewer("lead"), second.id, "Twice.", opened=1)

    with meanwhile(school, delete) as db:
        delete_incident(db, school.viewer("lead"), first.id, "Twice.", opened=1)
    assert going_on(school) == []


def test_two_actions_widen_an_incident_at_the_same_moment(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """ACT-01: the second waits, and each is a version of its own."""
    incident = record()
    chosen = [[school.categories[name]] for name in ("Medical", "Attendance")]
    new = NewAction(new_id(), incident.id, "Rang home.", school.viewer("lead").now(), category_ids=chosen[0])
    with meanwhile(school, lambda: follow_up(incident, category_ids=chosen[1])) as db:
        record_action(db, school.viewer("lead"), new)
    assert len(going_on(school)) == 3
    with school.app.session(school.id, writes=False) as db:
        assert db.get_one(Incident, (school.id, incident.id)).version == 3
        newest = db.get_one(IncidentVersion, (school.id, incident.id, 3)).content
    assert len(newest["categories"]) == 3


def test_monitoring_asked_for_by_hand_stays(school: SchoolForTests, record: Any) -> None:
    """EDT-02, STU-10: an incident had begun it, then somebody added it by hand: it is theirs from then on."""
    incident, lead = record(), school.viewer("lead")
    today = lead.local(lead.now()).date()
    wish = Wish("add", school.categories["Behaviour"], today)
    with school.app.transaction(school.id) as db:
        update_monitoring(db, lead, [school.students["aoife"]], wish)
        delete_incident(db, lead, incident.id, "By mistake.", opened=1)
    (row,) = going_on(school)
    assert (row.student_id, row.withdrawn_at) == (school.students["aoife"], None)


def test_what_goes_on_since_before_is_not_ended_before_it_began(school: SchoolForTests, record: Any) -> None:
    """EDT-02, INC-02: as a match leaves it. What the restored incident had begun is all in what goes on."""
    first = record()
    with school.app.transaction(school.id) as db:
        (row,) = db.scalars(select(Monitoring))
        began = row.started_at
        db.add(
            Monitoring(
                school_id=school.id, id=new_id(), student_id=row.student_id, category_id=row.category_id,
                started_at=began - dt.timedelta(days=1), started_by=row.started_by,
            )
        )  # fmt: skip
        delete_incident(db, school.viewer("lead"), first.id, "By mistake.", opened=1)
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer("lead"), first.id)
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(Monitoring).order_by(Monitoring.started_at)).all()
    assert [row.withdrawn_at is None for row in rows] == [True, False]
    assert all(row.ended_at is None or row.ended_at >= row.started_at for row in rows)


def test_restoring_a_version_goes_on_with_its_monitoring(school: SchoolForTests, record: Any) -> None:
    """EDT-01: a category that was taken off by mistake is monitored from when it was, not from today."""
    behaviour, medical = school.categories["Behaviour"], school.categories["Medical"]
    incident, lead = record(category_ids=[behaviour, medical]), school.viewer("lead")
    before = {row.category_id: (row.id, row.started_at) for row in going_on(school)}
    with school.app.transaction(school.id) as db:
        edit_incident(db, lead, IncidentEdit(incident.id, 1, incident.text, incident.occurred_at, [medical]))
    assert [row.category_id for row in going_on(school)] == [medical]
    with school.app.transaction(school.id) as db:
        restore_incident_version(db, lead, incident.id, 1, opened=2)
    assert {row.category_id: (row.id, row.started_at) for row in going_on(school)} == before
