"""A student who is typed in on the Add incident form, and is matched with the register later (INC-02)."""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from browsing import text_of
from sqlalchemy import select, update

from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import AutomaticAlert
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.audit.wording import words_of
from cpoms_core.database.base import Base
from cpoms_core.database.types import new_id
from cpoms_core.documents.filing import file_in_vault
from cpoms_core.documents.models import Document
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents import gone
from cpoms_core.incidents.models import Action, Draft, Incident, IncidentStudent, IncidentVersion
from cpoms_core.incidents.services import (
    Addition,
    Linked,
    Merge,
    NewAction,
    Split,
    add_to_incident,
    merge_incident,
    record_action,
    record_incident,
    restore_incident,
    split_action,
)
from cpoms_core.incidents.services.contents import newest_of_incident
from cpoms_core.incidents.services.editing import restore_incident_version
from cpoms_core.incidents.services.removing import remove_incidents
from cpoms_core.incidents.services.removing_training import remove_training
from cpoms_core.incidents.services.student_parts import plant_part
from cpoms_core.students import matching, moving
from cpoms_core.students.history import earlier_records, history_of
from cpoms_core.students.information import Information, save_information
from cpoms_core.students.models import Contact, Monitoring, Student, StudentAgency, StudentLink
from cpoms_core.students.monitoring_changes import Wish, update_monitoring
from cpoms_core.students.typed_in import TypedStudent, add_typed_in, read_name
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import change_setting, next_number
from cpoms_core.tenancy.training import switch
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.records import add_incident, new_incident
from cpoms_core.testing.schools import SchoolForTests, add_student

NEW = {"new_student": "Oonagh Ní Bhraonáin", "student": ""}


def fields(school: SchoolForTests, **changes: Any) -> dict[str, Any]:
    return typed_incident(school, **{**NEW, **changes})


def typed(school: SchoolForTests) -> list[Student]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Student).where(Student.mis_source.is_(None))))


def incidents(school: SchoolForTests) -> list[Incident]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Incident).order_by(Incident.number)))


@pytest.mark.parametrize(
    "who",
    [NEW, {"new_student": "", "student": "new:Oonagh Ní Bhraonáin"}],
    ids=["in the field", "by the type-ahead"],
)
def test_a_child_who_is_not_listed_is_typed_in(school: SchoolForTests, web: Any, who: dict[str, str]) -> None:
    """INC-02: a record at once, found like any other, with and without scripts."""
    page = web(school, "teacher").get("/incidents/add").html
    assert page.select_one("#new_student") and page.select_one("#student[data-create]")
    web(school, "teacher").submit("/incidents/add", fields(school, **who, new_born="2015-03-04"), status=302)
    (student,), (incident,) = typed(school), incidents(school)
    assert (student.legal_forename, student.legal_surname) == ("Oonagh Ní", "Bhraonáin")
    assert student.date_of_birth == dt.date(2015, 3, 4)
    assert incident.student_id == student.id
    lead = web(school, "lead")
    assert "A note." in lead.get(f"/students/{student.id}/incidents").text
    assert "Oonagh" in lead.submit("/", {"q": "bhraonain"}).text


def test_one_form_makes_one_student(school: SchoolForTests, web: Any) -> None:
    """INC-02, INC-09: a second click and the back button make neither a second child nor incident."""
    sent = fields(school)
    teacher = web(school, "teacher")
    for _ in range(3):
        teacher.submit("/incidents/add", sent, status=302)
    assert len(typed(school)) == len(incidents(school)) == 1
    other = teacher.submit("/incidents/add", {**sent, "new_student": "Somebody Else"}, status=422)
    assert "submitted this form a moment ago" in other.text
    assert len(typed(school)) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Oonagh", "Type the first name and the surname."),
        ("12 34", "Type the first name and the surname."),
        ("Oonagh \u202eEvil", "no part of a name"),
        ("Oonagh Ev\x07il", "no part of a name"),
        ("x" * 101 + " Long", "at most 100 characters"),
    ],
)
def test_what_is_no_name_is_told_beside_its_field(
    school: SchoolForTests, web: Any, name: str, says: str
) -> None:
    """INC-02: nothing is made, and the text is kept."""
    page = web(school, "teacher").submit("/incidents/add", fields(school, new_student=name), status=422)
    assert says in page.html.select_one("#new_student-error").get_text()
    assert "A note." in page.html.select_one("#text").get_text()
    assert typed(school) == [] and incidents(school) == []


