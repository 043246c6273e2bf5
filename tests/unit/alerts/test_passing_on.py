"""INC-16: alerts that nobody read in time go on to a named group, once. The clock is what the worker says
it is, so that no test waits."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.identity import system_viewer
from cpoms_core.access.models import AlertGroup, AlertGroupMember, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.admin.guards import mark_of
from cpoms_core.admin.services.alert_groups import delete_alert_group
from cpoms_core.admin.services.settings import change_settings, settings_shown
from cpoms_core.alerts import passing_on
from cpoms_core.alerts.files import alert_to_file, file_readings
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.passing_on import BATCH, pass_on
from cpoms_core.alerts.services import alert, mark_read
from cpoms_core.audit.models import AuditEntry
from cpoms_core.audit.sealing import seal_waiting
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.errors import Refused
from cpoms_core.hooks.types import Work
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import (
    Merge,
    NewAction,
    delete_incident,
    merge_incident,
    record_action,
)
from cpoms_core.outbox import poller as poller_module
from cpoms_core.outbox.mail import word_mail
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.outcomes import NotOwed
from cpoms_core.outbox.poller import Poller
from cpoms_core.tenancy.settings import read_settings
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

HOUR = dt.timedelta(hours=1)


def named(school: SchoolForTests, hours: int = 24, group: str = "DSLs") -> None:
    """The lead names the group that alerts go on to, on the settings page's way."""
    with school.app.transaction(school.id) as db:
        viewer = school.viewer("lead")
        found = db.scalar(select(AlertGroup.id).where(AlertGroup.name == group)) if group else ""
        stored = read_settings(db)
        seen = mark_of({name: stored[name] for name in settings_shown(db, viewer)})
        change_settings(db, viewer, {"pass_on_group": str(found), "pass_on_hours": str(hours)}, seen)


def recorded(school: SchoolForTests, to: Collection[str] = ("colleague",)) -> Incident:
    people = [school.users[who] for who in to]
    return add_incident(school, "She was quiet.", "teacher", alert_ids=people)


def alerts(school: SchoolForTests) -> list[Alert]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Alert).order_by(Alert.created_at, Alert.id)))


def followers(school: SchoolForTests) -> list[str]:
    """Who was told by passing on."""
    names = {key: who for who, key in school.users.items()}
    return sorted(names[one.recipient_id] for one in alerts(school) if one.passed_on_from)


def mails(school: SchoolForTests) -> list[dict[str, Any]]:
    with school.app.session(school.id, writes=False) as db:
        items = db.scalars(select(OutboxItem).where(OutboxItem.kind == "mail"))
        return [item.payload for item in items if item.payload["template"].endswith("-passed-on")]


def noted(school: SchoolForTests) -> list[AuditEntry]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(AuditEntry).where(AuditEntry.event.like("%passed-on"))))


def later(school: SchoolForTests, hours: float) -> int:
    """The worker looks, so many hours from now."""
    return pass_on(school.app, school.id, utc_now() + hours * HOUR)


def test_inc_16_an_unread_alert_goes_on_once(school: SchoolForTests) -> None:
    """INC-16: after the set time and not before, to everybody in the group, with a mail by the outbox; never
    a second time, and what was passed on is not passed on again."""
    named(school)
    incident = recorded(school)
    assert later(school, 23.9) == 0 and followers(school) == []
    assert later(school, 24.1) == 1
    assert followers(school) == ["head", "lead"]
    for hours in (24.2, 60, 500):
        assert later(school, hours) == 0
    (first, *others) = alerts(school)
    assert first.passed_on_at is not None and first.read_at is None, "it stays on its recipient's dashboard"
    assert {one.passed_on_from for one in others} == {first.id}
    assert {one.sender_id for one in others} == {school.users["teacher"]}
    assert {(mail["template"], mail["to_user"]) for mail in mails(school)} == {
        ("incident-passed-on", str(school.users[who])) for who in ("head", "lead")
    }
    assert {mail["categories"] for mail in mails(school)} == {str(school.categories["Behaviour"])}
    assert {mail["incident"] for mail in mails(school)} == {str(incident.id)}
    (entry,) = noted(school)
    assert (entry.event, entry.channel, entry.user_id) == ("alert.passed-on", "worker", None)
    assert entry.subjects == [str(incident.id)] and entry.details == {"alerted": 2}
    assert seal_waiting(school.app, school.id, utc_now()) > 0, "the entry has its place in the chain"


