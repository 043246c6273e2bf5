"""INC-10, FRM-03, MOD-01: what was typed in a module's field that is gone when the form is sent goes along
with the form that comes back, until it is kept with the version."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from wtforms import StringField

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.hooks.types import FormField
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentVersion
from cpoms_core.students.models import StudentVersion
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import Browser, form_with, text_of, typed_incident
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests

NAME = "probe-note"
TYPED = "  On the left arm,\r\n<b>and</b> the right."
SAID = "“On the left arm, <b>and</b> the right.”"
LINE = "What you typed in a field that is no longer on this form is kept with what you send"
ADDED = {"text": "Rang home.", "occurred": "2026-01-05T10:00"}


def turn_probe(school: SchoolForTests, *, on: bool) -> None:
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", on, utc_now())


def one(school: SchoolForTests, model: Any) -> uuid.UUID:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(model.id)).one()


def contents(school: SchoolForTests, model: Any) -> list[dict[str, Any]]:
    """What the versions keep, the newest last."""
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(model.content).order_by(model.made_at, model.version)))


def recorded(school: SchoolForTests, lead: Browser, **fields: str) -> str:
    """Records an incident; returns the address of the page that edits it."""
    lead.submit("/incidents/add", typed_incident(school, **fields), status=302)
    return f"/incidents/{one(school, Incident)}/edit"


def sent(lead: Browser, form: Any, changed: Mapping[str, str], status: int) -> Any:
    """Sends a form as a browser would that had these fields in it, too."""
    fields = [pair for pair in form.submit_fields() if pair[0] not in changed]
    path = form.action or form.response.request.path
    return lead.post(path, [*fields, *changed.items()], status=status)


def comes_back(page: Any, *, on: bool = False) -> Any:
    """The form of a page that came back: it has what was typed, hidden, and says so; of a module that is not
    `on` the page says nothing."""
    assert len(page.html.select(f'main form textarea[hidden][name="{NAME}"]')) == 1
    said = " ".join(page.html.select_one("main form .sending [data-carried]").get_text().split())
    assert said == f"{LINE}: {SAID}"
    assert page.text.count("the left arm") == 2 and (on or "robe" not in text_of(page))
    return form_with(page, NAME)


def open_with_note(school: SchoolForTests, lead: Browser, path: str, form: str) -> Any:
    """A form that is open with the module's field on it, when the module is switched off."""
    found = lead.get(path).forms[form]
    assert NAME in found.fields
    turn_probe(school, on=False)
    return found


def test_add_incident(school: SchoolForTests, lead: Browser) -> None:
    """MOD-01: no category was chosen, twice; then it is recorded with what was typed. With the module on
    again, History says it."""
    form = open_with_note(school, lead, "/incidents/add", "incident-form")
    page = sent(lead, form, {**typed_incident(school), "categories": "", NAME: TYPED}, 422)
    again = sent(lead, comes_back(page), {"categories": ""}, 422)
    comes_back(again)["categories"] = [str(school.categories["Behaviour"])]
    again.forms["incident-form"].submit(status=302)
    assert contents(school, IncidentVersion)[0]["not_taken"] == {NAME: [TYPED]}
    turn_probe(school, on=True)
    assert "On the left arm" in text_of(lead.get(f"/incidents/{one(school, Incident)}/history"))


def test_the_field_is_there_again(school: SchoolForTests, lead: Browser) -> None:
    """MOD-01: the module is on again when the form that came back is sent: the field has its text."""
    form = open_with_note(school, lead, "/incidents/add", "incident-form")
    page = sent(lead, form, {**typed_incident(school), "categories": "", NAME: TYPED}, 422)
    turn_probe(school, on=True)
    sent(lead, comes_back(page), {"categories": str(school.categories["Behaviour"])}, 302)
    (content,) = contents(school, IncidentVersion)
    assert content["modules"][NAME] == TYPED and "not_taken" not in content


def test_a_repeat_with_other_words(school: SchoolForTests, lead: Browser) -> None:
    """INC-09: what becomes a further incident has it, too."""
    form = open_with_note(school, lead, "/incidents/add", "incident-form")
    fields = typed_incident(school, **{NAME: TYPED})
    sent(lead, form, fields, 302)
    page = sent(lead, form, {**fields, "text": "Other words."}, 422)
    comes_back(page).submit(status=302)
    assert [each["not_taken"] for each in contents(school, IncidentVersion)] == [{NAME: [TYPED]}] * 2


def test_a_look_without_scripts(school: SchoolForTests, lead: Browser) -> None:
    """INC-08: who only asks who will be told gets it back, too."""
    form = open_with_note(school, lead, "/incidents/add", "incident-form")
    comes_back(sent(lead, form, {**typed_incident(school), NAME: TYPED, "look": "1"}, 200))


def test_add_action(school: SchoolForTests, lead: Browser) -> None:
    recorded(school, lead)
    path = f"/incidents/{one(school, Incident)}/actions/add"
    form = open_with_note(school, lead, path, "action-form")
    page = sent(lead, form, {**ADDED, "text": "", NAME: TYPED}, 422)
    sent(lead, comes_back(page), ADDED, 302)
    assert contents(school, ActionVersion)[0]["not_taken"] == {NAME: [TYPED]}


@pytest.mark.parametrize("of", ["incident", "action"])
def test_edit_refused(school: SchoolForTests, lead: Browser, of: str) -> None:
    """EDT-01: without words."""
    path = recorded(school, lead)
    if of == "action":
        added = {**ADDED, "submission": str(new_id())}
        lead.submit(f"/incidents/{one(school, Incident)}/actions/add", added, status=302)
        path = f"/actions/{one(school, Action)}/edit"
    form = open_with_note(school, lead, path, "edit-form")
    page = sent(lead, form, {"text": "", NAME: TYPED}, 422)
    sent(lead, comes_back(page), {"text": "Said again."}, 302)
    model = IncidentVersion if of == "incident" else ActionVersion
    assert contents(school, model)[-1]["not_taken"] == {NAME: [TYPED]}