@pytest.mark.parametrize(
    "name", ["מיכל כהן", "محمد علي", "Zoe\u0308 Mu\u0308ller", "Nguyễn Văn Ân", "O’Brien-Smith, Saoirse"]
)
def test_names_of_every_script_are_shown_as_they_are(school: SchoolForTests, web: Any, name: str) -> None:
    """INC-02: right-to-left and combining letters, in their own order inside the line they stand in."""
    forename, surname = read_name(name)
    teacher = web(school, "teacher")
    told = teacher.submit("/incidents/add/told", {"new_student": name})
    assert f"a new record for {name}" in told.html.get_text()
    teacher.submit("/incidents/add", fields(school, new_student=name), status=302)
    (student,) = typed(school)
    page = web(school, "lead").get(f"/students/{student.id}/incidents")
    assert f"{forename} {surname}" in page.html.select_one(".student-card-name").get_text()
    found = web(school, "lead").submit("/", {"q": surname.split()[0]})
    assert f"{forename} {surname}" in found.html.select_one("#found").get_text()


def test_a_child_who_is_listed_does_not_become_two(school: SchoolForTests, web: Any) -> None:
    """INC-02: the same name, however it is written, is refused, but for another date of birth."""
    with school.app.transaction(school.id) as db:
        db.get_one(Student, (school.id, school.students["björn"])).date_of_birth = dt.date(2014, 1, 1)
    teacher = web(school, "teacher")
    for changes in ({}, {"new_born": "2014-01-01"}):
        sent = fields(school, new_student="bjorn ANGSTROM", **changes)
        page = teacher.submit("/incidents/add", sent, status=422)
        assert "in the list already" in page.html.select_one("#new_student-error").get_text()
    assert typed(school) == []
    teacher.submit(
        "/incidents/add", fields(school, new_student="Bjorn Angstrom", new_born="2016-02-02"), status=302
    )
    assert len(typed(school)) == 1


def test_dates_of_birth_of_no_child_are_refused(school: SchoolForTests, web: Any) -> None:
    """INC-02: of the future and of long ago, beside the field."""
    for born in ("2999-01-01", "1950-01-01", "0001-01-01"):
        page = web(school, "teacher").submit("/incidents/add", fields(school, new_born=born), status=422)
        assert "date of birth of a child" in page.html.select_one("#new_born-error").get_text()
    assert typed(school) == []


def test_both_chosen_and_typed_in_is_asked_about(school: SchoolForTests, web: Any) -> None:
    """INC-02: it is not guessed whom the incident is about."""
    sent = fields(school, student=str(school.students["aoife"]))
    page = web(school, "teacher").submit("/incidents/add", sent, status=422)
    assert "chosen above as well" in page.html.select_one("#new_student-error").get_text()


