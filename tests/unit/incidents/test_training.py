"""Training mode (TRN-01): what is recorded in it is marked, what is real is kept, all else can be removed and
brought back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select

from cpoms_core.access import policy
from cpoms_core.access.identity import system_viewer
from cpoms_core.access.viewer import utc_now
from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.queries.training import page_of_marked
from cpoms_core.admin.services.training import Ending, begin_training, end_training, keep_real
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.services import open_alerts
from cpoms_core.audit.models import AuditEntry, AuditSubject
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.types import Work
from cpoms_core.incidents.models import (
    Action,
    ActionVersion,
    Incident,
    IncidentCategory,
    IncidentStudent,
    IncidentVersion,
)
from cpoms_core.incidents.services import (
    FormRefused,
    Merge,
    NewAction,
    Split,
    delete_incident,
    merge_incident,
    merge_target,
    record_action,
    record_incident,
    restore_action,
    restore_incident,
    split_action,
)
from cpoms_core.incidents.training import marked
from cpoms_core.outbox.mail import word_mail
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.outcomes import RecordGone
from cpoms_core.students.models import Monitoring
from cpoms_core.tenancy.services import next_numbers
from cpoms_core.testing.records import new_incident, rows
from cpoms_core.testing.schools import SchoolForTests

Given = Callable[..., Any]


def now(school: SchoolForTests, record: Any) -> Any:
    """A record as it is stored now."""
    (found,) = rows(school, type(record), type(record).id == record.id)
    return found


def begin(school: SchoolForTests, who: str = "lead") -> None:
    with school.app.transaction(school.id) as db:
        begin_training(db, school.viewer(who))


def seen(school: SchoolForTests, who: str = "lead") -> str:
    with school.app.session(school.id, writes=False) as db:
        return mark_of(*marked(db, school.viewer(who)).state)


def end(school: SchoolForTests, who: str = "lead", **given: Any) -> Any:
    with school.app.transaction(school.id) as db:
        viewer = school.viewer(who)
        ending = Ending(**{"seen": seen(school, who), "typed": viewer.school.name, **given})
        return end_training(db, viewer, ending)


def monitored(school: SchoolForTests) -> set[tuple[Any, Any]]:
    going_on = rows(school, Monitoring, Monitoring.ended_at.is_(None))
    return {(row.student_id, row.category_id) for row in going_on}


def names(school: SchoolForTests, incident: Incident) -> set[str]:
    known = {one: name for name, one in school.categories.items()}
    of_it = rows(school, IncidentCategory, IncidentCategory.incident_id == incident.id)
    return {known[row.category_id] for row in of_it}


# --- marking ---------------------------------------------------------------------------------------------


def test_what_is_recorded_while_it_is_on_is_marked(
    school: SchoolForTests, record: Given, follow_up: Given
) -> None:
    """TRN-01: incidents and actions, also an action under a real incident; before and after, none is."""
    before = record()
    begin(school)
    begin(school)
    during, under = record(), follow_up(before)
    end(school, incident_ids=[during.id], action_ids=[under.id])
    after = record()
    assert [one.training for one in (before, during, under, after)] == [False, True, True, False]
    assert len(rows(school, AuditEntry, AuditEntry.event == "training.begun")) == 1


def test_only_administrators_with_a_key_switch_it(school: SchoolForTests) -> None:
    """TRN-01, USR-12: not a head of year, not the lead before the key."""
    for viewer in (school.viewer("head"), school.viewer("teacher"), school.viewer("lead", elevated=False)):
        with pytest.raises(NothingThere), school.app.transaction(school.id) as db:
            begin_training(db, viewer)
        with pytest.raises(NothingThere), school.app.transaction(school.id) as db:
            end_training(db, viewer, Ending("", viewer.school.name))
        with pytest.raises(NothingThere), school.app.transaction(school.id) as db:
            keep_real(db, viewer, [], [])
    begin(school, "admin")
    assert school.viewer("teacher").school.training


def test_a_concern_begun_before_it_was_on_is_real(
    school: SchoolForTests, record: Given, follow_up: Given
) -> None:
    """TRN-01: its author was shown no banner, so it must not go with the exercises."""
    begin(school)
    incident = record(opened_in_training=False)
    assert not incident.training
    assert not follow_up(incident, opened_in_training=False).training
    assert record(opened_in_training=True).training


def test_an_exercise_that_comes_after_its_end_is_asked_about(
    school: SchoolForTests, record: Given, follow_up: Given
) -> None:
    """TRN-01: nothing is recorded until its author has seen that it would be real; a repeat of what was
    recorded in time is that record."""
    real = record()
    begin(school)
    first = new_id()
    known = record(opened_in_training=True, submission=first)
    end(school)
    assert record(opened_in_training=True, submission=first).id == known.id
    for attempt in (
        lambda: record(opened_in_training=True),
        lambda: follow_up(real, opened_in_training=True),
    ):
        with pytest.raises(FormRefused) as refused:
            attempt()
        assert "switched off while you were writing" in refused.value.errors[0].message
    assert not record(opened_in_training=False).training
    assert not follow_up(real, opened_in_training=False).training


def test_switched_off_between_form_and_submit(school: SchoolForTests, record: Given) -> None:
    """TRN-01: who asks still has the facts of when their request began; what counts is what the database
    says when it is recorded."""
    begin(school)
    viewer = school.viewer("teacher")
    end(school)
    assert viewer.school.training and not school.viewer("teacher").school.training
    typed = new_incident(school, text="Hm.")
    with school.app.transaction(school.id) as db:
        assert not record_incident(db, viewer, typed).training
    again = replace(typed, submission=new_id(), opened_in_training=True)
    with pytest.raises(FormRefused), school.app.transaction(school.id) as db:
        record_incident(db, viewer, again)


# --- removing --------------------------------------------------------------------------------------------


def test_the_rest_is_removed_with_all_that_came_of_it(
    school: SchoolForTests, record: Given, follow_up: Given
) -> None:
    """TRN-01: alerts and monitoring go, the version says why, and nothing is deleted."""
    begin(school)
    incident = record(alert_ids=[school.users["colleague"]])
    follow_up(incident, alert_ids=[school.users["teacher"]])
    removed = end(school)
    assert (removed.incidents, removed.actions, removed.held) == (1, 0, 0)
    assert monitored(school) == set()
    with school.app.session(school.id, writes=False) as db:
        assert open_alerts(db, school.users["colleague"]) == open_alerts(db, school.users["teacher"]) == []
        visible = select(Incident.id).where(policy.visible_incidents(school.viewer("lead")))
        assert db.scalars(visible).all() == []
    assert len(rows(school, Alert)) == 2 and len(rows(school, Action)) == 1
    newest = rows(school, IncidentVersion, IncidentVersion.version == 2)[0]
    assert (newest.kind, newest.reason) == ("training removed", "Training mode was ended.")
    assert newest.content["text"] == incident.text and newest.made_by == school.users["lead"]
    (entry,) = rows(school, AuditEntry, AuditEntry.event == "incident.deleted")
    assert entry.details == {"number": incident.number, "kind": "training removed"}
    of_child = AuditSubject.subject_id == school.students["aoife"]
    assert entry.id in [one.entry_id for one in rows(school, AuditSubject, of_child)]
    (ended,) = rows(school, AuditEntry, AuditEntry.event == "training.ended")
    assert ended.details == {"incidents": 1, "actions": 0, "kept": 0}


def test_what_was_unticked_is_kept_for_ever(school: SchoolForTests, record: Given, follow_up: Given) -> None:
    """TRN-01: rescued at once or with the end; an action rescues its incident; a second training removes none
    of it; the audit says who kept it."""
    begin(school)
    early, late, under = record(), record(), record()
    action, exercise = follow_up(under), follow_up(under)
    with school.app.transaction(school.id) as db:
        assert keep_real(db, school.viewer("lead"), [early.id], []) == 1
    removed = end(school, incident_ids=[late.id, new_id()], action_ids=[action.id])
    assert (removed.incidents, removed.actions) == (0, 1)
    for one in (early, late, under, action):
        stored = now(school, one)
        assert not stored.training and stored.deleted_at is None
    assert now(school, exercise).deleted_at is not None
    entries = rows(school, AuditEntry, AuditEntry.event.like("%.kept-as-real"))
    assert {one for entry in entries for one in entry.subjects} >= {str(late.id), str(action.id)}
    begin(school)
    assert end(school).incidents == 0


def test_a_real_action_keeps_its_incident(school: SchoolForTests, record: Given, follow_up: Given) -> None:
    """TRN-01: what was begun before training mode, under an incident of training, would be lost with it."""
    begin(school)
    incident = record()
    exercise = follow_up(incident)
    real = follow_up(incident, opened_in_training=False)
    with school.app.session(school.id, writes=False) as db:
        listed, _ = page_of_marked(db, school.viewer("lead"))
    assert {one.id: one.held for one in listed} == {incident.id: True, exercise.id: False}
    assert end(school).held == 1
    assert now(school, incident).deleted_at is None and not now(school, incident).training
    assert now(school, real).deleted_at is None and now(school, exercise).deleted_at is not None


def test_categories_that_training_actions_added_go_and_come_back(
    school: SchoolForTests, record: Given, follow_up: Given
) -> None:
    """TRN-01, ACT-01: off the real incident, with the monitoring that came of them; what the incident or an
    action that stays says, stays; restoring the action brings them back."""
    ids = school.categories
    aoife = school.students["aoife"]
    incident = record(category_ids=[ids["Behaviour"]])
    begin(school)
    kept = follow_up(incident, category_ids=[ids["Medical"]])
    gone = follow_up(incident, category_ids=[ids["Attendance"], ids["Bullying"]])
    assert names(school, incident) == {"Behaviour", "Bullying", "Medical", "Attendance"}
    assert monitored(school) == {
        (aoife, ids[one]) for one in ("Behaviour", "Bullying", "Medical", "Attendance")
    }
    end(school, action_ids=[kept.id])
    assert names(school, incident) == {"Behaviour", "Medical"}
    assert monitored(school) == {(aoife, ids["Behaviour"]), (aoife, ids["Medical"])}
    stored = now(school, incident)
    (newest,) = rows(school, IncidentVersion, IncidentVersion.version == stored.version)
    assert (newest.kind, newest.reason) == ("edited", "Training mode was ended.")
    assert set(newest.content["categories"]) == {str(ids["Behaviour"]), str(ids["Medical"])}
    with school.app.transaction(school.id) as db:
        restore_action(db, school.viewer("lead"), gone.id)
    assert names(school, incident) == {"Behaviour", "Bullying", "Medical", "Attendance"}
    assert len(monitored(school)) == 4
    assert not now(school, gone).training


def test_restored_it_is_real(school: SchoolForTests, record: Given, follow_up: Given) -> None:
    """TRN-01: with its actions, alerts and monitoring, even where the school trains again; one that an editor
    deleted and restores in the midst of training is training still."""
    begin(school)
    incident = record(alert_ids=[school.users["colleague"]])
    action = follow_up(incident)
    end(school)
    begin(school)
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer("lead"), incident.id)
    assert not now(school, incident).training and not now(school, action).training
    assert now(school, action).deleted_at is None
    assert monitored(school) == {(school.students["aoife"], school.categories["Behaviour"])}
    with school.app.session(school.id, writes=False) as db:
        assert len(open_alerts(db, school.users["colleague"])) == 1
    exercise = record()
    for change in (
        lambda db, who: delete_incident(db, who, exercise.id, "Twice.", opened=1),
        lambda db, who: restore_incident(db, who, exercise.id),
    ):
        with school.app.transaction(school.id) as db:
            change(db, school.viewer("lead"))
    assert now(school, exercise).training
    assert end(school).incidents == 1
    assert now(school, incident).deleted_at is None


def test_monitoring_that_another_incident_began_as_well_goes_on(
    school: SchoolForTests, record: Given
) -> None:
    """TRN-01, INC-09: in doubt a child stays monitored; no exercise takes the place of another."""
    begin(school)
    record()
    record()
    real = record(opened_in_training=False)
    end(school)
    (row,) = rows(school, Monitoring, Monitoring.ended_at.is_(None))
    assert row.incident_id == real.id


def test_the_school_s_name_confirms_it(school: SchoolForTests, record: Given) -> None:
    """TRN-01: the full name; capitals and spaces do not matter."""
    begin(school)
    incident = record()
    name = school.viewer("lead").school.name
    for typed in ("", name[:-1], f"{name}s"):
        with pytest.raises(Refused) as refused:
            end(school, typed=typed)
        assert refused.value.field == "name"
    assert school.viewer("lead").school.training and now(school, incident).deleted_at is None
    end(school, typed=f"  {name.upper().replace(' ', '  ')} ")
    assert not school.viewer("lead").school.training


def test_nothing_goes_that_nobody_looked_at(school: SchoolForTests, record: Given) -> None:
    """TRN-01: what was recorded after the list was opened stops the end of training mode."""
    begin(school)
    record()
    before = seen(school)
    late = record()
    with pytest.raises(ChangedMeanwhile):
        end(school, seen=before)
    assert school.viewer("lead").school.training and now(school, late).deleted_at is None


def test_nobody_removes_what_they_may_not_see(
    school: SchoolForTests, other_school: SchoolForTests, record: Given
) -> None:
    """TRN-01, USR-12: an administrator who reads no incidents switches it off, and what is marked waits for
    one who does; another school's is not touched."""
    begin(school)
    begin(other_school)
    incident = record()
    with school.app.session(school.id, writes=False) as db:
        counted = marked(db, school.viewer("admin"))
        assert (counted.incidents, page_of_marked(db, school.viewer("admin"))[0]) == (0, [])
    with school.app.transaction(school.id) as db:
        assert keep_real(db, school.viewer("admin"), [incident.id], []) == 0
    assert end(school, "admin").incidents == 0
    assert now(school, incident).training and now(school, incident).deleted_at is None
    assert other_school.viewer("lead").school.training
    assert end(school).incidents == 1


