"""What can go wrong between opening a form and sending it (INC-01, ACT-01, EDT-01): each is told beside its
field, what was typed is kept, and nothing is recorded twice or half."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, ActionVersion, Category, Incident, IncidentVersion
from cpoms_core.incidents.services import (
    ActionEdit,
    IncidentEdit,
    Linked,
    Merge,
    NewAction,
    Split,
    changes,
    delete_action,
    delete_incident,
    edit_action,
    edit_incident,
    editing,
    editing_actions,
    merge_incident,
    record_action,
    record_incident,
    split_action,
)
from cpoms_core.students.models import Student
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests, add_student

ALL = ("add", "action", "edit", "edit-action")
LONG = "She said: “no”. \n" * 5_882 + "Ended."
"""100,000 characters with 5,882 ends of lines, which a browser sends as two characters each."""


def recorded(school: SchoolForTests, student: str = "aoife") -> tuple[Incident, Action]:
    with school.app.transaction(school.id) as db:
        lead, linked = school.viewer("lead"), [Linked(school.students["chloe"])]
        new = new_incident(school, student_id=school.students[student], text="She was quiet.", linked=linked)
        incident = record_incident(db, lead, new)
        action = record_action(db, lead, NewAction(new_id(), incident.id, "Rang home.", utc_now()))
    return incident, action


def sent(school: SchoolForTests, form: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    """The address of one of the forms, and what it sends."""
    values = typed_incident(school, version="1", **changes)
    if form == "add":
        return "/incidents/add", values
    del values["student"]  # is known to the other forms
    incident, action = recorded(school)
    path = {
        "action": f"/incidents/{incident.id}/actions/add",
        "edit": f"/incidents/{incident.id}/edit",
        "edit-action": f"/actions/{action.id}/edit",
    }[form]
    return path, values


def count(school: SchoolForTests) -> tuple[int, ...]:
    tables = (Incident, IncidentVersion, Action, ActionVersion)
    with school.app.session(school.id, writes=False) as db:
        return tuple(len(db.scalars(select(table)).all()) for table in tables)


def refused(school: SchoolForTests, web: Any, form: str, field: str, **changes: Any) -> str:
    """Sends the form: it comes back with what was typed and an error beside the field, which is answered."""
    path, fields = sent(school, form, **changes)
    before = count(school)
    page = web(school, "lead").submit(path, fields, status=422)
    assert count(school) == before
    assert page.html.select_one("#text").get_text().strip() == str(fields["text"]).strip()
    assert page.html.select_one(f'.errors a[href="#{field}"]') is not None
    return " ".join(page.html.select_one(f"#{field}-error").get_text(" ").split())


@pytest.mark.parametrize("form", ALL)
def test_a_future_date(school: SchoolForTests, web: Any, form: str) -> None:
    """INC-05, ACT-01, EDT-01: by the school's own clock; a person's clock may be two minutes ahead."""
    zone = school.viewer("lead").school.zone
    # noon of tomorrow: no day and no hour that comes twice is near
    noon = (utc_now() + dt.timedelta(days=1)).replace(hour=12, minute=0)
    with time_machine.travel(noon, tick=False):
        now = utc_now().astimezone(zone)
        soon = now + dt.timedelta(minutes=5)
        said = refused(school, web, form, "occurred", occurred=f"{soon:%Y-%m-%dT%H:%M}")
        assert "This is in the future." in said
        ahead = now + dt.timedelta(minutes=1)
        path, fields = sent(school, form, occurred=f"{ahead:%Y-%m-%dT%H:%M}")
        web(school, "lead").submit(path, fields, status=302)


@pytest.mark.parametrize("form", ALL)
def test_a_category_disabled_meanwhile(school: SchoolForTests, web: Any, form: str) -> None:
    """INC-03, ACT-01, EDT-01: one that is new to the incident is refused; one that is on it may stay."""
    path, fields = sent(school, form, categories=str(school.categories["Medical"]))
    lead = web(school, "lead")
    assert str(school.categories["Medical"]) in lead.get(path).text
    with school.app.transaction(school.id) as db:
        for name in ("Medical", "Behaviour"):
            db.get_one(Category, (school.id, school.categories[name])).disabled_at = utc_now()
    before = count(school)
    page = lead.submit(path, fields, status=422)
    assert count(school) == before
    error = page.html.select_one("#categories").get_text()
    assert "One of these categories can no longer be used." in " ".join(error.split())
    assert page.html.select_one("#text").get_text().strip() == "A note."
    assert page.html.select_one(f'input[value="{school.categories["Medical"]}"]') is None
    if form == "edit":
        lead.submit(path, {**fields, "categories": str(school.categories["Behaviour"])}, status=302)


def test_a_student_archived_meanwhile(school: SchoolForTests, web: Any) -> None:
    """INC-01, INC-04: the student and a linked one; with a key the record is still there to write on."""
    path, fields = sent(school, "add", linked=str(school.students["chloe"]))
    teacher = web(school, "teacher")
    teacher.get(path)
    with school.app.transaction(school.id) as db:
        for who in ("aoife", "chloe"):
            db.get_one(Student, (school.id, school.students[who])).archived_at = utc_now()
    page = teacher.submit(path, fields, status=422)
    assert "This student has left the school" in page.html.select_one("#student-error").get_text()
    assert "One of these students has left" in page.html.select_one("#linked-error").get_text()
    assert page.html.select_one("#text").get_text().strip() == "A note." and count(school)[0] == 0
    web(school, "lead").submit(path, fields, status=302)
    assert count(school)[0] == 1


@pytest.mark.parametrize("form", ["action", "edit", "edit-action"])
def test_the_incidents_student_archived_meanwhile(school: SchoolForTests, web: Any, form: str) -> None:
    """ACT-01, EDT-01: the incident is still theirs, and goes on."""
    path, fields = sent(school, form)
    with school.app.transaction(school.id) as db:
        for who in ("aoife", "chloe"):
            db.get_one(Student, (school.id, school.students[who])).archived_at = utc_now()
    lead = web(school, "lead")
    lead.get(path)
    lead.submit(path, fields, status=302)


NAMES = [("שָׂרָה", "לוי"), ("عائشة", "بنت محمد"), ("Zoe\u0308", "Mu\u0308ller\u0301")]


@pytest.mark.parametrize(("forename", "surname"), NAMES)
def test_a_name_of_right_to_left_or_combining_characters(
    school: SchoolForTests, web: Any, forename: str, surname: str
) -> None:
    """INC-01, INC-04, ACT-01, EDT-01: chosen, linked, recorded and found, as it is written."""
    with school.app.transaction(school.id) as db:
        school.students["them"] = add_student(db, forename, surname, tutor="7A")
    name, lead = f"{forename} {surname}", web(school, "lead")
    path, fields = sent(school, "add", student=str(school.students["them"]))
    page = lead.get(f"{path}?student={school.students['them']}")
    assert page.html.select_one("#student option[selected]").get_text() == name
    told = lead.submit("/incidents/add/told", {"student": str(school.students["them"])})
    assert told.html.select_one("strong bdi").get_text() == name
    done = lead.submit(path, fields, status=302).follow()
    assert name in done.html.select_one(".student-card-name").get_text()
    with school.app.session(school.id, writes=False) as db:
        own = db.scalars(select(Incident)).one()
    linked = web(school, "lead").submit(
        path, {**fields, "submission": str(new_id()), "student": str(school.students["aoife"]),
               "linked": str(school.students["them"])}, status=302,
    ).follow()  # fmt: skip
    assert name in linked.html.select_one(".incident-margin").get_text()
    form = lead.get(f"/incidents/{own.id}/actions/add")
    assert form.html.select_one(".subject bdi").get_text() == name
    lead.submit(f"/incidents/{own.id}/edit", {**fields, "version": "1", "text": "Edited."}, status=302)
    assert name in lead.submit("/", {"q": surname}).html.select_one("#found").get_text()


@pytest.mark.parametrize("form", ALL)
def test_a_text_of_a_hundred_thousand_characters(school: SchoolForTests, web: Any, form: str) -> None:
    """INC-01, ACT-01, EDT-01: is kept to the last character, also in the draft; one more is refused, and kept
    in the form."""
    assert len(LONG) == 100_000
    path, fields = sent(school, form, text=LONG.replace("\n", "\r\n"))
    lead = web(school, "lead")
    draft = lead.get(path).html.select_one("form[data-draft]")["data-draft"]
    lead.fetch(
        "PUT", draft, headers={"X-CSRF-Token": lead.csrf("/")}, content_type="application/json",
        params=json.dumps({"fields": [["text", LONG], ["version", "1"]], "submission": ""}),
    )  # fmt: skip
    assert lead.get(path).html.select_one("#text").get_text().replace("\r\n", "\n").lstrip("\n") == LONG
    lead.submit(path, fields, status=302)
    with school.app.session(school.id, writes=False) as db:
        table = Action if "action" in form else Incident
        assert LONG in list(db.scalars(select(table.text)))
        incident = db.scalars(select(Incident.id)).first()
    assert "Ended." in lead.get(f"/incidents/{incident}").follow().text
    said = refused(school, web, form, "text", text=LONG + "!")
    assert "Use at most 100,000 characters." in said


@pytest.mark.parametrize("form", ["add", "action"])
def test_the_back_button_and_the_same_form_again(school: SchoolForTests, web: Any, form: str) -> None:
    """INC-09, ACT-01: one incident, one action, one alert, however often it arrives; the page is the same."""
    path, fields = sent(school, form, alerts=str(school.users["colleague"]), text="Line one.\r\nLine two.")
    lead = web(school, "lead")
    first = lead.submit(path, fields, status=302)
    after = count(school)
    for _ in range(2):
        assert lead.submit(path, fields, status=302).location == first.location
    assert count(school) == after


@pytest.mark.parametrize("form", ["edit", "edit-action"])
def test_the_same_edit_again_overwrites_nothing(school: SchoolForTests, web: Any, form: str) -> None:
    """EDT-01: the back button has the older version's form: it is answered with the newest one beside it."""
    path, fields = sent(school, form)
    lead = web(school, "lead")
    lead.submit(path, fields, status=302)
    after = count(school)
    lead.submit(path, fields, status=409)
    assert count(school) == after