def test_without_search_a_new_child_and_the_whole_school_can_be_typed(
    school: SchoolForTests, web: Any
) -> None:
    """INC-01, INC-02: for staff without a key, where the school does not let them search."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "student_search_on_form", "")
    teacher = web(school, "teacher")
    teacher.submit("/incidents/add", fields(school), status=302)
    teacher.submit("/incidents/add", fields(school, student="whole school", new_student=""), status=302)
    first, second = incidents(school)
    assert first.student_id == typed(school)[0].id and second.student_id is None


def test_a_draft_keeps_what_was_typed(school: SchoolForTests, web: Any) -> None:
    """INC-10, INC-02: also a name that the type-ahead offered to add."""
    teacher = web(school, "teacher")
    teacher.fetch(
        "PUT", "/drafts/incident", headers={"X-CSRF-Token": teacher.csrf()}, content_type="application/json",
        params='{"fields": [["student", "new:Oonagh Byrne"], ["new_born", "2015-03-04"]]}',
    )  # fmt: skip
    page = teacher.get("/incidents/add").html
    assert page.select_one("#student option[selected]")["value"] == "new:Oonagh Byrne"
    assert page.select_one("#new_born")["value"] == "2015-03-04"


# --- matching --------------------------------------------------------------------------------------------


def typed_in(school: SchoolForTests, name: str = "Oonagh Byrne", born: dt.date | None = None) -> uuid.UUID:
    with school.app.transaction(school.id) as db:
        return add_typed_in(db, school.viewer("teacher"), TypedStudent(*read_name(name), born)).id


def of_register(
    school: SchoolForTests, forename: str, surname: str, born: dt.date | None = None
) -> uuid.UUID:
    with school.app.transaction(school.id) as db:
        child = add_student(db, forename, surname, tutor="7A")
        db.get_one(Student, (school.id, child)).date_of_birth = born
        return child


def record(school: SchoolForTests, student: uuid.UUID | None, **changes: Any) -> Incident:
    return add_incident(school, student_id=student, **changes)


def match(school: SchoolForTests, old: uuid.UUID, new: uuid.UUID) -> None:
    with school.app.transaction(school.id) as db:
        matching.match(db, school.viewer("lead"), old, new)


def test_likely_children_of_the_register_are_offered_with_the_reason(
    school: SchoolForTests, web: Any
) -> None:
    """INC-02: the same folded name first, near names, the date of birth; nobody who only shares a letter."""
    born = dt.date(2015, 3, 4)
    of_register(school, "Una", "Byrne-Kelly", born)
    of_register(school, "Oonágh", "BYRNE", born)
    of_register(school, "Oonah", "Byrn")
    typed_in(school, "Oonagh Byrne", dt.date(2015, 3, 5))
    page = web(school, "lead").get("/admin/imports/typed-in")
    offered = [label.get_text(" ", strip=True) for label in page.html.select("fieldset .tick label")]
    assert len(offered) == 2
    assert offered[0].startswith("Oonágh BYRNE") and offered[0].endswith("same name")
    assert offered[1].startswith("Oonah Byrn") and offered[1].endswith("similar name")


def test_only_incidents_that_the_administrator_sees_are_counted(school: SchoolForTests, web: Any) -> None:
    """USR-12.7: not the hidden ones, and not those that were deleted."""
    with school.app.transaction(school.id) as db:
        new = {"student_id": None, "new_student": TypedStudent("Zed", "Newchild")}
        secret = [school.categories["Child Protection"]]
        teacher, lead = school.viewer("teacher"), school.viewer("lead")
        child = record_incident(db, teacher, new_incident(school, **new, category_ids=secret)).student_id
        for _ in range(2):
            plain = record_incident(db, lead, new_incident(school, student_id=child))
        remove_incidents(db, lead, [plain.id], "Twice.")
    pages = {who: text_of(web(school, who).get("/admin/imports/typed-in")) for who in ("admin", "lead")}
    assert "Newchild" in pages["admin"] and "incident" not in pages["admin"].split("Newchild", 1)[1][:80]
    assert "· 2 incidents" in pages["lead"]


def test_the_same_birthday_brings_a_less_likely_name(school: SchoolForTests) -> None:
    """INC-02: a nickname and a date of birth are worth a look; another date is not."""
    born = dt.date(2015, 3, 4)
    of_register(school, "William", "O'Hara", born)
    of_register(school, "Ibrahim", "Xu", born)
    typed_in(school, "Bill Ohara", born)
    with school.app.session(school.id, writes=False) as db:
        (one,) = matching.typed_in(db, school.viewer("lead"))
    assert [(c.name, c.why) for c in one.candidates] == [("William O'Hara", "same date of birth")]


def test_everything_moves_to_the_child_of_the_register(school: SchoolForTests, web: Any) -> None:
    """INC-02: incidents, linked ones, monitoring without doubles, files, automatic alerts, links, contacts,
    agencies and notes; the row is kept, archived, and the audit says what moved."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    chloe, lead = school.students["chloe"], school.users["lead"]
    medical = school.categories["Medical"]
    about_new = record(school, new, category_ids=[medical])
    own = record(school, old, category_ids=[school.categories["Behaviour"], medical])
    linked = record(school, chloe, linked=[Linked(old, monitor=True)])
    both = record(school, new, linked=[Linked(old, share_documents=True)])
    with school.app.transaction(school.id) as db:
        common = {"school_id": school.id, "student_id": old}
        db.add(Contact(**common, id=new_id(), name="A. Social Worker"))
        db.add(AutomaticAlert(**common, id=new_id(), user_id=lead))
        db.add(AutomaticAlert(**common, id=new_id(), user_id=school.users["head"]))
        db.add(AutomaticAlert(school_id=school.id, id=new_id(), user_id=lead, student_id=new))
        for one, other in ((old, chloe), (chloe, old), (old, new), (new, old)):
            db.add(
                StudentLink(
                    school_id=school.id, student_id=one, other_id=other, kind="cousin", from_mis=False
                )
            )
        db.add(StudentAgency(**common, agency_id=school.agencies["Police"]))
        typed_row = db.get_one(Student, (school.id, old))
        typed_row.summary, typed_row.keywords = "New in March.", ["Mole Valley"]
        db.get_one(Student, (school.id, new)).keywords = ["choir"]
    in_vault = add_document(school, old)

    web(school, "lead").submit(
        f"/admin/imports/typed-in/{old}", {"deed": "match", "child": str(new), "checked": "yes"}, status=303
    )

    with school.app.session(school.id, writes=False) as db:
        row = db.get_one(Student, (school.id, old))
        assert row.matched_to == new and row.archived_at is not None
        assert db.get_one(Incident, (school.id, own.id)).student_id == new
        on = {(r.incident_id, r.student_id): r for r in db.scalars(select(IncidentStudent))}
        assert {key for key in on if old in key} == set()
        assert {key[0] for key in on if key[1] == new} == {about_new.id, own.id, linked.id, both.id}
        assert not on[both.id, new].linked and on[both.id, new].share_documents
        assert on[linked.id, new].linked and on[linked.id, new].monitored
        newest = db.scalars(
            select(IncidentVersion)
            .where(IncidentVersion.incident_id == own.id)
            .order_by(IncidentVersion.version)
        ).all()[-1]
        assert newest.kind == "student matched" and newest.content["student"] == str(new)
        open_now = [r.category_id for r in db.scalars(
            select(Monitoring).where(Monitoring.student_id == new, Monitoring.ended_at.is_(None))
        )]  # fmt: skip
        assert sorted(open_now) == sorted({school.categories["Behaviour"], medical})
        assert db.get_one(Document, (school.id, in_vault)).student_id == new
        told = db.scalars(select(AutomaticAlert.user_id).where(AutomaticAlert.student_id == new)).all()
        assert sorted(told) == sorted([lead, school.users["head"]])
        links = {(r.student_id, r.other_id) for r in db.scalars(select(StudentLink))}
        assert links == {(new, chloe), (chloe, new)}
        assert db.scalars(select(Contact.name).where(Contact.student_id == new)).all() == ["A. Social Worker"]
        assert db.scalars(select(StudentAgency.student_id)).all() == [new]
        child = db.get_one(Student, (school.id, new))
        assert child.summary == "New in March." and sorted(child.keywords) == ["Mole Valley", "choir"]
        classes = {mapper.local_table.name: mapper.class_ for mapper in Base.registry.mappers}
        still = {
            name: db.scalars(select(classes[column.table.name]).where(column == old)).first()
            for name, column in student_columns().items()
        }
        assert {name for name, row in still.items() if row is not None} == {"student_version.student_id"}
        entry = db.scalars(select(AuditEntry).where(AuditEntry.event == "student.matched")).one()
        moved = entry.details["moved"]
        assert {str(own.id), str(linked.id)} == set(moved["incidents"])
        assert moved["incidents of both"] == [str(both.id)] and moved["documents"] == [str(in_vault)]
        assert {str(old), str(new), str(own.id)} <= set(entry.subjects)
    assert "A note." in web(school, "lead").get(f"/students/{new}/incidents").text


