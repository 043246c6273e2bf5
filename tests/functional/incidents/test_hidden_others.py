"""History and audit of an incident (EDT-01, EDT-09) after an action was split off as one that the viewer may
not see, and the other way round: neither tells of the other (USR-12.7)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import (
    Merge,
    NewAction,
    Split,
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
    assert "Changed" in history(head, incident)
    for words in (history(head, incident), audit(head, incident)):
        assert told not in words and "plit" not in words
    assert str(made.id) not in head.get(f"/incidents/{incident.id}/history").text
    assert "Changed an incident" in audit(head, incident)
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


def test_the_students_audit_and_the_users_name_none_either(
    school: SchoolForTests, web: Any, head: Browser
) -> None:
    """STU-08, USR-03."""
    incident = add_incident(school, "Ordinary.", "lead")
    made = split(school, incident, "Child Protection")
    told = f"incident {made.number}, out of"
    page = text_of(head.get(f"/students/{school.students['aoife']}/audits"))
    assert told not in page and "Changed an incident" in page
    assert told in text_of(web(school, "lead").get(f"/students/{school.students['aoife']}/audits"))
    assert told not in text_of(web(school, "admin").get(f"/admin/users/{school.users['lead']}/audits"))


def test_it_is_not_found_by_the_name_of_what_was_done(school: SchoolForTests, head: Browser) -> None:
    """STU-08: filtered by it, the student's audit would say which change it was."""
    split(school, add_incident(school, "Ordinary.", "lead"), "Child Protection")
    path = f"/students/{school.students['aoife']}/audits"

    def found(**asked: str) -> bool:
        form = form_with(head.get(path), "event")
        for name, value in asked.items():
            form[name] = value
        return "Changed an incident" in text_of(form.submit())

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
