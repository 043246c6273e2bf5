"""What versions tell after merges and splits in chains, at the same time and beside other changes, to who may
not know of one of the incidents (EDT-01, EDT-04, EDT-05, USR-12.7): neither its child nor its category."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident, IncidentCategory
from cpoms_core.incidents.services import (
    IncidentEdit,
    Linked,
    Merge,
    NewAction,
    Split,
    delete_action,
    edit_incident,
    merge_incident,
    record_action,
    restore_action,
    split_action,
)
from cpoms_core.students.matching import match
from cpoms_core.students.typed_in import TypedStudent, add_typed_in
from cpoms_core.testing.browsing import Browser, form_with, text_of
from cpoms_core.testing.records import add_incident, rows
from cpoms_core.testing.schools import SchoolForTests

Told = Callable[[Incident], str]


class Lead:
    """The lead at work on incidents, of which "head" may see those of Behaviour and of Attendance."""

    def __init__(self, school: SchoolForTests) -> None:
        self.school, self.viewer = school, school.viewer("lead")

    def about(self, who: str, *names: str, **more: Any) -> Incident:
        of_it = [self.school.categories[name] for name in names or ("Behaviour",)]
        student = more.pop("student_id", None) or self.school.students[who]
        return add_incident(self.school, f"Of {who}.", student_id=student, category_ids=of_it, **more)

    def now(self, of: Any) -> Any:
        (found,) = rows(self.school, type(of), type(of).id == of.id)
        return found

    def merge(self, one: Incident, into: Incident) -> Action:
        with self.school.app.transaction(self.school.id) as db:
            wanted = Merge(one.id, self.now(one).version, into.id, self.now(into).version)
            return merge_incident(db, self.viewer, wanted)

    def split(self, action: Action, *names: str) -> Incident:
        of_it = [self.school.categories[name] for name in names or ("Child Protection",)]
        with self.school.app.transaction(self.school.id) as db:
            return split_action(db, self.viewer, Split(action.id, self.now(action).version, of_it))

    def edit(self, incident: Incident, *names: str, ticks: Any = ()) -> None:
        now, of_it = self.now(incident), [self.school.categories[name] for name in names]
        edit = IncidentEdit(incident.id, now.version, f"{now.text} More.", now.occurred_at, of_it, [], ticks)
        with self.school.app.transaction(self.school.id) as db:
            edit_incident(db, self.viewer, edit)

    def act(self, incident: Incident, **more: Any) -> Action:
        new = NewAction(new_id(), incident.id, "Rang home.", utc_now(), **more)
        with self.school.app.transaction(self.school.id) as db:
            return record_action(db, self.viewer, new)


@pytest.fixture
def lead(school: SchoolForTests) -> Lead:
    return Lead(school)


@pytest.fixture
def head(school: SchoolForTests, web: Any) -> Browser:
    browser: Browser = web(school, "head")
    return browser


def categories(school: SchoolForTests, incident: Incident) -> set[str]:
    ids = rows(school, IncidentCategory.category_id, IncidentCategory.incident_id == incident.id)
    return {name for name, one in school.categories.items() if one in ids}


def history(browser: Browser, of: Incident | Action) -> str:
    kind = "incidents" if isinstance(of, Incident) else "actions"
    return text_of(browser.get(f"/{kind}/{of.id}/history"))


def restored(browser: Browser, incident: Incident, version: int) -> None:
    forms = browser.get(f"/incidents/{incident.id}/history").forms.values()
    chosen = (one for one in forms if "restore" in one.fields and one["restore"].value == str(version))
    next(chosen).submit(status=302)


def says_nothing(words: str) -> None:
    assert "Chlo" not in words and "Child Protection" not in words


def test_a_restored_version_never_loses_its_categories(
    school: SchoolForTests, lead: Lead, head: Browser
) -> None:
    """EDT-01, USR-12.5: an incident without any would be seen by everybody."""
    incident = lead.about("aoife")
    action = lead.merge(lead.about("chloe", "Child Protection"), incident)
    lead.edit(incident, "Child Protection")
    lead.edit(incident, "Behaviour")
    lead.split(action)
    restored(head, incident, 3)
    assert categories(school, incident) == {"Behaviour"}


def test_a_form_that_was_open_brings_nothing_back(school: SchoolForTests, lead: Lead, head: Browser) -> None:
    """EDT-01, EDT-05: what left with the other incident was not ticked by who saves second."""
    incident = lead.about("aoife")
    action = lead.merge(lead.about("chloe", "Attendance"), incident)
    form = form_with(head.get(f"/incidents/{incident.id}/edit"), "version")
    form["text"] = "Mine."
    lead.split(action)
    again = form.submit(status=409)
    says_nothing(text_of(again))
    form_with(again, "version").submit(status=302)
    assert categories(school, incident) == {"Behaviour"}


def test_in_a_chain_of_merges(lead: Lead, head: Browser) -> None:
    """EDT-04: the last one was merged with one that the reader knows."""
    hidden, between, incident = (
        lead.about("chloe", "Child Protection"),
        lead.about("aoife"),
        lead.about("aoife"),
    )
    action = lead.merge(hidden, between)
    lead.merge(between, incident)
    lead.split(action)
    words = history(head, incident)
    assert f"Incident {between.number} merged into this one" in words
    says_nothing(words)


def test_of_two_at_the_same_time(lead: Lead, head: Browser) -> None:
    incident = lead.about("aoife")
    first = lead.merge(lead.about("chloe", "Child Protection"), incident)
    second = lead.merge(lead.about("chloe", "Child Protection"), incident)
    lead.split(first)
    lead.edit(
        incident,
        "Behaviour",
        "Child Protection",
        "Attendance",
        ticks=[Linked(lead.school.students["chloe"], True)],
    )
    lead.split(second)
    lead.edit(incident, "Behaviour")
    words = history(head, incident)
    assert "Attendance" in words
    says_nothing(words)


def test_of_a_child_who_was_typed_in_and_matched_since(
    school: SchoolForTests, lead: Lead, head: Browser
) -> None:
    """INC-02."""
    with school.app.transaction(school.id) as db:
        typed = add_typed_in(db, lead.viewer, TypedStudent("Klo", "Martin", None)).id
    incident = lead.about("aoife")
    action = lead.merge(lead.about("typed", "Child Protection", student_id=typed), incident)
    with school.app.transaction(school.id) as db:
        match(db, school.viewer("admin"), typed, school.students["chloe"])
    lead.split(action)
    says_nothing(history(head, incident))


def test_of_an_action_that_was_restored_meanwhile(school: SchoolForTests, lead: Lead, head: Browser) -> None:
    incident = lead.about("aoife", linked=[Linked(school.students["björn"])])
    action = lead.act(incident, on_linked=True)
    with school.app.transaction(school.id) as db:
        delete_action(db, lead.viewer, action.id, "Wrong", opened=1)
    merged = lead.merge(lead.about("chloe", "Child Protection"), incident)
    with school.app.transaction(school.id) as db:
        restore_action(db, lead.viewer, action.id)
    lead.split(merged)
    says_nothing(history(head, action))


def test_of_what_it_was_merged_into(school: SchoolForTests, lead: Lead, head: Browser) -> None:
    """EDT-05: the action was with it there, and is back."""
    hidden = lead.about("chloe", "Child Protection", linked=[Linked(school.students["björn"])])
    incident = lead.about("aoife")
    action = lead.act(incident)
    lead.split(lead.merge(incident, hidden), "Behaviour")
    for words in (history(head, incident), history(head, action)):
        says_nothing(words)
        assert "Björn" not in words and "erged" not in words and "plit" not in words
    assert not head.get(f"/incidents/{incident.id}/history").html.find("a", href=re.compile("/actions/"))


def test_what_is_its_own_later_is_told(school: SchoolForTests, lead: Lead, head: Browser) -> None:
    """EDT-01: whom somebody links openly is no secret of the other incident's any more."""
    incident = lead.about("aoife")
    lead.split(lead.merge(lead.about("chloe", "Child Protection"), incident))
    says_nothing(history(head, incident))
    path = f"/incidents/{incident.id}/add-to"
    form = form_with(head.get(path), "linked")
    form["linked"].force_value([str(school.students["chloe"])])
    form.submit(status=302)
    assert "Chlo" in history(head, incident)