def test_who_was_in_one_incident_twice_is_in_it_once(school: SchoolForTests) -> None:
    """INC-02, INC-15: as its subject, with the part and the ticks of both; the others keep their places."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    with school.app.transaction(school.id) as db:
        harmed, witness = (plant_part(db, name).id for name in ("Harmed", "Witness"))
    chloe = Linked(school.students["chloe"], part_id=witness)
    about_old = record(school, old, linked=[Linked(new, share_documents=True), chloe], part_id=harmed)
    only_part = record(school, new, linked=[Linked(old, part_id=witness), chloe])
    match(school, old, new)
    with school.app.session(school.id, writes=False) as db:
        rows = {(row.incident_id, row.student_id): row for row in db.scalars(select(IncidentStudent))}
        for incident, part in ((about_old, harmed), (only_part, witness)):
            assert {student for on, student in rows if on == incident.id} == {new, chloe.student_id}
            subject, other = rows[incident.id, new], rows[incident.id, chloe.student_id]
            assert not subject.linked and subject.share_documents and subject.part_id == part
            assert other.linked and other.part_id == witness
            assert db.get_one(Incident, (school.id, incident.id)).student_id == new


def add_document(school: SchoolForTests, student: uuid.UUID) -> uuid.UUID:
    """A file in a student's vault, as its row."""
    with school.app.transaction(school.id) as db:
        document = Document(
            school_id=school.id,
            id=new_id(),
            number=next_number(db, "document"),
            student_id=student,
            name="letter.txt",
            media_type="text/plain",
            size=4,
            sha256="00" * 32,
            added_by=school.users["lead"],
            added_at=utc_now(),
        )
        db.add(document)
        return document.id


def student_columns() -> dict[str, Any]:
    """Every column of the database that points at a student, by table.column."""
    return {
        f"{table.name}.{element.parent.name}": element.parent
        for table in Base.metadata.tables.values()
        for key in table.foreign_key_constraints
        for element in key.elements
        if key.referred_table.name == "student" and element.column.name == "id"
    }


def test_every_column_with_a_student_is_thought_of(app: Application) -> None:
    """INC-02: one that the core gets later must be moved as well, or named as staying, with the reason; a
    module with one of its own answers `merge_students`."""
    pointing = set(student_columns())
    prefixes = tuple(f"{name}_" for name in (*app.modules, "probe"))
    of_modules = {column for column in pointing if column.startswith(prefixes)}
    assert pointing - of_modules == moving.MOVED | moving.STAYING.keys()
    assert not moving.MOVED & moving.STAYING.keys() and all(moving.STAYING.values())
    owners = {name for name in app.modules for column in of_modules if column.startswith(f"{name}_")}
    assert owners <= set(app.hooks.implementers("merge_students"))


