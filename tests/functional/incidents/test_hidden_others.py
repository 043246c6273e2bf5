"""History and audit of an incident (EDT-01, EDT-09) after an action was split off as one that the viewer may
not see, and the other way round: neither tells of the other (USR-12.7)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident, IncidentCategory
from cpoms_core.incidents.services import (
    IncidentEdit,
    Linked,
    Merge,
    NewAction,
    Split,
    edit_incident,
    merge_incident,
    record_action,
    split_action,
)
from cpoms_core.testing.browsing import Browser, form_with, text_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def split(school: SchoolForTests, incident: Incident, category: str) -> Incident:
    """Records an action under the incident, and splits it off in a category."""
    lead = school.viewer("lead")
    with school.app.transaction(school.id) as db:
        new = NewAction(new_id(), incident.id, "She disclosed.", utc_now())
        action_id = record_action(db, lead, new).id
    with school.app.transaction(school.id) as db:
        return split_action(db, lead, Split(action_id, 1, [school.categories[category]]))


def history(browser: Browser, incident: Incident) -> str:
    return text_of(browser.get(f"/incidents/{incident.id}/history"))


def audit(browser: Browser, incident: Incident) -> str:
    return text_of(browser.get(f"/incidents/{incident.id}/audit"))


def entries(page: Any) -> str:
    """What a list of audits says, without the words of its filters."""
    return " ".join(row.get_text(" ") for row in page.html.select("#entries > li"))


@pytest.fixture
def head(school: SchoolForTests, web: Any) -> Browser:
    browser: Browser = web(school, "head")
    return browser


def test_what_was_split_off_out_of_sight_has_no_number(
    school: SchoolForTests, web: Any, head: Browser
) -> None:
    """Something changed, and that is all; who sees both is told which it was."""
    incident = add_incident(school, "Ordinary.", "lead")
    made = split(school, incident, "Child Protection")
    head.get(f"/incidents/{made.id}", status=404)
    told = f"incident {made.number}"
    assert ": Edited" in history(head, incident)
    for words in (history(head, incident), audit(head, incident)):
        assert told not in words and "plit" not in words
    assert str(made.id) not in head.get(f"/incidents/{incident.id}/history").text
    assert "Edited an incident" in audit(head, incident)
    lead = web(school, "lead")
    assert f"Action split off as {told}" in history(lead, incident)
    assert f"({told}, out of {incident.number}" in audit(lead, incident)


def test_it_does_not_say_out_of_which_it_came_either(school: SchoolForTests, web: Any, head: Browser) -> None:
    hidden = add_incident(school, "Secret.", category_ids=[school.categories["Child Protection"]])
    made = split(school, hidden, "Behaviour")
    assert "Recorded" in history(head, made)
    for words in (history(head, made), audit(head, made)):
        assert f"incident {hidden.number}" not in words and f"out of {hidden.number}" not in words
        assert "Split" not in words
    page = head.get(f"/incidents/{made.id}/history")
    was = head.get(page.html.find("a", href=re.compile("/actions/"))["href"])
    assert "She disclosed." in was.text and f"incident {made.number}" in was.text
    assert f"incident {hidden.number}" not in was.text
    assert f"Split off from incident {hidden.number}" in history(web(school, "lead"), made)


def test_what_was_merged_and_is_hidden_since_has_no_number(
    school: SchoolForTests, web: Any, head: Browser
) -> None:
    """While it is merged, who sees the one sees the other; split off again out of sight, it is nobody's."""
    first, into = add_incident(school, "First."), add_incident(school, "Second.")
    lead = school.viewer("lead")
    with school.app.transaction(school.id) as db:
        action = merge_incident(db, lead, Merge(first.id, first.version, into.id, into.version))
        action_id, version = action.id, action.version
    told = f"Incident {first.number} merged into this one"
    assert told in history(head, into)
    assert f"({first.number} into {into.number}" in audit(head, into)
    with school.app.transaction(school.id) as db:
        split_action(db, lead, Split(action_id, version, [school.categories["Child Protection"]]))
    assert told not in history(head, into)
    words = audit(head, into)
    assert f"{first.number} into {into.number}" not in words and "merged" not in words.lower()
    assert told in history(web(school, "lead"), into)


def merged_out_of_sight(school: SchoolForTests, edit: bool = False) -> tuple[Incident, Incident]:
    """An incident about Chloë that "head" may not see, merged into an ordinary one and split off again.
    `edit`: that one was edited in between."""
    lead = school.viewer("lead")
    chloe, secret = school.students["chloe"], school.categories["Child Protection"]
    into = add_incident(school, "Ordinary.")
    hidden = add_incident(school, "Secret.", student_id=chloe, category_ids=[secret])
    with school.app.transaction(school.id) as db:
        merge = Merge(hidden.id, hidden.version, into.id, into.version)
        action = merge_incident(db, lead, merge)
        action_id, version = action.id, action.version
    if edit:
        of_both = [secret, school.categories["Behaviour"], school.categories["Attendance"]]
        links = [Linked(chloe, monitor=True)]
        with school.app.transaction(school.id) as db:
            now = db.get_one(Incident, (school.id, into.id))
            edit_incident(
                db, lead, IncidentEdit(into.id, now.version, "More.", now.occurred_at, of_both, [], links)
            )
        with school.app.transaction(school.id) as db:
            now = db.get_one(Incident, (school.id, into.id))
            ordinary = [school.categories["Behaviour"], school.categories["Attendance"]]
            edit_incident(db, lead, IncidentEdit(into.id, now.version, "More.", now.occurred_at, ordinary))
    with school.app.transaction(school.id) as db:
        split_action(db, lead, Split(action_id, version, [secret]))
    return into, hidden