# --- beside it -------------------------------------------------------------------------------------------


def worded(school: SchoolForTests) -> list[str]:
    """The texts of the mails that are owed, or why one is not."""
    found = []
    with school.app.session(school.id, writes=False) as db:
        for item in db.scalars(select(OutboxItem).where(OutboxItem.kind == "mail").order_by(OutboxItem.id)):
            try:
                message = word_mail(db, system_viewer(db), Work(item.id, item.payload, item.created_at))
                found.append(message.get_content())
            except RecordGone:
                found.append("not owed")
    return found


def test_alerts_are_mailed_and_say_that_it_may_be_an_exercise(
    school: SchoolForTests, record: Given, follow_up: Given
) -> None:
    """TRN-01, INC-09: not where it was kept as real since; what was removed is not mailed any more."""
    real = record(alert_ids=[school.users["colleague"]])
    begin(school)
    kept = record(alert_ids=[school.users["colleague"]])
    record(alert_ids=[school.users["colleague"]])
    follow_up(real, alert_ids=[school.users["colleague"]])
    said = ["it may be an exercise" in text for text in worded(school)]
    assert said == [False, True, True, True]
    end(school, incident_ids=[kept.id])
    after = worded(school)
    assert "exercise" not in after[0] and "exercise" not in after[1]
    assert after[2:] == ["not owed", "not owed"]