def test_the_childs_audit_goes_back_to_the_record_that_was_typed_in(school: SchoolForTests, web: Any) -> None:
    """INC-02, STU-08: what was done on it before the match is read with what is done since."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    record(school, old)
    head = web(school, "head")
    head.get(f"/students/{old}/incidents")
    match(school, old, new)
    said = web(school, "lead").get(f"/students/{new}/audits").html.get_text(" ", strip=True)
    for phrase in ("student.typed-in", "student.matched"):
        assert words_of(school.app.audit_words, phrase).phrase in said
    assert "Hugo Head" in said and "Opened a student's incidents" in said


def test_all_of_it_or_nothing(school: SchoolForTests, probe_app: Application) -> None:
    """INC-02: where a module cannot move its part, nothing is moved."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    incident = record(school, old)

    def fails(**_: Any) -> None:
        raise RuntimeError("the probe cannot")

    lead = school.viewer("lead")
    with (
        behaviour.instead("merge_students", fails),
        pytest.raises(RuntimeError),
        probe_app.transaction(school.id) as db,
    ):
        matching.match(db, lead, old, new)
    with school.app.session(school.id, writes=False) as db:
        assert db.get_one(Student, (school.id, old)).matched_to is None
        assert db.get_one(Incident, (school.id, incident.id)).student_id == old
    with probe_app.transaction(school.id) as db:
        matching.match(db, school.viewer("lead"), old, new)
    assert behaviour.called[-1] == "merge_students"


def test_a_version_from_before_the_match_is_restored_on_the_right_record(school: SchoolForTests) -> None:
    """INC-02, EDT-01, INC-15: its part and ticks are those of the child of the register."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    with school.app.transaction(school.id) as db:
        witness = plant_part(db, "Witness").id
    own = record(school, old, part_id=witness)
    linked = record(school, school.students["chloe"], linked=[Linked(old, True, False, witness)])
    match(school, old, new)
    with school.app.transaction(school.id) as db:
        for row in db.scalars(select(IncidentStudent).where(IncidentStudent.student_id == new)):
            row.part_id, row.monitored = None, False
    with school.app.transaction(school.id) as db:
        for incident in (own, linked):
            restore_incident_version(db, school.viewer("lead"), incident.id, 1, opened=2)
    with school.app.session(school.id, writes=False) as db:
        rows = {row.incident_id: row for row in db.scalars(select(IncidentStudent)) if row.student_id == new}
        assert rows[own.id].part_id == witness
        assert rows[linked.id].part_id == witness and rows[linked.id].monitored
        assert not db.scalars(select(Monitoring).where(Monitoring.student_id == old)).all()


def test_a_form_opened_before_the_match_reaches_the_right_record(school: SchoolForTests, web: Any) -> None:
    """INC-02: who was chosen under the old record meanwhile is recorded under the register's."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    match(school, old, new)
    web(school, "teacher").submit(
        "/incidents/add", fields(school, student=str(old), new_student=""), status=302
    )
    (incident,) = incidents(school)
    assert incident.student_id == new


def test_not_in_the_register_is_not_asked_again(school: SchoolForTests, web: Any) -> None:
    """INC-02: the student stays as they are, and off the list."""
    old = typed_in(school)
    lead = web(school, "lead")
    assert "1 student waits" in lead.get("/admin/imports").text
    assert "Students typed in by staff" in lead.get("/admin").text
    lead.submit(f"/admin/imports/typed-in/{old}", {"deed": "apart"}, status=303)
    assert "Nobody waits to be matched." in lead.get("/admin/imports/typed-in").text
    assert "Students typed in by staff" not in lead.get("/admin").text
    assert lead.get(f"/students/{old}/incidents").status_int == 200


def test_matching_asks_to_be_sure_and_whom(school: SchoolForTests, web: Any) -> None:
    """INC-02: without a choice, without the tick, with an unknown or a twofold name: told, nothing moved."""
    old = typed_in(school)
    of_register(school, "Oona", "Byrne")
    of_register(school, "Oona", "Byrne")
    only = of_register(school, "Somebody", "Else")
    lead, at = web(school, "lead"), f"/admin/imports/typed-in/{old}"
    for sent, says in (
        ({"checked": "yes"}, "Choose who it is"),
        ({"child": str(only)}, "Tick that you have checked"),
        ({"name": "Nobody Here", "checked": "yes"}, "no student of this name"),
        ({"name": "Oona Byrne", "checked": "yes"}, "Several students"),
    ):
        page = lead.submit(at, {"deed": "match", **sent}, status=422)
        assert says in page.html.select_one(".field-error").get_text()
    assert typed(school)[0].matched_to is None
    lead.submit(at, {"deed": "match", "name": "Else, Somebody", "checked": "yes"}, status=303)
    assert typed(school)[0].matched_to == only


