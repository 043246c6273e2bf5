"""Recording incidents: what is written with them, and what is refused."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest

from cpoms_core.access.models import User
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert, AutomaticAlert
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import (
    Category,
    Draft,
    Incident,
    IncidentAgency,
    IncidentCategory,
    IncidentStudent,
    IncidentVersion,
)
from cpoms_core.incidents.services import FormRefused, Linked, record_incident
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.students.models import Monitoring
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.records import new_incident, rows
from cpoms_core.testing.schools import SchoolForTests


def fields_refused(error: pytest.ExceptionInfo[FormRefused]) -> set[str]:
    return {one.field for one in error.value.errors}


def test_everything_is_written_in_one_go(school: SchoolForTests, record: Any) -> None:
    """INC-09, INC-04, INC-08: number, version, students, categories with parents, agencies, audit."""
    incident = record(
        category_ids=[school.categories["Bullying"]],
        linked=[Linked(school.students["chloe"], monitor=True, share_documents=True)],
        agency_ids=[school.agencies["Police"]],
        alert_ids=[school.users["lead"]],
    )
    assert incident.number == 1
    categories = {row.category_id for row in rows(school, IncidentCategory)}
    assert categories == {school.categories["Bullying"], school.categories["Behaviour"]}
    students = {row.student_id: (row.linked, row.share_documents) for row in rows(school, IncidentStudent)}
    assert students == {school.students["aoife"]: (False, True), school.students["chloe"]: (True, True)}
    assert [row.agency_id for row in rows(school, IncidentAgency)] == [school.agencies["Police"]]
    (version,) = rows(school, IncidentVersion)
    assert (version.version, version.kind, version.content["text"]) == (1, "created", incident.text)
    (entry,) = rows(school, AuditEntry, AuditEntry.event == "incident.recorded")
    assert {str(incident.id), str(school.students["aoife"]), str(school.students["chloe"])} <= set(
        entry.subjects
    )


def test_monitoring_begins_now_for_all_categories(school: SchoolForTests, record: Any) -> None:
    """INC-09: monitoring starts at the moment of submission; backdating the incident does not move it.
    INC-04: a linked student only where ticked."""
    before = utc_now()
    record(
        category_ids=[school.categories["Bullying"]],
        occurred_at=before - dt.timedelta(days=30),
        linked=[Linked(school.students["chloe"], monitor=True), Linked(school.students["björn"])],
    )
    monitored = rows(school, Monitoring)
    assert {(row.student_id, row.category_id) for row in monitored} == {
        (student, category)
        for student in (school.students["aoife"], school.students["chloe"])
        for category in (school.categories["Bullying"], school.categories["Behaviour"])
    }
    assert all(row.started_at >= before for row in monitored)


def test_monitoring_is_not_begun_twice(school: SchoolForTests, record: Any) -> None:
    """INC-09: a student who is monitored for a category already stays so from the first moment."""
    record()
    record()
    assert len(rows(school, Monitoring)) == 1


def test_each_alerted_user_has_an_alert_and_a_mail(school: SchoolForTests, record: Any) -> None:
    """INC-09: the mail names who and the categories by id, nothing of the child."""
    incident = record(alert_ids=[school.users["lead"], school.users["colleague"], school.users["lead"]])
    alerts = rows(school, Alert)
    assert {alert.recipient_id for alert in alerts} == {school.users["lead"], school.users["colleague"]}
    mails = rows(school, OutboxItem, OutboxItem.kind == "mail")
    assert len(mails) == 2
    for mail in mails:
        assert mail.payload["template"] == "incident-alert"
        assert mail.payload["sender"] == str(school.users["teacher"])
        assert "afraid" not in str(mail.payload) and str(school.students["aoife"]) not in str(mail.payload)
    assert incident.id == alerts[0].incident_id


def test_configured_people_are_alerted_too(school: SchoolForTests, record: Any) -> None:
    """INC-07, USR-07: by category, if their group sees all categories of the incident."""
    with school.app.transaction(school.id) as db:
        for who, category in (("head", "Behaviour"), ("lead", "Child Protection")):
            db.add(
                AutomaticAlert(
                    school_id=school.id,
                    id=new_id(),
                    user_id=school.users[who],
                    category_id=school.categories[category],
                )
            )
    record()
    assert {alert.recipient_id for alert in rows(school, Alert)} == {school.users["head"]}
    record(category_ids=[school.categories["Behaviour"], school.categories["Child Protection"]])
    assert school.users["lead"] in {alert.recipient_id for alert in rows(school, Alert)}
    assert [a.recipient_id for a in rows(school, Alert)].count(school.users["head"]) == 1


def test_a_deactivated_colleague_cannot_be_alerted(school: SchoolForTests, record: Any) -> None:
    """INC-07: nothing is recorded, and the sender is told beside the field."""
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["colleague"])).deactivated_at = utc_now()
    with pytest.raises(Refused) as refused:
        record(alert_ids=[school.users["colleague"]])
    assert refused.value.field == "alerts"
    assert rows(school, Incident) == []


def test_the_same_submission_is_recorded_once(school: SchoolForTests, record: Any) -> None:
    """INC-09: a double click or the back button adds no second incident."""
    submission = new_id()
    first, second = record(submission=submission), record(submission=submission)
    assert first.id == second.id
    assert len(rows(school, Incident)) == 1


def test_numbers_rise_without_gaps_under_concurrency(school: SchoolForTests) -> None:
    """INC-09: several people at once, some of whose submissions fail."""
    viewer = school.viewer("teacher")

    def submit(fails: bool) -> None:
        with school.app.session(school.id, writes=True) as db:
            record_incident(db, viewer, new_incident(school, text="x"))
            if fails:
                db.rollback()
            else:
                db.commit()

    threads = [threading.Thread(target=submit, args=(index % 4 == 0,)) for index in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(incident.number for incident in rows(school, Incident)) == list(range(1, 13))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category_ids": []}, "categories"),
        ({"category_ids": [new_id()]}, "categories"),
        ({"student_id": new_id()}, "student"),
        ({"linked": [Linked(new_id())]}, "linked"),
        ({"agency_ids": [new_id()]}, "agencies"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    school: SchoolForTests, record: Any, changes: dict[str, Any], field: str
) -> None:
    """INC-03, INC-04, INC-08: unknown student, category or agency; no category."""
    with pytest.raises(FormRefused) as refused:
        record(**changes)
    assert fields_refused(refused) == {field}
    assert rows(school, Incident) == []


def test_a_disabled_category_is_refused(school: SchoolForTests, record: Any) -> None:
    """INC-03: also when it was disabled after the form was opened."""
    with school.app.transaction(school.id) as db:
        db.get_one(Category, (school.id, school.categories["Behaviour"])).disabled_at = utc_now()
    with pytest.raises(FormRefused) as refused:
        record()
    assert fields_refused(refused) == {"categories"}


def test_only_categories_that_the_group_may_add_to(school: SchoolForTests, record: Any) -> None:
    """INC-03, USR-12.1: a head of year has no right to add to Child Protection."""
    with pytest.raises(FormRefused):
        record("head", category_ids=[school.categories["Child Protection"]])
    assert record("head").number == 1


def test_another_schools_student_is_unknown(
    school: SchoolForTests, other_school: SchoolForTests, record: Any
) -> None:
    """USR-12.7: another school's ids are as unknown as random ones."""
    with pytest.raises(FormRefused) as refused:
        record(student_id=other_school.students["aoife"])
    assert fields_refused(refused) == {"student"}