def test_merging_and_splitting_keep_the_mark(school: SchoolForTests, record: Given, follow_up: Given) -> None:
    """TRN-01, EDT-04, EDT-05: two of a kind only: nothing real hangs on what will go."""
    real = record()
    begin(school)
    first, second = record(), record()
    split_off = follow_up(real)
    with school.app.transaction(school.id) as db:
        viewer = school.viewer("lead")
        for one, other in ((real, first), (first, real)):
            with pytest.raises(Refused, match="training mode"):
                merge_target(db, viewer, one, other.number)
            with pytest.raises(Refused, match="training mode"):
                merge_incident(db, viewer, Merge(one.id, 1, other.id, 1))
        merged = merge_incident(db, viewer, Merge(first.id, 1, second.id, 1))
        made = split_action(db, viewer, Split(split_off.id, 1, [school.categories["Behaviour"]]))
        assert merged.training and made.training
        keep_real(db, viewer, [], [merged.id])
        back = split_action(db, viewer, Split(merged.id, 1, [school.categories["Behaviour"]]))
        assert back.id == first.id and not back.training


@contextmanager
def statements(engine: Any) -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile, by one of the engines."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def fill(school: SchoolForTests, count: int) -> None:
    """So many training incidents about Aoife, with their monitoring, as weeks of training would leave."""
    at = utc_now()
    common = {"school_id": school.id}
    with school.app.transaction(school.id) as db:
        made = [(new_id(), number) for number in next_numbers(db, "incident", count)]
        content = {"text": "Pretend.", "categories": [], "occurred_at": at.isoformat(), "number": 3}
        insert_rows(db, Incident, [
            {**common, "id": one, "number": number, "student_id": school.students["aoife"],
             "author_id": school.users["teacher"], "text": "Pretend.", "occurred_at": at, "created_at": at,
             "version": 1, "submission": new_id(), "training": True}
            for one, number in made
        ])  # fmt: skip
        insert_rows(db, IncidentVersion, [
            {**common, "incident_id": one, "version": 1, "kind": "created", "content": content, "reason": "",
             "made_by": school.users["teacher"], "made_at": at}
            for one, _ in made
        ])  # fmt: skip
        insert_rows(db, IncidentStudent, [
            {**common, "incident_id": one, "student_id": school.students["aoife"], "occurred_at": at,
             "linked": False, "monitored": True, "share_documents": True}
            for one, _ in made
        ])  # fmt: skip
        insert_rows(db, IncidentCategory, [
            {**common, "incident_id": one, "category_id": school.categories["Behaviour"]} for one, _ in made
        ])  # fmt: skip


