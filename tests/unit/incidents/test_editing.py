"""Editing incidents and actions: what a new version holds, and that nothing is overwritten (EDT-01,
ACT-02)."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cpoms_core.alerts.models import Alert, AutomaticAlert
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import (
    Action,
    ActionVersion,
    Agency,
    Category,
    Incident,
    IncidentAgency,
    IncidentCategory,
    IncidentPart,
    IncidentStudent,
    IncidentVersion,
)
from cpoms_core.incidents.services import (
    ActionEdit,
    ChangedMeanwhile,
    FormRefused,
    IncidentEdit,
    Linked,
    edit_action,
    edit_incident,
    restore_action_version,
    restore_incident_version,
    show_on_linked,
)
from cpoms_core.incidents.versions import kind_in_words
from cpoms_core.students.models import Monitoring
from cpoms_core.students.moving import MATCHED
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.testing.records import rows
from cpoms_core.testing.schools import SchoolForTests


def edit(school: SchoolForTests, incident: Incident, who: str = "lead", **changes: Any) -> Incident:
    """Edits an incident as its form would, opened now."""
    (now,) = rows(school, Incident, Incident.id == incident.id)
    values: dict[str, Any] = {
        "incident_id": incident.id,
        "version": now.version,
        "text": now.text,
        "occurred_at": now.occurred_at,
        "category_ids": rows(
            school, IncidentCategory.category_id, IncidentCategory.incident_id == incident.id
        ),
        "agency_ids": rows(school, IncidentAgency.agency_id, IncidentAgency.incident_id == incident.id),
        **changes,
    }
    with school.app.transaction(school.id) as db:
        return edit_incident(db, school.viewer(who), IncidentEdit(**values))


def edit_the_action(school: SchoolForTests, action: Action, who: str = "lead", **changes: Any) -> Action:
    (now,) = rows(school, Action, Action.id == action.id)
    values: dict[str, Any] = {
        "action_id": action.id,
        "version": now.version,
        "text": now.text,
        "occurred_at": now.occurred_at,
        **changes,
    }
    with school.app.transaction(school.id) as db:
        return edit_action(db, school.viewer(who), ActionEdit(**values))


def versions(school: SchoolForTests, incident: Incident) -> list[IncidentVersion]:
    found = rows(school, IncidentVersion, IncidentVersion.incident_id == incident.id)
    return sorted(found, key=lambda version: version.version)


def test_of_two_who_save_at_once_one_is_told(school: SchoolForTests, record: Any, follow_up: Any) -> None:
    """EDT-01: the second waits for the first to be done and is told, of an incident and of an action."""
    incident = record()
    action = follow_up(incident)
    lead, when, category = school.viewer("lead"), incident.occurred_at, [school.categories["Behaviour"]]

    def save_incident(db: SchoolSession, text: str) -> None:
        edit_incident(db, lead, IncidentEdit(incident.id, 1, text, when, category))

    def save_action(db: SchoolSession, text: str) -> None:
        edit_action(db, lead, ActionEdit(action.id, 1, text, when))

    def theirs(save: Callable[[SchoolSession, str], None]) -> None:
        with school.app.transaction(school.id) as db:
            save(db, "Theirs.")

    for save in (save_incident, save_action):
        with ThreadPoolExecutor(1) as pool:
            with school.app.transaction(school.id) as db:
                save(db, "Mine.")
                second = pool.submit(theirs, save)
                with pytest.raises(TimeoutError):
                    second.result(0.5)  # time enough to go past a lock that is not there
            assert isinstance(second.exception(60), ChangedMeanwhile)
    for model in (Incident, Action):
        (now,) = rows(school, model)
        assert (now.text, now.version) == ("Mine.", 2)


def test_every_version_is_kept(school: SchoolForTests, record: Any) -> None:
    """EDT-01: text, categories, date and agencies; the first version stays as it was."""
    incident = record(linked=[Linked(school.students["chloe"])])
    earlier = incident.occurred_at - dt.timedelta(days=2)
    edit(
        school,
        incident,
        text="She said that she is afraid of her uncle.",
        occurred_at=earlier,
        category_ids=[school.categories["Behaviour"], school.categories["Child Protection"]],
        agency_ids=[school.agencies["Police"]],
        ticks=[Linked(school.students["chloe"], monitor=True, share_documents=True)],
    )
    first, second = versions(school, incident)
    assert (first.kind, first.content["text"]) == ("created", incident.text)
    assert second.kind == "edited" and second.made_by == school.users["lead"]
    assert second.content["text"] == "She said that she is afraid of her uncle."
    assert dt.datetime.fromisoformat(second.content["occurred_at"]) == earlier
    assert set(second.content["categories"]) == {
        str(school.categories[name]) for name in ("Behaviour", "Child Protection")
    }
    assert second.content["agencies"] == [str(school.agencies["Police"])]
    assert second.content["linked"][0]["monitor"] and second.content["linked"][0]["share_documents"]
    (row,) = rows(school, Incident)
    assert (row.text, row.occurred_at, row.version) == (second.content["text"], earlier, 2)
    copies = rows(school, IncidentStudent)
    assert {copy.occurred_at for copy in copies} == {earlier}, "the place on the record follows the date"
    (entry,) = rows(school, AuditEntry, AuditEntry.event == "incident.edited")
    assert str(incident.id) in entry.subjects and str(school.students["aoife"]) in entry.subjects
    assert {"text", "categories", "agencies", "linked", "occurred_at"} == set(entry.details["fields"])
    assert "uncle" not in str(entry.details)


def test_what_changes_nothing_makes_no_version(school: SchoolForTests, record: Any) -> None:
    """EDT-01: submitting an unchanged form leaves the history as it is."""
    incident = record(category_ids=[school.categories["Bullying"]], agency_ids=[school.agencies["Police"]])
    edit(school, incident)
    assert [one.version for one in versions(school, incident)] == [1]
    assert rows(school, AuditEntry, AuditEntry.event == "incident.edited") == []


def test_the_second_of_two_editors_overwrites_nothing(school: SchoolForTests, record: Any) -> None:
    """EDT-01: a form that was opened before somebody else changed the incident is not taken."""
    incident = record()
    edit(school, incident, text="The lead's words.")
    with pytest.raises(ChangedMeanwhile) as changed:
        edit(school, incident, who="head", version=1, text="The head's words.")
    assert changed.value.version == 2
    assert rows(school, Incident)[0].text == "The lead's words."
    edit(school, incident, who="head", version=2, text="Both.")
    assert [one.content["text"] for one in versions(school, incident)][1:] == ["The lead's words.", "Both."]


def test_only_who_may_edit_and_sees_it_by_right(school: SchoolForTests, record: Any) -> None:
    """EDT-01, USR-12: not by an open alert, not without the permission, not in hidden categories."""
    incident = record(
        category_ids=[school.categories["Child Protection"]],
        alert_ids=[school.users["head"], school.users["colleague"]],
    )
    for who in ("head", "colleague", "admin", "teacher"):
        with pytest.raises(NothingThere):
            edit(school, incident, who=who, text="changed")
    assert [one.version for one in versions(school, incident)] == [1]


def test_a_category_that_is_added_is_monitored_and_tells_who_is_configured(
    school: SchoolForTests, record: Any
) -> None:
    """EDT-01, INC-09, USR-07: as where an action adds it."""
    incident = record()
    with school.app.transaction(school.id) as db:
        db.add(
            AutomaticAlert(
                school_id=school.id,
                id=new_id(),
                user_id=school.users["lead"],
                category_id=school.categories["Medical"],
            )
        )
    edit(school, incident, category_ids=[school.categories["Behaviour"], school.categories["Medical"]])
    assert {row.category_id for row in rows(school, Monitoring)} == {
        school.categories["Behaviour"],
        school.categories["Medical"],
    }
    assert [alert.recipient_id for alert in rows(school, Alert)] == [school.users["lead"]]


def test_a_category_that_is_taken_away_takes_its_monitoring(school: SchoolForTests, record: Any) -> None:
    """EDT-01: what only this incident began is withdrawn, and is back with the category."""
    incident = record(category_ids=[school.categories["Behaviour"], school.categories["Medical"]])
    edit(school, incident, category_ids=[school.categories["Behaviour"]])
    medical = Monitoring.category_id == school.categories["Medical"]
    (gone,) = rows(school, Monitoring, medical)
    assert gone.withdrawn_at is not None and gone.ended_at is not None
    edit(school, incident, category_ids=[school.categories["Behaviour"], school.categories["Medical"]])
    assert any(row.ended_at is None for row in rows(school, Monitoring, medical))


def test_a_category_disabled_meanwhile_stays_but_cannot_be_added(school: SchoolForTests, record: Any) -> None:
    """EDT-01, INC-03, ADM-03: disabled ones stay on the past, and are not offered."""
    incident = record(category_ids=[school.categories["Medical"]])
    other = record()
    with school.app.transaction(school.id) as db:
        db.get_one(Category, (school.id, school.categories["Medical"])).disabled_at = incident.created_at
    edit(school, incident, text="changed")
    assert rows(school, IncidentCategory, IncidentCategory.incident_id == incident.id)
    with pytest.raises(FormRefused) as refused:
        edit(school, other, category_ids=[school.categories["Behaviour"], school.categories["Medical"]])
    assert [one.field for one in refused.value.errors] == ["categories"]


def test_an_agency_disabled_meanwhile_stays_but_cannot_be_added(school: SchoolForTests, record: Any) -> None:
    """EDT-01, INC-08."""
    incident = record(agency_ids=[school.agencies["Police"]])
    with school.app.transaction(school.id) as db:
        for name in ("Police", "Social care"):
            db.get_one(Agency, (school.id, school.agencies[name])).disabled_at = incident.created_at
    edit(school, incident, text="changed")
    with pytest.raises(FormRefused) as refused:
        edit(school, incident, agency_ids=[school.agencies["Police"], school.agencies["Social care"]])
    assert [one.field for one in refused.value.errors] == ["agencies"]


def test_no_category_is_refused(school: SchoolForTests, record: Any) -> None:
    """EDT-01, INC-03: an incident keeps at least one."""
    with pytest.raises(FormRefused):
        edit(school, record(), category_ids=[])


def test_parts_of_its_students(school: SchoolForTests, record: Any) -> None:
    """EDT-01, INC-15: of the subject and of linked ones; a part that is no row of the school is refused."""
    with school.app.transaction(school.id) as db:
        part = new_id()
        db.add(IncidentPart(school_id=school.id, id=part, name="Witness of it", weight=99))
    incident = record(linked=[Linked(school.students["chloe"])])
    edit(school, incident, parts={school.students["chloe"]: part})
    parts = {row.student_id: row.part_id for row in rows(school, IncidentStudent)}
    assert parts == {school.students["aoife"]: None, school.students["chloe"]: part}
    assert versions(school, incident)[-1].content["linked"][0]["part"] == str(part)
    with pytest.raises(FormRefused):
        edit(school, incident, parts={school.students["aoife"]: uuid.uuid4()})


def test_files_are_kept_and_added(school: SchoolForTests, record: Any) -> None:
    """EDT-01: an edit adds files and takes none away; who may not attach is refused."""
    incident = record()
    viewer = school.viewer("lead")
    for name in ("one.txt", "two.txt"):
        upload = Upload(name, io.BytesIO(b"some words"))
        with taken_in(school.app, viewer, [upload]) as documents:
            edit(school, incident, documents=documents)
    assert sorted(row.name for row in rows(school, Document)) == ["one.txt", "two.txt"]
    assert [len(one.content["documents"]) for one in versions(school, incident)] == [0, 1, 2]


def test_an_older_version_becomes_the_newest(school: SchoolForTests, record: Any) -> None:
    """EDT-01: restored as a version of its own; files and students that came since stay."""
    incident = record(category_ids=[school.categories["Medical"]])
    edit(school, incident, text="Wrong.", category_ids=[school.categories["Behaviour"]])
    with school.app.transaction(school.id) as db:
        restore_incident_version(db, school.viewer("lead"), incident.id, 1, opened=2)
    assert [(one.version, one.kind) for one in versions(school, incident)] == [
        (1, "created"),
        (2, "edited"),
        (3, "restored"),
    ]
    newest = versions(school, incident)[-1].content
    assert (newest["text"], newest["categories"]) == (incident.text, [str(school.categories["Medical"])])
    assert newest["restored"] == 1
    assert rows(school, IncidentCategory.category_id) == [school.categories["Medical"]]
    with school.app.transaction(school.id) as db:
        with pytest.raises(ChangedMeanwhile):
            restore_incident_version(db, school.viewer("lead"), incident.id, 2, opened=2)
        with pytest.raises(NothingThere):
            restore_incident_version(db, school.viewer("lead"), incident.id, 99, opened=3)


# --- actions ---------------------------------------------------------------------------------------------


def test_an_action_is_edited_with_its_versions(school: SchoolForTests, record: Any, follow_up: Any) -> None:
    """EDT-01: text, date, agencies and the categories that it adds."""
    incident = record()
    action = follow_up(incident)
    edit_the_action(
        school,
        action,
        text="Rang her aunt.",
        category_ids=[school.categories["Medical"]],
        agency_ids=[school.agencies["Police"]],
    )
    first, second = sorted(rows(school, ActionVersion), key=lambda one: one.version)
    assert (first.content["text"], second.content["text"]) == ("Rang home.", "Rang her aunt.")
    assert second.content["categories"] == [str(school.categories["Medical"])]
    assert school.categories["Medical"] in rows(school, IncidentCategory.category_id)
    assert versions(school, incident)[-1].kind == "action added"
    with pytest.raises(ChangedMeanwhile):
        edit_the_action(school, action, version=1, text="Late.")
    edit_the_action(school, action, category_ids=[])
    assert school.categories["Medical"] in rows(school, IncidentCategory.category_id)
    with school.app.transaction(school.id) as db:
        restore_action_version(db, school.viewer("lead"), action.id, 1, opened=3)
    (row,) = rows(school, Action)
    assert (row.text, row.version) == ("Rang home.", 4)
    events = [entry.event for entry in rows(school, AuditEntry) if entry.event.startswith("action.")]
    assert sorted(events) == ["action.edited", "action.edited", "action.recorded", "action.restored"]


def test_an_action_is_put_on_the_linked_records_later(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """ACT-02: with its files or without, as a version; once is enough."""
    action = follow_up(record(linked=[Linked(school.students["chloe"])]))
    for _ in range(2):
        with school.app.transaction(school.id) as db:
            show_on_linked(db, school.viewer("lead"), action.id, share_documents=True)
    (row,) = rows(school, Action)
    assert row.on_linked and row.share_documents and row.version == 2


def test_an_action_is_for_editors_of_its_incident(
    school: SchoolForTests, record: Any, follow_up: Any
) -> None:
    """EDT-01, ACT-02, USR-12."""
    action = follow_up(record(category_ids=[school.categories["Child Protection"]]))
    for who in ("head", "teacher", "admin"):
        with pytest.raises(NothingThere):
            edit_the_action(school, action, who=who, text="changed")
        with school.app.transaction(school.id) as db, pytest.raises(NothingThere):
            show_on_linked(db, school.viewer(who), action.id, share_documents=False)


def test_a_match_has_words_of_its_own_in_the_history() -> None:
    """EDT-01, INC-02: the version that moved an incident to the register's student says so."""
    assert kind_in_words(MATCHED, {"linked": []}) == "Student matched to the school’s register"