def test_at_least_one_alert_can_be_enforced(school: SchoolForTests, record: Any) -> None:
    """INC-07: by the school's setting."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "enforce_alert", "on")
    with pytest.raises(FormRefused) as refused:
        record()
    assert fields_refused(refused) == {"alerts"}
    assert record(alert_ids=[school.users["lead"]]).number == 1


def test_whoever_may_not_add_finds_nothing(school: SchoolForTests, record: Any) -> None:
    """USR-04: the administrators' group has no right to add incidents."""
    with pytest.raises(NothingThere):
        record("admin")


def test_the_draft_goes_with_the_submission(school: SchoolForTests, record: Any) -> None:
    """INC-10: only the submitted form's own draft, and only the author's."""
    with school.app.transaction(school.id) as db:
        for who, form in (("teacher", "incident"), ("teacher", "incident-x"), ("lead", "incident")):
            db.add(
                Draft(
                    school_id=school.id, user_id=school.users[who], form=form, fields={}, saved_at=utc_now()
                )
            )
    record()
    left = {(row.user_id, row.form) for row in rows(school, Draft)}
    assert left == {(school.users["teacher"], "incident-x"), (school.users["lead"], "incident")}


def test_a_whole_school_incident_has_no_student(school: SchoolForTests, record: Any) -> None:
    """INC-02: nobody is monitored for it."""
    incident = record(student_id=None)
    assert incident.student_id is None
    assert rows(school, IncidentStudent) == [] and rows(school, Monitoring) == []


def test_an_action_widens_the_incident(school: SchoolForTests, record: Any, follow_up: Any) -> None:
    """ACT-01, INC-09: categories that an action adds show on the incident from then on, begin monitoring,
    also of linked students who are monitored with it, and are a version of the incident."""
    incident = record(
        linked=[Linked(school.students["chloe"], monitor=True), Linked(school.students["björn"])]
    )
    follow_up(incident, category_ids=[school.categories["Medical"]], alert_ids=[school.users["teacher"]])
    assert school.categories["Medical"] in {row.category_id for row in rows(school, IncidentCategory)}
    medical = rows(school, Monitoring, Monitoring.category_id == school.categories["Medical"])
    assert {row.student_id for row in medical} == {school.students["aoife"], school.students["chloe"]}
    versions = rows(school, IncidentVersion)
    assert sorted((v.version, v.kind) for v in versions) == [(1, "created"), (2, "action added")]
    (mail,) = rows(school, OutboxItem, OutboxItem.kind == "mail")
    assert mail.payload["template"] == "action-alert"


def test_an_action_needs_sight_of_the_incident(school: SchoolForTests, record: Any, follow_up: Any) -> None:
    """USR-12.1, 4: a colleague without a key acts on what they are alerted to, and on nothing else."""
    incident = record()
    with pytest.raises(NothingThere):
        follow_up(incident, "colleague")
    alerted = record(alert_ids=[school.users["colleague"]])
    assert follow_up(alerted, "colleague").incident_id == alerted.id


def test_the_same_action_is_recorded_once(school: SchoolForTests, record: Any, follow_up: Any) -> None:
    """ACT-01: as for incidents."""
    incident, submission = record(), new_id()
    assert follow_up(incident, submission=submission).id == follow_up(incident, submission=submission).id


def test_a_linked_child_who_was_monitored_before_is_for_later_categories_too(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """INC-04, INC-09: the tick holds for what an action adds, whatever began the monitoring."""
    record(student_id=school.students["chloe"])
    incident = record(linked=[Linked(school.students["chloe"], monitor=True)])
    follow_up(incident, category_ids=[school.categories["Medical"]])
    medical = rows(school, Monitoring, Monitoring.category_id == school.categories["Medical"])
    assert {row.student_id for row in medical} == {school.students["aoife"], school.students["chloe"]}