# --- what happened to it while somebody wrote or read ---------------------------------------------------


def words_of(page: Any) -> str:
    return " ".join(page.html.get_text(" ").split())


def one_of(school: SchoolForTests, path: str) -> tuple[Incident, Action]:
    """The incident and the action that a form's address speaks of."""
    with school.app.session(school.id, writes=False) as db:
        action = db.scalars(select(Action).order_by(Action.created_at, Action.id)).first()
        assert action is not None and path.startswith(("/incidents/", "/actions/"))
        return db.get_one(Incident, (school.id, action.incident_id)), action


def change(school: SchoolForTests, path: str, text: str) -> None:
    """The head changes what a form is about."""
    incident, action = one_of(school, path)
    with school.app.transaction(school.id) as db:
        head = school.viewer("head")
        if path.startswith("/incidents/"):
            behaviour = [school.categories["Behaviour"]]
            edit_incident(db, head, IncidentEdit(incident.id, incident.version, text, utc_now(), behaviour))
        else:
            edit_action(db, head, ActionEdit(action.id, action.version, text, utc_now()))


def delete(school: SchoolForTests, path: str) -> None:
    """The head deletes what a form is about."""
    incident, action = one_of(school, path)
    with school.app.transaction(school.id) as db:
        head = school.viewer("head")
        if path.startswith("/incidents/"):
            delete_incident(db, head, incident.id, "Recorded twice.", opened=incident.version)
        else:
            delete_action(db, head, action.id, "Recorded twice.", opened=action.version)


