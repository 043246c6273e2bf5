"""Merging incidents (EDT-04) and splitting actions off (EDT-05): nothing is lost, and nobody's alert."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.alerts.models import Alert
from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents.models import Document
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents import onlookers
from cpoms_core.incidents.chronology import one
from cpoms_core.incidents.models import (
    Action,
    ActionAgency,
    ActionVersion,
    Incident,
    IncidentAgency,
    IncidentCategory,
    IncidentStudent,
    IncidentVersion,
)
from cpoms_core.incidents.services import (
    ChangedMeanwhile,
    FormRefused,
    Linked,
    Merge,
    Split,
    delete_action,
    delete_incident,
    merge_incident,
    merge_target,
    restore_incident,
    split_action,
)
from cpoms_core.students.models import Monitoring
from cpoms_core.testing.records import rows
from cpoms_core.testing.schools import SchoolForTests


def now(school: SchoolForTests, row: Any) -> Any:
    (found,) = rows(school, type(row), type(row).id == row.id)
    return found


def merge(
    school: SchoolForTests, incident: Incident, into: Incident, who: str = "lead", **changes: Any
) -> Any:
    values = {
        "incident_id": incident.id,
        "version": now(school, incident).version,
        "into_id": into.id,
        "into_version": now(school, into).version,
        **changes,
    }
    with school.app.transaction(school.id) as db:
        return merge_incident(db, school.viewer(who), Merge(**values))


def split(
    school: SchoolForTests, action: Action, *categories: str, who: str = "lead", version: int | None = None
) -> Incident:
    typed = Split(
        action.id,
        version or now(school, action).version,
        [school.categories[name] for name in categories or ("Behaviour",)],
    )
    with school.app.transaction(school.id) as db:
        return split_action(db, school.viewer(who), typed)


def file(school: SchoolForTests, name: str) -> Any:
    """A file that was taken in, for `record` and `follow_up`."""
    with taken_in(school.app, school.viewer("lead"), [Upload(name, io.BytesIO(b"some words"))]) as documents:
        return documents


def categories(school: SchoolForTests, incident: Incident) -> set[uuid.UUID]:
    of_it = IncidentCategory.incident_id == incident.id
    return set(rows(school, IncidentCategory.category_id, of_it))


# --- merging ---------------------------------------------------------------------------------------------


def test_the_merged_one_becomes_an_action_with_all_that_is_its_own(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-04: author, dates, words, agencies, files, alerts, actions, categories; and its number leads
    there."""
    earlier = school.viewer("lead").now() - dt.timedelta(days=3)
    incident = record(
        text="The same, by another.",
        occurred_at=earlier,
        category_ids=[school.categories["Medical"]],
        agency_ids=[school.agencies["Police"]],
        documents=file(school, "letter.txt"),
        alert_ids=[school.users["head"]],
    )
    own_action = follow_up(
        incident, documents=file(school, "reply.txt"), alert_ids=[school.users["colleague"]]
    )
    into = record(who="lead")
    made = merge(school, incident, into)
    action = now(school, made)
    assert action.was_incident == incident.id and action.incident_id == into.id
    assert (action.author_id, action.text) == (school.users["teacher"], "The same, by another.")
    assert (action.occurred_at, action.created_at) == (earlier, incident.created_at)
    assert rows(school, ActionAgency.agency_id) == [school.agencies["Police"]]
    assert now(school, own_action).incident_id == into.id
    files = {row.name: (row.incident_id, row.action_id) for row in rows(school, Document)}
    assert files == {"letter.txt": (into.id, action.id), "reply.txt": (into.id, own_action.id)}
    alerts = {row.recipient_id: (row.incident_id, row.action_id) for row in rows(school, Alert)}
    assert alerts == {
        school.users["head"]: (into.id, action.id),
        school.users["colleague"]: (into.id, own_action.id),
    }
    assert categories(school, into) == {school.categories["Behaviour"], school.categories["Medical"]}
    merged = now(school, incident)
    assert merged.merged_into == action.id and merged.deleted_at is not None
    with school.app.session(school.id, writes=False) as db:
        visible = db.scalars(select(Incident.id).where(policy.visible_incidents(school.viewer("lead"))))
        assert list(visible) == [into.id]
        shown = one(db, school.viewer("lead"), into.id)
    assert [part.text for part in shown.actions] == ["The same, by another.", "Rang home."]
    assert [file.name for file in shown.actions[0].files] == ["letter.txt"]
    assert [category.name for category in shown.actions[0].categories] == ["Medical"]


