"""What was put in, where incidents are merged and split, students matched, and a record handed out."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from cpoms_formbuilder.models import Value
from custom_fields import chronology, shown
from sqlalchemy import select

from cpoms_core.incidents.models import Action
from cpoms_core.incidents.services import Merge, Split, merge_incident, split_action
from cpoms_core.students import matching
from cpoms_core.students.typed_in import TypedStudent, add_typed_in
from cpoms_core.testing.browsing import form_with
from cpoms_core.testing.schools import SchoolForTests


def test_a_merged_incident_keeps_its_values(builder: Any, records: Any, school: SchoolForTests) -> None:
    """EDT-04, EDT-05, FRM-03: shown in the action that it became, found there by the filter; split off again,
    they are the incident's."""
    name = builder.field("Where")
    builder.publish()
    into, one = records.add(text="Into."), records.add(text="One.", **{name: "by the gate"})
    with school.app.transaction(school.id) as db:
        merged = merge_incident(db, school.viewer("lead"), Merge(one.id, 1, into.id, 1))
    action = chronology(records).html.select_one(".action")
    assert action.select_one(".custom-values dd").get_text() == "by the gate"
    path = f"/students/{school.students['aoife']}/incidents"
    page = records.lead.post(path, {"csrf_token": records.lead.csrf(), name: "gate"}, status=200)
    assert len(page.html.select("article.incident")) == 1
    with school.app.transaction(school.id) as db:
        version = db.get_one(Action, (school.id, merged.id)).version
        split = Split(merged.id, version, [school.categories["Behaviour"]])
        assert split_action(db, school.viewer("lead"), split).id == one.id
    assert shown(chronology(records)) == [("Where", "by the gate")]
    assert records.kept() == [("Where", "by the gate", 1)]


@pytest.mark.parametrize("on", [True, False])
def test_a_split_action_takes_its_values_along(
    builder: Any, records: Any, school: SchoolForTests, switch: Any, on: bool
) -> None:
    """EDT-05, FRM-03: on the new incident as a former field, also where the module was off on that day."""
    name = builder.field("Told", form="action")
    builder.publish("action")
    action = records.act(records.add(), **{name: "the nurse"})
    switch(on)
    with school.app.transaction(school.id) as db:
        split = Split(action.id, action.version, [school.categories["Behaviour"]])
        split_action(db, school.viewer("lead"), split)
    switch(True)
    assert shown(chronology(records)) == [("Told (former field)", "the nurse")]


def test_a_matched_student_has_both_records_values(
    builder: Any, records: Any, school: SchoolForTests
) -> None:
    """INC-02, FRM-03: what was typed on the one goes to the other; where both have a field, the register's
    counts and the other is history."""
    names = [builder.field(label, form="student") for label in ("Known as", "Walks with")]
    builder.publish("student")
    with school.app.transaction(school.id) as db:
        old = add_typed_in(db, school.viewer("teacher"), TypedStudent("Oonagh", "Byrne", None)).id
    new = school.students["aoife"]
    for student, texts in ((old, ["Una", "her aunt"]), (new, ["Effie", ""])):
        form = form_with(records.lead.get(f"/students/{student}/edit"), names[0])
        for name, text in zip(names, texts, strict=True):
            form[name] = text
        form.submit(status=303)
    with school.app.transaction(school.id) as db:
        matching.match(db, school.viewer("lead"), old, new)
    assert sorted(one[:2] for one in records.kept()) == [("Known as", "Effie"), ("Walks with", "her aunt")]
    assert [one[:2] for one in records.kept(ended=True)] == [("Known as", "Una")]
    with school.app.session(school.id, writes=False) as db:
        assert set(db.scalars(select(Value.student_id))) == {new}


def test_a_matched_student_goes_on_being_edited(builder: Any, records: Any, school: SchoolForTests) -> None:
    """INC-02, FRM-03: however often the record that was typed in had been edited, what is put in after the
    match is kept, emptying included."""
    name = builder.field("Walks with", form="student")
    builder.publish("student")
    with school.app.transaction(school.id) as db:
        old = add_typed_in(db, school.viewer("teacher"), TypedStudent("Oonagh", "Byrne", None)).id
    new = school.students["aoife"]

    def fill(student: uuid.UUID, text: str) -> None:
        form = form_with(records.lead.get(f"/students/{student}/edit"), name)
        form[name] = text
        form.submit(status=303)

    for text in ("nobody", "her sister", "her brother", "her mother", "her aunt"):
        fill(old, text)
    assert records.kept() == [("Walks with", "her aunt", 6)]
    with school.app.transaction(school.id) as db:
        matched = matching.match(db, school.viewer("lead"), old, new)
        now = matched.version
    assert records.kept() == [("Walks with", "her aunt", now)]
    for text in ("her uncle", "", "her uncle"):
        fill(new, text)
        assert [one[1] for one in records.kept()] == ([text] if text else [])
    assert shown(records.lead.get(f"/students/{new}")) == [("Walks with", "her uncle")]


def test_a_students_export_has_everything(builder: Any, records: Any, school: SchoolForTests) -> None:
    """FRM-03: values that were, and those of the incidents and actions on the record; nobody else's."""
    names = {form: builder.field("Where", form=form) for form in ("incident", "action")}
    for form in names:
        builder.publish(form)
    incident = records.add(**{names["incident"]: "Gate"})
    records.act(incident, **{names["action"]: "Office"})
    form = form_with(records.lead.get(f"/incidents/{incident.id}/edit"), names["incident"])
    form[names["incident"]] = "Hall"
    form.submit(status=302)

    def exported(student: uuid.UUID) -> list[str]:
        with school.app.session(school.id, writes=False) as db:
            viewer = school.viewer("lead")
            found = school.app.hooks.always("export_student", db, viewer, student_id=student)
            return [one["text"] for one in found["formbuilder"]["custom_fields"]]

    assert exported(school.students["aoife"]) == ["Gate", "Office", "Hall"]
    assert exported(school.students["chloe"]) == []