def test_only_what_the_administrator_may_see_is_matched(
    school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """INC-02, USR-12.7: no child of another school, no student of the register in place of one typed in, and
    nobody matches twice."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    theirs = of_register(other_school, "Oonagh", "Byrne")
    viewer = school.viewer("lead")
    for one, child, as_whom in (
        (old, theirs, viewer),
        (new, school.students["aoife"], viewer),
        (old, old, viewer),
        (old, new, school.viewer("head")),
        (old, new, school.viewer("lead", elevated=False)),
    ):
        with pytest.raises(NothingThere), school.app.transaction(school.id) as db:
            matching.match(db, as_whom, one, child)
    match(school, old, new)
    with pytest.raises((NothingThere, Refused)):
        match(school, old, new)
    with school.app.transaction(school.id) as db:
        db.execute(update(Student).where(Student.id == old).values(archived_at=None))
    with pytest.raises((NothingThere, Refused)):
        match(school, old, new)


# --- what is written while somebody matches --------------------------------------------------------------


WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_until_it_waits(school: SchoolForTests, other: threading.Thread) -> None:
    """Until PostgreSQL says that it waits for a lock, or it is over. SQLite has one writer at a time."""
    engine, until = school.app.engines.reading, time.monotonic() + 60
    if engine.dialect.name == "sqlite":
        return
    while other.is_alive() and time.monotonic() < until:
        with closing(engine.raw_connection()) as connection:
            (waiting,) = connection.cursor().execute(WAITING).fetchone()
        if waiting:
            return
        other.join(0.02)


@contextmanager
def meanwhile(school: SchoolForTests, work: Callable[[], Any]) -> Iterator[tuple[SchoolSession, list[Any]]]:
    """An open transaction, and what came of work that waits for it: it is there when the block is left."""
    came: list[Any] = []

    def run() -> None:
        try:
            came.append(work())
        except Exception as error:
            came.append(error)

    other = threading.Thread(target=run)
    with school.app.transaction(school.id) as db:
        yield db, came
        other.start()
        wait_until_it_waits(school, other)
        assert other.is_alive(), f"it must wait: {came}"
    other.join(60)
    assert not any(isinstance(one, Exception) for one in came), came


def add_to(school: SchoolForTests, db: SchoolSession, old: uuid.UUID) -> None:
    incident = db.scalars(select(Incident.id)).one()
    add_to_incident(db, school.viewer("lead"), Addition(incident, linked=[Linked(old, monitor=False)]))


def concern(school: SchoolForTests, db: SchoolSession, old: uuid.UUID) -> None:
    about(school, db, old, [])


def link(school: SchoolForTests, db: SchoolSession, old: uuid.UUID) -> None:
    about(school, db, school.students["chloe"], [Linked(old, monitor=False)])


def about(school: SchoolForTests, db: SchoolSession, student: uuid.UUID, linked: list[Linked]) -> None:
    new = new_incident(school, student_id=student, text="New.", linked=linked)
    record_incident(db, school.viewer("teacher"), new)


def file(school: SchoolForTests, db: SchoolSession, old: uuid.UUID) -> None:
    viewer, upload = school.viewer("lead"), Upload("letter.txt", io.BytesIO(b"Read."))
    with taken_in(school.app, viewer, [upload]) as documents:
        file_in_vault(db, viewer, old, documents)


def begin_monitoring(school: SchoolForTests, db: SchoolSession, old: uuid.UUID) -> None:
    wish = Wish("add", school.categories["Medical"], utc_now().date())
    update_monitoring(db, school.viewer("lead"), [old], wish)


WRITERS = {"add to": add_to, "record": concern, "link": link, "file": file, "monitor": begin_monitoring}


def nothing_is_left_on(school: SchoolForTests, old: uuid.UUID, new: uuid.UUID) -> None:
    with school.app.session(school.id, writes=False) as db:
        assert db.get_one(Student, (school.id, old)).matched_to == new
        on: list[Any] = [Incident, IncidentStudent, Monitoring, Document]
        rows = [row for model in on for row in db.scalars(select(model).where(model.student_id == new))]
        assert rows, "it is on the child's record"
        assert not [row for model in on for row in db.scalars(select(model).where(model.student_id == old))]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
@pytest.mark.parametrize("first", ["the match", "the writer"])
def test_what_is_written_while_somebody_matches_goes_to_the_child(
    school: SchoolForTests, write: Callable[..., None], first: str
) -> None:
    """INC-02: whichever comes first, the other waits, and nothing is left on the archived record."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    if write is add_to:
        record(school, school.students["chloe"])

    def writes() -> None:
        with school.app.transaction(school.id) as db:
            write(school, db, old)

    if first == "the match":
        with meanwhile(school, writes) as (db, _):
            matching.match(db, school.viewer("lead"), old, new)
    else:
        with meanwhile(school, lambda: match(school, old, new)) as (db, _):
            write(school, db, old)
    nothing_is_left_on(school, old, new)


def test_a_match_waits_for_who_deletes_the_incident(school: SchoolForTests) -> None:
    """INC-02, EDT-02: both come to be, and the newest version says that it was deleted."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    incident = record(school, school.students["chloe"], linked=[Linked(old)])
    with meanwhile(school, lambda: match(school, old, new)) as (db, _):
        delete(db, school, incident)
    nothing_is_left_on(school, old, new)
    with school.app.session(school.id, writes=False) as db:
        (shown,) = gone.of_record(db, school.viewer("lead"), school.students["chloe"])
    assert shown.reason == "The wrong child."


def delete(db: SchoolSession, school: SchoolForTests, incident: Incident) -> None:
    remove_incidents(db, school.viewer("lead"), [incident.id], "The wrong child.")


# --- what was deleted or merged when the child is matched ------------------------------------------------


def test_what_was_deleted_keeps_its_reason_and_comes_back_on_the_childs_record(
    school: SchoolForTests,
) -> None:
    """INC-02, EDT-02: who deleted it, when and why is still told; restored it names the child."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    own = record(school, old)
    linked = record(school, school.students["chloe"], linked=[Linked(old)])
    with school.app.transaction(school.id) as db:
        delete(db, school, own)
        delete(db, school, linked)
    match(school, old, new)
    with school.app.session(school.id, writes=False) as db:
        markers = gone.of_record(db, school.viewer("lead"), new)
    assert [(one.reason, one.by_name) for one in markers] == [("The wrong child.", "Lena Lead")] * 2
    with school.app.transaction(school.id) as db:
        for one in (own, linked):
            restore_incident(db, school.viewer("lead"), one.id)
    with school.app.session(school.id, writes=False) as db:
        for one in (own, linked):
            row = db.get_one(Incident, (school.id, one.id))
            assert str(old) not in str(newest_of_incident(db, row)) and row.deleted_at is None
            assert str(new) in str(newest_of_incident(db, row))
        assert not db.scalars(select(Monitoring).where(Monitoring.student_id == old)).all()


def test_versions_from_before_the_match_are_read_from_the_childs_record(
    school: SchoolForTests, web: Any
) -> None:
    """INC-02, STU-03: what was kept on the record that was typed in, for who may edit the child's; another
    record's versions are not to be had that way."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    other = typed_in(school, "Rory Byrne")
    with school.app.transaction(school.id) as db:
        save_information(db, school.viewer("lead"), old, Information(1, "Lives with her nan."))
        save_information(db, school.viewer("lead"), old, Information(2, "Lives with her aunt."))
        save_information(db, school.viewer("lead"), other, Information(1, "His own."))
    match(school, old, new)
    page = web(school, "lead").get(f"/students/{new}/history")
    before = page.click("Versions from before .*Oonagh Byrne")
    assert "Lives with her nan." in text_of(before) and "typed in as Oonagh Byrne" in text_of(before)
    assert before.click("Back to the versions since then").html.select("#versions > li")
    for wrong in (other, new_id(), "x", ""):
        web(school, "lead").get(f"/students/{new}/history?of={wrong}", status=404)
    assert "Rory" not in text_of(page)
    with school.app.session(school.id, writes=False) as db:
        for who in ("admin", "teacher"):
            assert earlier_records(db, school.viewer(who), new) == {}
            with pytest.raises(NothingThere):
                history_of(db, school.viewer(who), old)


def test_a_merged_incident_is_split_off_with_its_actions_after_a_match(school: SchoolForTests) -> None:
    """INC-02, EDT-05: what went along with the merge comes back with the split."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    first, into = record(school, old), record(school, old)
    lead = school.viewer("lead")
    with school.app.transaction(school.id) as db:
        action = record_action(db, lead, NewAction(new_id(), first.id, "Rang home.", utc_now()))
        merged = merge_incident(db, lead, Merge(first.id, 1, into.id, 1))
    match(school, old, new)
    with school.app.transaction(school.id) as db:
        version = db.get_one(Action, (school.id, merged.id)).version
        split_action(db, lead, Split(merged.id, version, [school.categories["Behaviour"]]))
    with school.app.session(school.id, writes=False) as db:
        assert db.get_one(Action, (school.id, action.id)).incident_id == first.id
        assert db.get_one(Incident, (school.id, first.id)).student_id == new


def test_what_was_removed_with_training_stays_known_as_that(school: SchoolForTests) -> None:
    """INC-02, TRN-01: restored after a match it is real, although training mode is on again."""
    old, new = typed_in(school), of_register(school, "Oonagh", "Byrne")
    on = {"since": "2026-01-05T08:00:00+00:00", "by": ""}
    with school.app.transaction(school.id) as db:
        switch(db, on)
    exercise = record(school, old)
    assert exercise.training
    with school.app.transaction(school.id) as db:
        switch(db, None)
        remove_training(db, school.viewer("lead"))
    match(school, old, new)
    with school.app.transaction(school.id) as db:
        switch(db, on)
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer("lead"), exercise.id)
    with school.app.session(school.id, writes=False) as db:
        row = db.get_one(Incident, (school.id, exercise.id))
        assert not row.training and row.student_id == new