def test_versions_say_what_was_merged_into_what(school: SchoolForTests, record: Any, follow_up: Any) -> None:
    """EDT-04: the history of both, and of the actions that went along, is kept."""
    incident, into = record(), record()
    follow_up(incident)
    action = merge(school, incident, into)
    said = {
        (row.incident_id, row.version): (row.kind, row.content.get("number"))
        for row in rows(school, IncidentVersion)
    }
    assert said[incident.id, 2] == ("merged", 2) and said[into.id, 2] == ("merged", 1)
    assert said[incident.id, 1] == said[into.id, 1] == ("created", None)
    kinds = {(row.action_id == action.id, row.version): row.kind for row in rows(school, ActionVersion)}
    assert kinds == {(True, 1): "merged", (False, 1): "created", (False, 2): "merged"}
    (entry,) = rows(school, AuditEntry, AuditEntry.event == "incident.merged")
    assert {str(incident.id), str(into.id), str(action.id), str(school.students["aoife"])} <= set(
        entry.subjects
    )
    assert (entry.details["number"], entry.details["into"]) == (1, 2)


def test_it_stays_on_the_record_of_each_of_its_students(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-04: where the students differ, its own are linked to the other, with the action and its files on
    their records, and the other's files not."""
    incident = record(
        student_id=school.students["björn"],
        linked=[Linked(school.students["chloe"], monitor=True)],
        documents=file(school, "letter.txt"),
    )
    follow_up(incident, text="About Björn alone.")
    into = record(text="About Aoife.", documents=file(school, "other.txt"))
    merge(school, incident, into)
    linked = {
        row.student_id: (row.linked, row.monitored, row.share_documents)
        for row in rows(school, IncidentStudent, IncidentStudent.incident_id == into.id)
    }
    assert linked == {
        school.students["aoife"]: (False, True, True),
        school.students["björn"]: (True, True, False),
        school.students["chloe"]: (True, True, False),
    }
    with school.app.session(school.id, writes=False) as db:
        shown = one(db, school.viewer("lead"), into.id, record=school.students["björn"])
    assert [part.text for part in shown.actions] == [incident.text, "About Björn alone."]
    assert [file.name for file in shown.actions[0].files] == ["letter.txt"]
    assert shown.files == []
    with school.app.session(school.id, writes=False) as db:
        linked_to_it = one(db, school.viewer("lead"), into.id, record=school.students["chloe"])
    assert [part.text for part in linked_to_it.actions] == [incident.text], "as it was: no file, no action"
    assert linked_to_it.actions[0].files == [] and linked_to_it.files == []


def test_an_action_of_one_students_two_incidents_stays_off_other_records(
    school: SchoolForTests, record: Any
) -> None:
    """EDT-04: merging puts nothing on the record of a student who was only linked to the other one."""
    incident = record(text="About Aoife alone.")
    into = record(linked=[Linked(school.students["chloe"], share_documents=True)])
    merge(school, incident, into)
    with school.app.session(school.id, writes=False) as db:
        shown = one(db, school.viewer("lead"), into.id, record=school.students["chloe"])
    assert shown.actions == []


def test_nobody_loses_an_open_alert_or_sees_by_it_what_is_not_there(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-04, USR-12.4: who had an open alert to either reads the one incident that is there now, until it is
    read; "Read by" counts on."""
    hidden = [school.categories["Child Protection"]]
    incident = record(category_ids=hidden, alert_ids=[school.users["colleague"]])
    into = record(who="lead", category_ids=hidden, alert_ids=[school.users["teacher"]])
    merge(school, incident, into)
    for who in ("teacher", "colleague"):
        viewer = school.viewer(who)
        with school.app.session(school.id, writes=False) as db:
            assert list(db.scalars(select(Incident.id).where(policy.visible_incidents(viewer)))) == [into.id]
            assert len(db.scalars(select(Alert.id).where(policy.own_alerts(viewer))).all()) == 1


def test_the_preview_says_who_newly_sees_what(school: SchoolForTests, record: Any) -> None:
    """EDT-04: the head reads Behaviour, and nothing in Child Protection; the teacher has an open alert."""
    incident = record(category_ids=[school.categories["Child Protection"]])
    into = record(alert_ids=[school.users["teacher"]])
    becoming = onlookers.Becoming(
        [school.categories["Child Protection"], school.categories["Behaviour"]],
        [school.students["aoife"]],
        whole_school=False,
    )
    with school.app.session(school.id, writes=False) as db:
        said = onlookers.of_merge(db, incident.id, into.id, becoming)
    assert said == onlookers.Onlookers(["Tariq Teacher"], [], ["Hugo Head"])
    merge(school, incident, into)
    with school.app.session(school.id, writes=False) as db:
        for who, sees in (("head", False), ("teacher", True), ("lead", True)):
            seen = select(Incident.id).where(
                Incident.id == into.id, policy.visible_incidents(school.viewer(who))
            )
            assert (db.scalar(seen) is not None) == sees, who


def test_only_where_both_are_the_viewers_to_edit(school: SchoolForTests, record: Any) -> None:
    """EDT-04, USR-12: the number of one that they may not see answers as one that does not exist."""
    hidden = record(category_ids=[school.categories["Child Protection"]])
    own = record()
    for incident, into in ((own, hidden), (hidden, own)):
        with pytest.raises(NothingThere):
            merge(school, incident, into, who="head")
    with school.app.session(school.id, writes=False) as db:
        said = set()
        for number in (hidden.number, 999):
            with pytest.raises(Refused) as refused:
                merge_target(db, school.viewer("head"), own, number)
            said.add(refused.value.message.replace(str(number), "N"))
        assert len(said) == 1
        with pytest.raises(Refused, match="this incident"):
            merge_target(db, school.viewer("head"), own, own.number)


def test_what_was_previewed_is_what_is_merged(school: SchoolForTests, record: Any, follow_up: Any) -> None:
    """EDT-04: a change of either after the preview stops it."""
    incident, into = record(), record()
    follow_up(into, category_ids=[school.categories["Medical"]])
    for old in ({"into_version": 1}, {"version": 9}):
        with pytest.raises(ChangedMeanwhile):
            merge(school, incident, into, **old)
    assert now(school, incident).merged_into is None
    with pytest.raises(NothingThere):
        merge(school, into, into)


def test_monitoring_goes_on_and_is_withdrawn_with_what_it_was_merged_into(
    school: SchoolForTests, record: Any
) -> None:
    """EDT-04, EDT-02."""
    incident = record(category_ids=[school.categories["Medical"]])
    into = record()
    merge(school, incident, into)
    going_on = Monitoring.ended_at.is_(None)
    assert len(rows(school, Monitoring, going_on)) == 2
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), into.id, "Not about her.", opened=2)
    assert rows(school, Monitoring, going_on) == []
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer("lead"), into.id)
        with pytest.raises(NothingThere):
            restore_incident(db, school.viewer("lead"), incident.id)
    assert len(rows(school, Monitoring, going_on)) == 2


def test_what_was_merged_goes_along_when_merged_again(school: SchoolForTests, record: Any) -> None:
    """EDT-04: first into second, second into third: all is under the third."""
    first, second, third = record(text="one"), record(text="two"), record(text="three")
    merge(school, first, second)
    merge(school, second, third)
    with school.app.session(school.id, writes=False) as db:
        shown = one(db, school.viewer("lead"), third.id)
    assert sorted(part.text for part in shown.actions) == ["one", "two"]


def test_what_an_action_adds_later_does_not_repeat_the_merge(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-01, EDT-04: the number and the other incident are said by the version of the merge alone."""
    incident, into = record(), record()
    merge(school, incident, into)
    follow_up(into, category_ids=[school.categories["Medical"]])
    kept = rows(school, IncidentVersion, IncidentVersion.incident_id == into.id, IncidentVersion.version > 1)
    assert [(one.kind, one.content.get("number")) for one in sorted(kept, key=lambda one: one.version)] == [
        ("merged", incident.number),
        ("action added", None),
    ]
    assert "other" not in max(kept, key=lambda one: one.version).content


# --- splitting -------------------------------------------------------------------------------------------


def test_an_action_becomes_an_incident_of_its_own(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-05: about the same student, with categories of its own, author, date, agencies, files and alerts;
    monitored from now on."""
    source = record()
    action = follow_up(
        source,
        text="Another matter.",
        agency_ids=[school.agencies["Police"]],
        documents=file(school, "note.txt"),
        alert_ids=[school.users["colleague"]],
    )
    made = split(school, action, "Bullying")
    incident = now(school, made)
    assert incident.number == 2 and incident.student_id == school.students["aoife"]
    assert (incident.author_id, incident.text) == (action.author_id, "Another matter.")
    assert (incident.occurred_at, incident.created_at) == (action.occurred_at, action.created_at)
    assert categories(school, incident) == {school.categories["Bullying"], school.categories["Behaviour"]}
    assert rows(school, IncidentAgency.agency_id, IncidentAgency.incident_id == incident.id) == [
        school.agencies["Police"]
    ]
    (document,) = rows(school, Document)
    assert (document.incident_id, document.action_id) == (incident.id, None)
    (alert,) = rows(school, Alert)
    assert (alert.incident_id, alert.action_id) == (incident.id, None)
    with school.app.session(school.id, writes=False) as db:
        colleague = school.viewer("colleague")
        assert one(db, colleague, incident.id).text == "Another matter."
        with pytest.raises(NothingThere):
            one(db, colleague, source.id)
        assert one(db, school.viewer("lead"), source.id).actions == []
    gone = now(school, action)
    assert gone.became_incident == incident.id and gone.deleted_at is not None
    (first,) = rows(school, IncidentVersion, IncidentVersion.incident_id == incident.id)
    assert (first.kind, first.content["text"], first.content["number"]) == ("split", "Another matter.", 1)
    began = rows(school, Monitoring, Monitoring.category_id == school.categories["Bullying"])
    assert [row.incident_id for row in began] == [incident.id]
    (entry,) = rows(school, AuditEntry, AuditEntry.event == "action.split")
    assert {str(source.id), str(incident.id), str(action.id)} <= set(entry.subjects)
    with pytest.raises(NothingThere):
        split(school, action)


def test_a_split_action_stays_on_the_linked_records_it_was_on(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-05: on Chloë's where it was ticked, and on nobody's else."""
    source = record(linked=[Linked(school.students["chloe"])])
    both, alone = follow_up(source, on_linked=True), follow_up(source)
    students = {
        len(rows(school, IncidentStudent, IncidentStudent.incident_id == split(school, action).id))
        for action in (both,)
    }
    assert students == {2}
    assert len(rows(school, IncidentStudent, IncidentStudent.incident_id == split(school, alone).id)) == 1


def test_a_split_asks_for_categories_and_for_what_was_shown(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-05."""
    action = follow_up(record())
    with school.app.transaction(school.id) as db, pytest.raises(FormRefused):
        split_action(db, school.viewer("lead"), Split(action.id, 1, []))
    with pytest.raises(ChangedMeanwhile):
        split(school, action, version=7)
    for who in ("teacher", "admin"):
        with pytest.raises(NothingThere):
            split(school, action, who=who)
    assert now(school, action).became_incident is None


def test_splitting_what_was_merged_brings_the_incident_back(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-04, EDT-05: with its number, its versions, its actions, files and alerts; and it can be merged
    again."""
    incident = record(
        category_ids=[school.categories["Medical"]],
        alert_ids=[school.users["colleague"]],
        documents=file(school, "letter.txt"),
    )
    own_action = follow_up(incident, text="Rang the doctor.", documents=file(school, "reply.txt"))
    into = record()
    action = merge(school, incident, into)
    with school.app.transaction(school.id) as db:
        delete_action(db, school.viewer("lead"), own_action.id, "Wrong.", opened=2)
    back = split(school, action, "Medical")
    assert back.id == incident.id and back.number == incident.number
    row = now(school, incident)
    assert row.deleted_at is None and row.merged_into is None
    assert now(school, own_action).incident_id == incident.id
    files = {one.name: (one.incident_id, one.action_id) for one in rows(school, Document)}
    assert files == {"letter.txt": (incident.id, None), "reply.txt": (incident.id, own_action.id)}
    assert [(one.incident_id, one.action_id) for one in rows(school, Alert)] == [(incident.id, None)]
    kinds = sorted(
        (one.version, one.kind)
        for one in rows(school, IncidentVersion, IncidentVersion.incident_id == incident.id)
    )
    assert kinds == [(1, "created"), (2, "merged"), (3, "split")]
    assert merge(school, incident, into).was_incident == incident.id
