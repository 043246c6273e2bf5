"""FRM-03, MOD-01: what is put into a module's field of Edit information is kept with the version of it and
shows in their History, in the module's words, while it is on."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.students import matching
from cpoms_core.students.history import Change, history_of
from cpoms_core.students.models import Student, StudentVersion
from cpoms_core.students.typed_in import TypedStudent, add_typed_in
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import Browser, form_with, text_of
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests

TYPED = "Walks with her aunt"
SAME = "Saved without a change of these parts."


def turn_probe(school: SchoolForTests, *, on: bool) -> None:
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", on, utc_now())


def save(school: SchoolForTests, lead: Browser, student: str = "aoife", **fields: str) -> None:
    """Sends Edit information as it is opened now, with these fields."""
    path = f"/students/{school.students[student]}/edit"
    form = form_with(lead.get(path), "seen")
    sent = {**dict(form.submit_fields()), **{name.replace("__", "-"): text for name, text in fields.items()}}
    lead.post(path, sent, status=303)


def contents(school: SchoolForTests, student_id: uuid.UUID) -> list[dict[str, Any]]:
    with school.app.session(school.id, writes=False) as db:
        of = StudentVersion.student_id == student_id
        return list(db.scalars(select(StudentVersion.content).where(of).order_by(StudentVersion.version)))


def changes(school: SchoolForTests, student_id: uuid.UUID) -> list[Change]:
    """What the newest version changed."""
    with school.app.session(school.id, writes=False) as db:
        return list(history_of(db, school.viewer("lead"), student_id)[0][0].changes)


def page(school: SchoolForTests, lead: Browser) -> str:
    return text_of(lead.get(f"/students/{school.students['aoife']}/history"))


def test_a_change_of_a_modules_field_is_one(school: SchoolForTests, lead: Browser) -> None:
    """FRM-03, STU-03: with what it was, in the module's words, asked once for all; the audit names it."""
    save(school, lead, probe__note="At first")
    save(school, lead, probe__note=TYPED)
    assert [one["modules"] for one in contents(school, school.students["aoife"])] == [
        {"probe-note": "At first"},
        {"probe-note": TYPED},
    ]
    asked = behaviour.called.count("field_words")
    assert changes(school, school.students["aoife"]) == [
        Change("Note of the probe", ["“At first”"], [f"“{TYPED}”"])
    ]
    assert behaviour.called.count("field_words") == asked + 1
    assert SAME not in page(school, lead)
    with school.app.session(school.id, writes=False) as db:
        edited = select(AuditEntry.details).where(AuditEntry.event == "student.edited")
        assert [one["parts"] for one in db.scalars(edited)] == [["modules"], ["modules"]]


def test_an_empty_field_is_no_change(school: SchoolForTests, lead: Browser) -> None:
    """FRM-03: nothing was put in, and nothing is said to have been."""
    save(school, lead, probe__note="")
    assert changes(school, school.students["aoife"]) == []
    assert SAME in page(school, lead)


def test_a_version_made_while_the_module_is_off_keeps_its_fields(
    school: SchoolForTests, lead: Browser
) -> None:
    """MOD-01, FRM-03: no trace of it in History meanwhile; on again, all is there."""
    save(school, lead, probe__note=TYPED)
    turn_probe(school, on=False)
    save(school, lead, summary="Another part.")
    said = page(school, lead)
    assert "Another part." in said and SAME in said
    assert TYPED not in said and "Note of the probe" not in said
    assert [one["modules"] for one in contents(school, school.students["aoife"])] == [
        {"probe-note": TYPED}
    ] * 2
    turn_probe(school, on=True)
    assert page(school, lead).count(TYPED) == 1


def test_what_was_typed_in_a_field_that_is_gone_is_kept(school: SchoolForTests, lead: Browser) -> None:
    """MOD-01, FRM-03: with the version that was sent, and not with the next one."""
    turn_probe(school, on=False)
    save(school, lead, probe__note=TYPED, nobody__note="?")
    save(school, lead, summary="Another part.")
    first, second = contents(school, school.students["aoife"])
    assert first["not_taken"] == {"probe-note": [TYPED]} and "not_taken" not in second
    assert first["modules"] == {}
    assert TYPED not in page(school, lead)
    turn_probe(school, on=True)
    assert page(school, lead).count(TYPED) == 1


def test_names_are_hidden_in_it(school: SchoolForTests, lead: Browser) -> None:
    """DSH-08, FRM-03: also in what no field took."""
    save(school, lead, probe__gone="With Chloë Martin-Smith too.")
    save(school, lead, probe__note="With Chloë Martin-Smith.")
    assert page(school, lead).count("Martin-Smith") == 2
    lead.submit("/session/names", {"hidden": "yes", "next": "/"}, status=303)
    hidden = page(school, lead)
    assert "Martin" not in hidden and hidden.count("With") >= 2


def test_who_saves_second_is_told_of_it(school: SchoolForTests, lead: Browser) -> None:
    """STU-03, FRM-03: what somebody else put in since the form was opened."""
    path = f"/students/{school.students['aoife']}/edit"
    form = form_with(lead.get(path), "seen")
    save(school, lead, probe__note=TYPED)
    told = form.submit(status=409).html.select_one("[role=alert]").get_text(" ")
    assert "Note of the probe" in told and TYPED in told


@pytest.mark.parametrize("kept", ["", "The register's"])
def test_a_match_goes_on_with_both_records_fields(school: SchoolForTests, lead: Browser, kept: str) -> None:
    """INC-02, FRM-03: what was put in on the record that was typed in, where the register's had nothing."""
    with school.app.transaction(school.id) as db:
        old = add_typed_in(db, school.viewer("teacher"), TypedStudent("Oonagh", "Byrne", None)).id
    school.students["typed in"] = old
    save(school, lead, "typed in", probe__note=TYPED)
    save(school, lead, probe__note=kept)
    with school.app.transaction(school.id) as db:
        matching.match(db, school.viewer("lead"), old, school.students["aoife"])
    newest = contents(school, school.students["aoife"])[-1]["modules"]
    assert newest == {"probe-note": kept or TYPED}
    assert contents(school, old)[-1]["modules"] == {"probe-note": TYPED}
    said = [one.label for one in changes(school, school.students["aoife"])]
    assert said == ([] if kept else ["Note of the probe"])
    with school.app.session(school.id, writes=False) as db:
        assert db.get_one(Student, (school.id, old)).matched_to == school.students["aoife"]