def test_removing_many_costs_no_statement_for_each(school: SchoolForTests) -> None:
    """TRN-01: 2,000 incidents in a few statements for some hundred of them."""
    begin(school)
    fill(school, 2_000)
    with statements(school.app.engines.writing) as sent:
        assert end(school).incidents == 2_000
    assert len(sent) < 160, len(sent)
    assert rows(school, Incident, Incident.deleted_at.is_(None)) == []
    versions = rows(school, IncidentVersion, IncidentVersion.version == 2)
    assert len(versions) == 2_000 and "number" not in versions[0].content


def test_the_list_is_paged_by_key(school: SchoolForTests, record: Given, follow_up: Given) -> None:
    """TRN-01: incidents and actions together, each once, the last recorded first; three statements a page."""
    begin(school)
    fill(school, 60)
    incident = record(text="Aoife said so. " * 100)
    action = follow_up(incident)
    viewer = school.viewer("lead")
    with school.app.session(school.id, writes=False) as db:
        with statements(school.app.engines.reading) as sent:
            first, key = page_of_marked(db, viewer)
        reads = [one for one in sent if " FROM " in one.replace("\n", " ")]
        assert len(reads) == 3, "the page, whom it is about, its categories"
        second, last = page_of_marked(db, viewer, key)
        with pytest.raises(NothingThere):
            page_of_marked(db, viewer, "rubbish")
    assert [one.id for one in first[:2]] == [action.id, incident.id]
    assert first[1].begins.endswith(" …") and len(first[1].begins) <= 165
    assert first[1].row.about == "Aoife O'Connor"
    assert last == "" and len({one.id for one in first + second}) == 62