# --- forms and drafts from before the match --------------------------------------------------------------


def keep_draft(browser: Any, key: str, *fields: tuple[str, str], submission: str = "") -> None:
    sent = {"fields": [list(pair) for pair in fields], "submission": submission}
    browser.fetch(
        "PUT", f"/drafts/{key}", headers={"X-CSRF-Token": browser.csrf()},
        content_type="application/json", params=json.dumps(sent),
    )  # fmt: skip


def linked_on(page: Any) -> list[str]:
    return [option["value"] for option in page.html.select("#linked option[selected]")]


def test_who_was_linked_stays_linked_as_the_child_of_the_register(school: SchoolForTests, web: Any) -> None:
    """INC-02, INC-10: in a draft and in a form that comes back, with the ticks, on Add incident and on Add
    to incident; nobody disappears."""
    old, new = typed_in(school), of_register(school, "Una", "Kelly")
    lead, aoife = web(school, "lead"), str(school.students["aoife"])
    incident = record(school, school.students["aoife"])
    keep_draft(lead, "incident", ("student", aoife), ("linked", str(old)), ("linked_share", str(old)))
    keep_draft(lead, f"incident-{aoife}", ("student", str(old)), ("text", "Half."))
    match(school, old, new)
    drafted = lead.get("/incidents/add")
    ticked = {"linked": str(old), "linked_share": str(old)}
    sent = fields(school, new_student="", student=aoife, categories="", **ticked)
    again = lead.submit("/incidents/add", sent, status=422)
    at = f"/incidents/{incident.id}/add-to"
    added = lead.submit(at, {**ticked, "alerts": "rubbish"}, status=422)
    for page in (drafted, again, added):
        assert linked_on(page) == [str(new)]
        assert page.html.select_one(f"#share-{new}").has_attr("checked")
        assert not page.html.select_one("#linked-error")
    subject = lead.get(f"/incidents/add?student={aoife}").html
    assert subject.select_one("#student option[selected]")["value"] == str(new)
    ticks = lead.submit("/incidents/add/linked", ticked).html
    assert ticks.select_one(f"#share-{old}").has_attr("checked"), "as the open form still names them"