@pytest.mark.parametrize("form", ["edit", "edit-action"])
def test_deleted_while_it_was_edited(school: SchoolForTests, web: Any, form: str) -> None:
    """EDT-01, EDT-02, INC-10: an editor is told who deleted it and why, and has what they typed back; who may
    not read that it was deleted is told what everyone is."""
    path, fields = sent(school, form, text="MY WORDS\r\n& <more>")
    lead, teacher = web(school, "lead"), web(school, "teacher")
    delete(school, path)
    page = lead.submit(path, fields, status=409)
    assert page.html.select_one("textarea").get_text().strip().splitlines() == ["MY WORDS", "& <more>"]
    said = words_of(page)
    assert "was deleted by Hugo Head" in said and "Recorded twice." in said and "was not saved" in said
    assert "deleted" in words_of(lead.get(page.html.select_one("a.after")["href"]))
    lead.get(path, status=404)
    never = lead.submit(f"/incidents/{new_id()}/edit", fields, status=404)
    assert lead.submit(path, {**fields, "text": " "}, status=404).body == never.body
    teacher.submit(path, fields, status=(403, 404))


def test_merged_or_split_off_while_it_was_edited(school: SchoolForTests, web: Any) -> None:
    """EDT-01, EDT-04, EDT-05, INC-10: what was typed is there, with the way to where it is now."""
    lead = web(school, "lead")
    path, fields = sent(school, "edit", text="MY WORDS")
    incident, action = one_of(school, path)
    into, _ = recorded(school)
    with school.app.transaction(school.id) as db:
        head = school.viewer("head")
        split = split_action(db, head, Split(action.id, action.version, [school.categories["Behaviour"]]))
        merged = merge_incident(db, head, Merge(incident.id, 2, into.id, into.version))
    page = lead.submit(path, fields, status=409)
    assert page.html.select_one("textarea").get_text().strip() == "MY WORDS"
    assert "was merged into another one by Hugo Head" in words_of(page)
    assert f"at={merged.id}" in page.html.select_one("a.after")["href"]
    page = lead.submit(f"/actions/{action.id}/edit", {**fields, "text": "OTHER WORDS"}, status=409)
    assert page.html.select_one("textarea").get_text().strip() == "OTHER WORDS"
    assert "was split off as an incident of its own by Hugo Head" in words_of(page)
    assert str(split.id) in page.html.select_one("a.after")["href"]