@contextmanager
def ended_meanwhile(school: SchoolForTests, before: str) -> Iterator[tuple[Any, list[Any]]]:
    """An open transaction, and what came of it that somebody else ended training mode meanwhile, or was
    raised: it is there when the block is left."""
    came: list[Any] = []

    def finish() -> None:
        try:
            came.append(end(school, seen=before))
        except ChangedMeanwhile as error:
            came.append(error)

    other = threading.Thread(target=finish)
    with school.app.transaction(school.id) as db:
        yield db, came
        other.start()
        other.join(0.3)
        assert other.is_alive(), "the end must wait for what is being recorded"
    other.join(60)


def test_what_is_being_recorded_is_waited_for(school: SchoolForTests, record: Given) -> None:
    """TRN-01: an incident that is recorded while training mode is ended stops the end, because nobody has
    seen it; a real action under an exercise keeps that."""
    begin(school)
    exercise = record()
    viewer, before = school.viewer("lead"), seen(school)
    with ended_meanwhile(school, before) as (db, came):
        new = NewAction(new_id(), exercise.id, "Real.", utc_now(), opened_in_training=False)
        action = record_action(db, viewer, new)
    assert came[0].held == 1
    assert [now(school, one).deleted_at for one in (exercise, action)] == [None, None]

    begin(school)
    viewer, before = school.viewer("lead"), seen(school)
    with ended_meanwhile(school, before) as (db, came):
        late = record_incident(db, viewer, new_incident(school, text="Late."))
    assert type(came[0]) is ChangedMeanwhile
    assert late.training and now(school, late).deleted_at is None


def test_action_versions_say_it_too(school: SchoolForTests, record: Given, follow_up: Given) -> None:
    """TRN-01: an action of a real incident is removed by itself."""
    incident = record()
    begin(school)
    action = follow_up(incident)
    assert end(school).actions == 1
    kinds = [row.kind for row in rows(school, ActionVersion, ActionVersion.action_id == action.id)]
    assert sorted(kinds) == ["created", "training removed"]
    assert now(school, incident).deleted_at is None