def test_inc_16_whoever_it_is_passed_to_can_read_it(school: SchoolForTests) -> None:
    """INC-16, USR-12.4: also a colleague who could not normally see it, until they mark it as read."""
    with school.app.transaction(school.id) as db:
        group = AlertGroup(school_id=school.id, id=new_id(), name="Office")
        db.add(group)
        db.flush()
        db.add(AlertGroupMember(school_id=school.id, group_id=group.id, user_id=school.users["admin"]))
    named(school, group="Office")
    incident = recorded(school)

    def sees() -> bool:
        with school.app.session(school.id, writes=False) as db:
            seen = policy.visible_incidents(school.viewer("admin"))
            return db.scalar(select(Incident.id).where(Incident.id == incident.id, seen)) is not None

    assert not sees()
    later(school, 25)
    assert sees()
    (own,) = [one.id for one in alerts(school) if one.recipient_id == school.users["admin"]]
    with school.app.transaction(school.id) as db:
        mark_read(db, school.viewer("admin"), incident.id, [own])
    assert not sees()


def test_inc_16_nothing_goes_on_where_it_should_not(school: SchoolForTests) -> None:
    """INC-16: not where no group is named, not what was read, not what is about a deleted incident, and not
    what had waited too long when the group was named."""
    recorded(school)
    assert later(school, 1000) == 0
    with school.app.transaction(school.id) as db:
        old = db.scalars(select(Alert)).one()
        old.created_at -= 30 * HOUR
    named(school)
    read, deleted = recorded(school), recorded(school)
    with school.app.transaction(school.id) as db:
        ids = db.scalars(select(Alert.id).where(Alert.incident_id == read.id)).all()
        mark_read(db, school.viewer("colleague"), read.id, ids)
        delete_incident(db, school.viewer("lead"), deleted.id, "By mistake.", opened=1)
    assert later(school, 1000) == 0 and followers(school) == []
    named(school, group="")
    recorded(school)
    assert later(school, 1000) == 0


def test_inc_16_the_schools_own_hours(school: SchoolForTests, other_school: SchoolForTests) -> None:
    """INC-16: the hours are the school's, and another school's setting is not this one's."""
    named(school, hours=2)
    recorded(school)
    recorded(other_school)
    assert later(other_school, 100) == 0
    assert later(school, 1.9) == 0 and later(school, 2.1) == 1


def test_inc_16_nobody_is_told_twice_of_the_same(school: SchoolForTests) -> None:
    """INC-16: several unread alerts to one incident go on as one; who waits for it already is not told again;
    an action is a matter of its own."""
    named(school)
    incident = recorded(school, to=("colleague", "admin", "head"))
    assert later(school, 25) == 3
    assert followers(school) == ["lead"], "the head had an alert already"
    with school.app.transaction(school.id) as db:
        new = NewAction(new_id(), incident.id, "Rang home.", utc_now(), alert_ids=[school.users["colleague"]])
        action = record_action(db, school.viewer("lead"), new)
    assert later(school, 25) == 1
    assert Counter(followers(school)) == {"lead": 2, "head": 1}
    assert Counter(mail["template"] for mail in mails(school)) == {
        "incident-passed-on": 1,
        "action-passed-on": 2,
    }
    assert {tuple(one.subjects) for one in noted(school)} == {
        (str(incident.id),),
        (str(incident.id), str(action.id)),
    }


def test_inc_16_alerts_to_files_go_on_too(school: SchoolForTests) -> None:
    """INC-16, STU-05: noted on the file's student, and its page says to whom."""
    named(school)
    document = Document(
        school_id=school.id, id=new_id(), number=1, student_id=school.students["aoife"], name="plan.pdf",
        media_type="application/pdf", size=3, sha256="", added_by=school.users["lead"], added_at=utc_now(),
    )  # fmt: skip
    with school.app.transaction(school.id) as db:
        db.add(document)
        db.flush()
        alert_to_file(db, school.viewer("lead"), document.id, [school.users["colleague"]])
    assert later(school, 25) == 1
    assert followers(school) == ["head", "lead"]
    assert {mail["template"] for mail in mails(school)} == {"file-passed-on"}
    (entry,) = noted(school)
    assert entry.event == "document.alert-passed-on"
    assert entry.subjects == [str(document.id), str(school.students["aoife"])]
    with school.app.session(school.id, writes=False) as db:
        shown = {one.reader: one for one in file_readings(db, document.id)}
    assert shown["Cleo Colleague"].passed_on is not None
    assert shown["Cleo Colleague"].passed_on.names == ["Hugo Head", "Lena Lead"]
    assert shown["Hugo Head"].passed_to and shown["Lena Lead"].passed_to