def test_edit_with_somebody_else_first(school: SchoolForTests, lead: Browser) -> None:
    """EDT-01: the form goes on over theirs, with what was typed."""
    path = recorded(school, lead)
    other = lead.get(path).forms["edit-form"]
    form = open_with_note(school, lead, path, "edit-form")
    sent(lead, other, {"text": "Theirs."}, 302)
    page = sent(lead, form, {"text": "Mine.", NAME: TYPED}, 409)
    comes_back(page).submit(status=302)
    newest = contents(school, IncidentVersion)[-1]
    assert newest["not_taken"] == {NAME: [TYPED]} and newest["text"] == "Mine."


def test_a_field_deleted_at_the_moment_of_a_conflict(school: SchoolForTests, lead: Browser) -> None:
    """EDT-01, FRM-03: it was there when the form came in, and is not when it is built over theirs."""
    path = recorded(school, lead)
    other, form = (lead.get(path).forms["edit-form"] for _ in range(2))
    sent(lead, other, {"text": "Theirs."}, 302)
    built = iter([[FormField(NAME, StringField("Gone soon"), 50)]])
    with behaviour.instead("incident_edit_fields", lambda **_: next(built, [])):
        page = sent(lead, form, {"text": "Mine.", NAME: TYPED}, 409)
        comes_back(page, on=True).submit(status=302)
    assert contents(school, IncidentVersion)[-1]["not_taken"] == {NAME: [TYPED]}


def test_edit_information(school: SchoolForTests, lead: Browser) -> None:
    """STU-03: refused, then with somebody else first, then kept."""
    path = f"/students/{school.students['aoife']}/edit"
    other, form = (form_with(lead.get(path), "seen") for _ in range(2))
    turn_probe(school, on=False)
    page = sent(lead, form, {"summary": "x" * 5_000, NAME: TYPED}, 422)
    sent(lead, other, {"summary": "Theirs."}, 303)
    page = sent(lead, comes_back(page), {"summary": "Mine."}, 409)
    comes_back(page).submit(status=303)
    first, second = contents(school, StudentVersion)
    assert second["not_taken"] == {NAME: [TYPED]} and "not_taken" not in first


@pytest.mark.parametrize("page", ["incident", "student"])
def test_what_was_not_touched_does_not_come_back(school: SchoolForTests, lead: Browser, page: str) -> None:
    """MOD-01: it stays with the version that has it, and is no trace of the module on the page."""
    path, wrong = recorded(school, lead, **{NAME: "Was there."}), {"text": ""}
    if page == "student":
        path, wrong = f"/students/{school.students['aoife']}/edit", {"summary": "x" * 5_000}
        sent(lead, form_with(lead.get(path), "seen"), {NAME: "Was there."}, 303)
    turn_probe(school, on=False)
    form = form_with(lead.get(path), "version" if page == "incident" else "seen")
    back = sent(lead, form, {**wrong, NAME: "Was there. "}, 422)
    assert "Was there" not in back.text and NAME not in back.text and LINE not in back.text


def test_a_draft(school: SchoolForTests, lead: Browser) -> None:
    """INC-10: a form that is filled with its draft has it too, for the next draft and for the submit."""
    turn_probe(school, on=False)
    fields = [[name, value] for name, value in typed_incident(school, **{NAME: TYPED}).items()]
    headers = {"X-CSRF-Token": lead.csrf()}
    lead.put_json("/drafts/incident", {"fields": fields, "submission": str(new_id())}, headers=headers)
    comes_back(lead.get("/incidents/add")).submit(status=302)
    assert contents(school, IncidentVersion)[0]["not_taken"] == {NAME: [TYPED]}


def test_names_are_hidden_in_the_line_only(school: SchoolForTests, lead: Browser) -> None:
    """DSH-08: stars in what is sent again would be saved; it is as the other fields of the form are."""
    turn_probe(school, on=False)
    lead.submit("/session/names", {"hidden": "yes", "next": "/"}, status=303)
    typed = "With Chloë Martin-Smith."
    page = lead.submit(
        "/incidents/add", typed_incident(school, text=typed, categories="", **{NAME: typed}), status=422
    )
    line = page.html.select_one("[data-carried]").get_text()
    assert "With" in line and "Martin" not in line and "*" in line
    form = page.forms["incident-form"]
    assert form[NAME].value == form["text"].value == typed


def test_what_no_person_reads_is_not_said(school: SchoolForTests, lead: Browser) -> None:
    """INC-10: the values of lists and maps go along, and a long text is said in short."""
    turn_probe(school, on=False)
    values = {"probe-who": str(new_id()), "probe-where": '[{"map": "body"}]', "probe-day": "word " * 10_000}
    page = lead.submit("/incidents/add", typed_incident(school, categories="", **values), status=422)
    line = page.html.select_one("[data-carried]").get_text()
    assert line.count("“") == 1 and "…”" in line and len(line) < 1_000
    form = page.forms["incident-form"]
    assert {name: form[name].value for name in values} == values


def test_nothing_is_said_where_nothing_is_gone(school: SchoolForTests, lead: Browser) -> None:
    page = lead.submit("/incidents/add", typed_incident(school, categories="", **{NAME: TYPED}), status=422)
    assert LINE not in page.text and not page.html.select("textarea[hidden]")
    turn_probe(school, on=False)
    assert LINE not in lead.get("/incidents/add").text