def test_who_can_no_longer_be_linked_is_said_to_be_left_out(school: SchoolForTests, web: Any) -> None:
    """INC-04, INC-10: a student who left meanwhile, for staff without a key; and the subject likewise."""
    teacher, chloe = web(school, "teacher"), school.students["chloe"]
    keep_draft(teacher, "incident", ("student", str(chloe)), ("linked", str(chloe)), ("text", "Half."))
    assert "was left out" not in teacher.get("/incidents/add").text
    with school.app.transaction(school.id) as db:
        db.get_one(Student, (school.id, chloe)).archived_at = utc_now()
    page = teacher.get("/incidents/add").html
    for field in ("student", "linked"):
        assert "was left out" in page.select_one(f"#{field}-error").get_text()
    assert "Half." in page.select_one("#text").get_text()


def test_both_records_of_one_child_on_a_form_are_one(school: SchoolForTests, web: Any) -> None:
    """INC-02: linked as both, with the ticks of both; as subject and linked, the subject."""
    old, new = typed_in(school), of_register(school, "Oonah", "Byrn")
    match(school, old, new)
    lead, aoife = web(school, "lead"), str(school.students["aoife"])
    both = {"linked": [str(old), str(new)], "linked_monitor": str(old), "linked_share": str(new)}
    lead.submit("/incidents/add", fields(school, new_student="", student=aoife, **both), status=302)
    lead.submit(
        "/incidents/add", fields(school, new_student="", student=str(old), linked=str(new)), status=302
    )
    first, second = incidents(school)
    with school.app.session(school.id, writes=False) as db:
        row = db.get_one(IncidentStudent, (school.id, first.id, new))
        assert row.linked and row.monitored and row.share_documents
        on_second = db.scalars(select(IncidentStudent).where(IncidentStudent.incident_id == second.id)).all()
        assert [(one.student_id, one.linked) for one in on_second] == [(new, False)]


def test_a_half_typed_concern_goes_along_with_the_match(school: SchoolForTests, web: Any) -> None:
    """INC-02, INC-10: it is found on the child's form, under what the same person began there; the form that
    was open meanwhile leaves none behind."""
    old, new = typed_in(school), of_register(school, "Oonah", "Byrn")
    lead, head = web(school, "lead"), web(school, "head")
    submission = str(new_id())
    keep_draft(
        lead, f"incident-{old}", ("student", str(old)), ("text", "Half a concern"), submission=submission
    )
    keep_draft(head, f"incident-{old}", ("student", str(old)), ("text", "Of the old."))
    keep_draft(head, f"incident-{new}", ("student", str(new)), ("text", "Of the new."))
    match(school, old, new)
    assert "Half a concern" in lead.get(f"/incidents/add?student={new}").html.select_one("#text").get_text()
    words = head.get(f"/incidents/add?student={new}").html.select_one("#text").get_text()
    assert "Of the new.\n\nOf the old." in words
    sent = fields(
        school,
        new_student="",
        student=str(old),
        draft=f"incident-{old}",
        submission=submission,
        text="Whole.",
    )
    lead.submit("/incidents/add", sent, status=302)
    with school.app.session(school.id, writes=False) as db:
        left = db.execute(select(Draft.user_id, Draft.form)).all()
    assert [tuple(one) for one in left] == [(school.users["head"], f"incident-{new}")]