@pytest.mark.parametrize("edit", [False, True])
def test_who_and_what_came_with_it_is_not_told(
    school: SchoolForTests, web: Any, head: Browser, edit: bool
) -> None:
    """EDT-01, EDT-05: neither the child nor the category, by the versions of merging and splitting, or by an
    edit in between; what is the incident's own is told."""
    into, hidden = merged_out_of_sight(school, edit)
    head.get(f"/incidents/{hidden.id}", status=404)
    words = history(head, into)
    assert "Chlo" not in words and "Child Protection" not in words and "erged" not in words
    assert ("Attendance" in words) is edit
    told = history(web(school, "lead"), into)
    assert "Chlo" in told and "Child Protection" in told


def test_what_came_with_it_is_not_brought_back(school: SchoolForTests, web: Any, head: Browser) -> None:
    """EDT-01: of a version of that time the words come back; its categories are those that are there, or it
    would be seen by others than it was."""
    into, _hidden = merged_out_of_sight(school, edit=True)
    form = next(
        one
        for one in head.get(f"/incidents/{into.id}/history").forms.values()
        if "restore" in one.fields and one["restore"].value == "2"
    )
    page = form.submit(status=302).follow().follow()
    assert "Its categories stayed as they were" in text_of(page)
    with school.app.session(school.id, writes=False) as db:
        of_it = IncidentCategory.incident_id == into.id
        kept = set(db.scalars(select(IncidentCategory.category_id).where(of_it)))
        assert kept == {school.categories["Behaviour"], school.categories["Attendance"]}
    assert "Chlo" not in page.text


def test_a_forged_version_says_no_more_of_it(school: SchoolForTests, web: Any, head: Browser) -> None:
    """EDT-01, EDT-02: the pages that say what was changed since a form was opened."""
    into, _hidden = merged_out_of_sight(school, edit=True)
    form = form_with(head.get(f"/incidents/{into.id}/edit"), "version")
    form["version"].force_value("2")
    form["text"] = "Mine."
    deleted = {"version": "2", "reason": "Wrong"}
    for page in (form.submit(status=409), head.submit(f"/incidents/{into.id}/delete", deleted, status=409)):
        told = text_of(page)
        assert "More." in told and "Chlo" not in told and "Child Protection" not in told


def test_an_action_is_not_told_of_what_its_old_incident_was_merged_with(
    school: SchoolForTests, head: Browser
) -> None:
    """EDT-04, EDT-05: it was split off before, and its versions are of that time."""
    lead, secret = school.viewer("lead"), [school.categories["Child Protection"]]
    source = add_incident(school, "Secret.", category_ids=secret, linked=[Linked(school.students["björn"])])
    with school.app.transaction(school.id) as db:
        new = NewAction(new_id(), source.id, "She disclosed.", utc_now(), on_linked=True)
        action_id = record_action(db, lead, new).id
    with school.app.transaction(school.id) as db:
        split_action(db, lead, Split(action_id, 1, [school.categories["Behaviour"]]))
    before = text_of(head.get(f"/actions/{action_id}/history"))
    other = add_incident(school, "Other.", category_ids=secret, student_id=school.students["chloe"])
    with school.app.transaction(school.id) as db:
        source_now = db.get_one(Incident, (school.id, source.id))
        merge_incident(db, lead, Merge(other.id, other.version, source.id, source_now.version))
    assert text_of(head.get(f"/actions/{action_id}/history")) == before


def test_the_students_audit_and_the_users_name_none_either(
    school: SchoolForTests, web: Any, head: Browser
) -> None:
    """STU-08, USR-03."""
    incident = add_incident(school, "Ordinary.", "lead")
    made = split(school, incident, "Child Protection")
    told = f"incident {made.number}, out of"
    page = text_of(head.get(f"/students/{school.students['aoife']}/audits"))
    assert told not in page
    assert "Edited an incident" in entries(head.get(f"/students/{school.students['aoife']}/audits"))
    assert told in text_of(web(school, "lead").get(f"/students/{school.students['aoife']}/audits"))
    assert told not in text_of(web(school, "admin").get(f"/admin/users/{school.users['lead']}/audits"))


def test_it_is_found_as_what_it_is_said_to_be(school: SchoolForTests, head: Browser) -> None:
    """STU-08: an edit that no filter for edits finds would say that it is none."""
    split(school, add_incident(school, "Ordinary.", "lead"), "Child Protection")
    form = form_with(head.get(f"/students/{school.students['aoife']}/audits"), "event")
    form["event"] = "incident.edited"
    assert "Edited an incident" in entries(form.submit())


def test_it_is_not_found_by_the_name_of_what_was_done(school: SchoolForTests, head: Browser) -> None:
    """STU-08: filtered by it, the student's audit would say which change it was."""
    split(school, add_incident(school, "Ordinary.", "lead"), "Child Protection")
    path = f"/students/{school.students['aoife']}/audits"

    def found(**asked: str) -> bool:
        form = form_with(head.get(path), "event")
        for name, value in asked.items():
            form[name] = value
        return "Edited an incident" in entries(form.submit())

    assert found(kind="changed") and not found(event="action.split")


def test_the_number_of_queries_does_not_grow(school: SchoolForTests, head: Browser) -> None:
    incident = add_incident(school, "Ordinary.", "lead")

    def statements(splits: int) -> list[int]:
        for _ in range(splits):
            split(school, incident, "Child Protection")
        asked = []
        for read in (history, audit):
            read(head, incident)
            with counted(school.app.engines) as ran:
                read(head, incident)
            asked.append(ran.number)
        return asked

    assert statements(1) == statements(4)