def test_inc_16_a_crash_half_way_passes_on_nothing_and_the_next_round_once(
    school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INC-16: alert, mail and audit are one transaction. A worker that was down for days finds what
    was due."""
    named(school)
    recorded(school)
    really, calls = passing_on.queue_mail, 0

    def dies(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return really(*arguments, **named)

    monkeypatch.setattr(passing_on, "queue_mail", dies)
    with pytest.raises(KeyboardInterrupt):
        later(school, 24.1)
    assert followers(school) == [] and mails(school) == [] and noted(school) == []
    assert alerts(school)[0].passed_on_at is None
    assert later(school, 24 * 9) == 1
    assert followers(school) == ["head", "lead"] and len(mails(school)) == 2 and len(noted(school)) == 1


def test_inc_16_two_workers_at_once_pass_on_once(school: SchoolForTests) -> None:
    """INC-16: whoever comes second waits, and finds nothing left to do."""
    named(school)
    for _ in range(3):
        recorded(school)
    gate, answers = threading.Barrier(4), []

    def work() -> None:
        gate.wait(60)
        answers.append(later(school, 25))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [0, 0, 0, 3]
    assert Counter(followers(school)) == {"head": 3, "lead": 3} and len(mails(school)) == 6


def test_inc_16_what_is_merged_at_that_moment_goes_on_where_it_is_then(school: SchoolForTests) -> None:
    """INC-16, EDT-04: the round waits for the merge, and tells of the action that the incident became."""
    named(school)
    first, into = recorded(school), recorded(school, to=())
    worker = threading.Thread(target=later, args=(school, 25))
    with school.app.transaction(school.id) as db:
        became = merge_incident(db, school.viewer("lead"), Merge(first.id, 1, into.id, 1)).id
        worker.start()
        worker.join(0.3)
        assert worker.is_alive(), "it waits"
    worker.join(60)
    assert {(one.incident_id, one.action_id) for one in alerts(school)} == {(into.id, became)}
    assert followers(school) == ["head", "lead"]
    assert {(mail["incident"], mail["action"]) for mail in mails(school)} == {(str(into.id), str(became))}


def test_inc_16_what_was_deleted_before_its_mail_is_sent_is_not_told(school: SchoolForTests) -> None:
    """INC-16, EDT-02: the mail is worded when it is sent; for what is gone by then there is none."""
    named(school)
    incident = recorded(school)
    later(school, 25)
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), incident.id, "By mistake.", opened=1)
    assert len(mails(school)) == 2
    with school.app.session(school.id, writes=False) as db:
        for payload in mails(school):
            with pytest.raises(NotOwed):
                word_mail(db, system_viewer(db), Work(new_id(), payload, utc_now()))


def test_inc_16_the_workers_round(school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """INC-16: the poller passes on at every school; one school's trouble is logged and is not the others'."""
    named(school)
    recorded(school)
    day_later = utc_now() + 25 * HOUR
    monkeypatch.setattr(poller_module, "utc_now", lambda: day_later)
    poller = Poller(school.app, most=1)
    assert poller.pass_on() is False, "no full batch: it need not come back at once"
    assert followers(school) == ["head", "lead"]
    poller.pass_on()
    assert len(mails(school)) == 2


def test_inc_16_a_group_in_use_is_not_deleted(school: SchoolForTests) -> None:
    """INC-16: the alerts would silently go nowhere; once another is named, it goes."""
    named(school)
    with school.app.session(school.id, writes=False) as db:
        group = db.scalars(select(AlertGroup.id)).one()
    with school.app.transaction(school.id) as db, pytest.raises(Refused, match="passed on to this group"):
        delete_alert_group(db, school.viewer("lead"), group)
    named(school, group="")
    with school.app.transaction(school.id) as db:
        delete_alert_group(db, school.viewer("lead"), group)


def test_inc_16_a_group_of_nobody_leaves_them_until_somebody_is_there(school: SchoolForTests) -> None:
    """INC-16: while all of the group are deactivated nothing is lost: it goes on once somebody is there."""
    named(school)
    recorded(school)
    both = [school.users["lead"], school.users["head"]]

    def active(value: dt.datetime | None) -> None:
        with school.app.transaction(school.id) as db:
            for user in db.scalars(select(User).where(User.id.in_(both))):
                user.deactivated_at = value

    active(utc_now())
    assert later(school, 25) == 0 and alerts(school)[0].passed_on_at is None
    active(None)
    assert later(school, 26) == 1


def test_inc_16_the_round_costs_the_same_for_many(school: SchoolForTests) -> None:
    """INC-16: a fixed number of statements, however many alerts there are; three where none is due."""
    named(school)

    def cost(do: Callable[[], int]) -> tuple[int, int]:
        with counted(school.app.engines) as found:
            return do(), found.number

    recorded(school)
    assert cost(lambda: later(school, 1)) == (0, 3)
    one, few = cost(lambda: later(school, 25))
    incidents = [recorded(school).id for _ in range(5)]
    with school.app.transaction(school.id) as db:
        for incident_id in incidents:
            for who in ("colleague", "admin", "teacher"):
                alert(db, school.viewer("teacher"), [school.users[who]], incident_id, [])
    more, many = cost(lambda: later(school, 25))
    assert (one, more) == (1, 20) and more < BATCH
    assert many == few