def test_what_was_half_typed_of_a_deleted_one_is_not_lost(school: SchoolForTests, web: Any) -> None:
    """INC-10, EDT-02: the draft of an edit is for its author to read, whatever became of the incident."""
    path, _ = sent(school, "edit")
    lead, key = web(school, "lead"), path.split("/")[2]
    lead.fetch(
        "PUT", f"/drafts/of-edits/edit-incident-{key}", headers={"X-CSRF-Token": lead.csrf("/")},
        content_type="application/json",
        params=json.dumps({"fields": [["version", "1"], ["text", "HALF TYPED"]]}),
    )  # fmt: skip
    delete(school, path)
    assert "HALF TYPED" in lead.get(path, status=409).html.select_one("textarea").get_text()


@pytest.mark.parametrize("form", ["edit", "edit-action"])
@pytest.mark.parametrize("happens", ["changed", "deleted"])
def test_two_transactions_at_once(
    school: SchoolForTests, web: Any, monkeypatch: pytest.MonkeyPatch, form: str, happens: str
) -> None:
    """EDT-01: the other one's transaction ends after this one's has read and before it locks: the page that
    answers shows what they made of it."""
    if school.app.engines.dialect == "sqlite":
        pytest.skip("SQLite has one transaction that writes at a time")
    path, fields = sent(school, form, text="MY WORDS")
    lead = web(school, "lead")
    fields["csrf_token"] = lead.csrf("/")
    has_read, other_done = threading.Event(), threading.Event()
    mine = threading.current_thread()

    def waiting(real: Callable[..., Any]) -> Callable[..., Any]:
        def locked(*args: Any) -> Any:
            if threading.current_thread() is not mine and not has_read.is_set():
                has_read.set()
                assert other_done.wait(60)
            return real(*args)

        return locked

    for module, name in ((editing, "locked_incident"), (editing_actions, "locked_action")):
        monkeypatch.setattr(module, name, waiting(getattr(changes, name)))
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(lead.submit(path, fields, expect_errors=True)))
    thread.start()
    try:
        assert has_read.wait(60)
        change(school, path, "THEIR WORDS") if happens == "changed" else delete(school, path)
    finally:
        other_done.set()
        thread.join(60)
    (page,) = answers
    assert page.status_int == 409 and "MY WORDS" in page.text
    if happens == "changed":
        assert page.html.select_one("[name=version]")["value"] == "2"
        assert "THEIR" in page.html.select_one(".conflict .differing ins").get_text()
        assert "THEIR WORDS" in page.html.select_one(".conflict .as-typed:not(.differing)").get_text()
    else:
        assert "was deleted by Hugo Head" in words_of(page)


@pytest.mark.parametrize("form", ["edit", "edit-action"])
def test_what_changed_while_it_was_to_be_deleted(school: SchoolForTests, web: Any, form: str) -> None:
    """EDT-02, EDT-01: words that nobody has read are not deleted: the newest text is shown first, with the
    reason as it was typed."""
    path = sent(school, form)[0].replace("/edit", "/delete")
    lead = web(school, "lead")
    begun = next(one for one in lead.get(path).forms.values() if "reason" in one.fields)
    change(school, path, "He hit her.")
    begun["reason"] = "Nothing in it."
    page = begun.submit(status=409)
    said = words_of(page)
    assert "Hugo Head changed this while you were reading" in said
    assert "He hit her." in page.html.select_one(".conflict .as-typed:not(.differing)").get_text()
    assert page.html.select_one(".conflict .differing ins") is not None
    incident, action = one_of(school, path)
    assert incident.deleted_at is None and action.deleted_at is None
    again = next(one for one in page.forms.values() if "reason" in one.fields)
    assert again["reason"].value == "Nothing in it." and again["version"].value == "2"
    again.submit(status=302)
    incident, action = one_of(school, path)
    assert (incident if form == "edit" else action).deleted_at is not None
    for version in ("", "x", "9" * 5_000):
        lead.submit(path, {"reason": "Twice.", "version": version}, status=404)
