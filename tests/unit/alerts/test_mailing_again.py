"""A mail that found its record gone is owed again where that is restored, and no mail goes out about what is
gone by way of another (INC-09, EDT-02, EDT-04)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, select

from cpoms_core.access.identity import system_viewer
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.services import mark_read
from cpoms_core.database.types import new_id
from cpoms_core.hooks.types import Work
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import (
    Merge,
    NewAction,
    NewIncident,
    Split,
    delete_action,
    delete_incident,
    merge_incident,
    record_action,
    record_incident,
    restore_action,
    restore_incident,
    split_action,
)
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.mail import word_mail
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.outbox.outcomes import RecordGone
from cpoms_core.outbox.running import run_claimed
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def _nothing_else_due(school: SchoolForTests) -> None:
    """Wake-ups belong to no school: those that other tests left are not this one's."""
    with school.app.transaction(None) as db:
        db.execute(delete(Wakeup))


@pytest.fixture
def made(school: SchoolForTests) -> Make:
    """Does something as the lead, in a transaction of its own."""

    def make(service: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with school.app.transaction(school.id) as db:
            return service(db, school.viewer("lead"), *arguments, **named)

    return make


def incident_of(school: SchoolForTests, *alerted: str) -> NewIncident:
    people = [school.users[one] for one in alerted]
    return new_incident(school, text="She was quiet.", alert_ids=people)


def action_of(school: SchoolForTests, incident: Incident, *alerted: str) -> NewAction:
    people = [school.users[one] for one in alerted]
    return NewAction(new_id(), incident.id, "Rang home.", utc_now(), alert_ids=people)


def send_due(school: SchoolForTests) -> None:
    """The worker's round; what is sent is in the local mailbox."""
    for claim in claim_due(school.app, utc_now(), most=50):
        run_claimed(school.app, claim)


def outcomes(school: SchoolForTests) -> dict[str, str]:
    """What became of each mail, by who should get it."""
    people = {str(user): name for name, user in school.users.items()}
    with school.app.session(school.id, writes=False) as db:
        items = db.scalars(select(OutboxItem).where(OutboxItem.kind == "mail")).all()
    found = {people[item.payload["to_user"]]: item.last_error if item.done_at else "owed" for item in items}
    assert len(found) == len(items)
    return {name: outcome or "sent" for name, outcome in found.items()}


def newest(school: SchoolForTests, model: Any, record_id: uuid.UUID) -> int:
    with school.app.session(school.id, writes=False) as db:
        return int(db.get_one(model, (school.id, record_id)).version)


def test_a_restored_incidents_mail_is_sent_after_all(school: SchoolForTests, made: Make) -> None:
    """EDT-02, INC-09: and once only."""
    incident = made(record_incident, incident_of(school, "teacher", "colleague"))
    made(delete_incident, incident.id, "By mistake.", opened=1)
    send_due(school)
    assert outcomes(school) == {"teacher": "RecordGone", "colleague": "RecordGone"}
    made(restore_incident, incident.id)
    assert set(outcomes(school).values()) == {"owed"}
    send_due(school)
    assert outcomes(school) == {"teacher": "sent", "colleague": "sent"}
    for _ in range(2):  # it was sent: nobody gets it twice
        made(delete_incident, incident.id, "Again.", opened=newest(school, Incident, incident.id))
        made(restore_incident, incident.id)
    assert claim_due(school.app, utc_now(), most=5) == []


def test_whoever_read_it_by_then_is_not_mailed(school: SchoolForTests, made: Make) -> None:
    """EDT-02: an alert that its recipient has read is owed no mail."""
    incident = made(record_incident, incident_of(school, "teacher"))
    with school.app.transaction(school.id) as db:
        mark_read(db, school.viewer("teacher"), incident.id, db.scalars(select(Alert.id)).all())
    made(delete_incident, incident.id, "By mistake.", opened=1)
    send_due(school)
    made(restore_incident, incident.id)
    assert outcomes(school) == {"teacher": "RecordGone"}


def test_a_restored_actions_mail_is_sent_after_all(school: SchoolForTests, made: Make) -> None:
    """EDT-02, ACT-01: of the action that is back, and not of another that is still gone; nor of those of its
    incident that were sent."""
    incident = made(record_incident, incident_of(school, "head"))
    send_due(school)
    action = made(record_action, action_of(school, incident, "teacher"))
    other = made(record_action, action_of(school, incident, "colleague"))
    for one in (action, other):
        made(delete_action, one.id, "By mistake.", opened=1)
    send_due(school)
    made(restore_action, action.id)
    assert outcomes(school) == {"head": "sent", "teacher": "owed", "colleague": "RecordGone"}
    send_due(school)
    assert outcomes(school)["teacher"] == "sent"


def test_no_mail_about_what_went_with_another(school: SchoolForTests, made: Make) -> None:
    """EDT-02, EDT-04: an incident that was merged into one that was deleted is gone as well, and so are its
    actions; restored, the mails are sent."""
    first = made(record_incident, incident_of(school, "teacher"))
    made(record_action, action_of(school, first, "colleague"))
    into = made(record_incident, incident_of(school))
    merged = made(merge_incident, Merge(first.id, 1, into.id, 1))
    made(delete_incident, into.id, "By mistake.", opened=2)
    send_due(school)
    assert outcomes(school) == {"teacher": "RecordGone", "colleague": "RecordGone"}
    made(restore_incident, into.id)
    assert outcomes(school) == {"teacher": "owed", "colleague": "owed"}
    made(delete_action, merged.id, "Twice.", opened=1)
    send_due(school)
    assert outcomes(school) == {"teacher": "RecordGone", "colleague": "sent"}


def test_a_mail_finds_what_was_split_off_again(school: SchoolForTests, made: Make) -> None:
    """EDT-05: merged and split off again, it is where it was; so is an action that became an incident."""
    first = made(record_incident, incident_of(school, "teacher"))
    into = made(record_incident, incident_of(school))
    merged = made(merge_incident, Merge(first.id, 1, into.id, 1))
    behaviour = [school.categories["Behaviour"]]
    made(split_action, Split(merged.id, 1, behaviour))
    action = made(record_action, action_of(school, into, "colleague"))
    split = made(split_action, Split(action.id, newest(school, Action, action.id), behaviour))
    made(delete_incident, into.id, "By mistake.", opened=newest(school, Incident, into.id))
    with school.app.session(school.id, writes=False) as db:
        viewer = system_viewer(db)
        works = [Work(one.id, one.payload, one.created_at) for one in db.scalars(select(OutboxItem))]
        assert len([word_mail(db, viewer, work) for work in works if "to_user" in work.payload]) == 2
    made(delete_incident, split.id, "By mistake.", opened=newest(school, Incident, split.id))
    with school.app.session(school.id, writes=False) as db:
        (gone,) = [work for work in works if "action" in work.payload]
        with pytest.raises(RecordGone):
            word_mail(db, system_viewer(db), gone)
