"""Calls that failed and are made again later: once, and not behind what was put in since (MOD-04, FRM-03)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from cpoms_formbuilder import saving
from custom_fields import chronology, options, shown

from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students import matching
from cpoms_core.students.typed_in import TypedStudent, add_typed_in
from cpoms_core.testing.browsing import form_with
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.worker import work

Failing = Callable[[], AbstractContextManager[None]]
Edit = Callable[..., None]


@pytest.fixture
def failing() -> Failing:
    """While it lasts, the module keeps nothing: what it is told waits for the worker."""

    def broken(*_arguments: Any) -> None:
        raise RuntimeError("for the test")

    @contextmanager
    def fail() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("cpoms_formbuilder.hooks._save", broken)
            yield

    return fail


@pytest.fixture
def edit(records: Any) -> Edit:
    """Saves the form that edits a record, with these values in it."""

    def fill(path: str, **values: str) -> None:
        form = form_with(records.lead.get(f"{path}/edit"), next(iter(values)))
        for name, value in values.items():
            form[name] = value
        assert form.submit().status_int in (302, 303)

    return fill


@pytest.mark.parametrize("later", ["", "Gate", "Yard"], ids=["emptied", "as before", "another"])
def test_what_was_put_in_since_stays(
    builder: Any, records: Any, school: SchoolForTests, failing: Failing, edit: Edit, later: str
) -> None:
    """A value that failed does not come behind a later version, whatever that says."""
    name = builder.field("Where")
    builder.publish()
    incident = records.add(**{name: "Gate"})
    path = f"/incidents/{incident.id}"
    with failing():
        edit(path, **{name: "Hall"})
    edit(path, **{name: later}, text="Another word.")
    work(school, later=True)
    assert [one[1] for one in records.kept()] == ([later] if later else [])
    assert "Hall" not in [one[1] for one in records.kept(ended=True)]


def test_what_is_in_nothing_later_is_kept(
    builder: Any, records: Any, school: SchoolForTests, failing: Failing, edit: Edit, switch: Any
) -> None:
    """A later version without the field does not count, as of a time when the module was off."""
    name = builder.field("Where")
    builder.publish()
    incident = records.add(**{name: "Gate"})
    path = f"/incidents/{incident.id}"
    with failing():
        edit(path, **{name: "Hall"})
    switch(False)
    edit(path, text="Another word.")
    switch(True)
    work(school, later=True)
    assert records.kept() == [("Where", "Hall", 2)]


def test_what_was_chosen_waits_as_well(
    builder: Any, records: Any, school: SchoolForTests, failing: Failing, edit: Edit
) -> None:
    """Of two that wait the later one counts, in whatever order they are made again."""
    name = builder.field("Where", "dropdown", options=["Hall", "Yard"])
    builder.publish()
    known = options(school, name)
    with failing():
        incident = records.add(**{name: known["Hall"]})
        edit(f"/incidents/{incident.id}", **{name: known["Yard"]})
    work(school, later=True)
    assert records.kept() == [("Where", "Yard", 2)]


def test_a_field_that_was_deleted_meanwhile_keeps_its_value(
    builder: Any, records: Any, school: SchoolForTests, failing: Failing
) -> None:
    """FRM-03: what was put in while there was the field is shown, as of a former one."""
    name = builder.field("Where")
    builder.publish()
    with failing():
        records.add(**{name: "Gate"})
    builder.do(name, "delete")
    builder.publish()
    work(school, later=True)
    assert shown(chronology(records)) == [("Where (former field)", "Gate")]


@pytest.mark.parametrize("registers", ["", "her uncle"], ids=["alone", "both"])
def test_a_student_who_was_matched_meanwhile(
    builder: Any, records: Any, school: SchoolForTests, failing: Failing, edit: Edit, registers: str
) -> None:
    """INC-02: what waited is kept on the record that the child has now, unless that has its own."""
    name = builder.field("Walks with", form="student")
    builder.publish("student")
    with school.app.transaction(school.id) as db:
        old = add_typed_in(db, school.viewer("teacher"), TypedStudent("Oonagh", "Byrne", None)).id
    new: uuid.UUID = school.students["aoife"]
    with failing():
        edit(f"/students/{old}", **{name: "her aunt"})
    edit(f"/students/{new}", **{name: registers})
    with school.app.transaction(school.id) as db:
        version = matching.match(db, school.viewer("lead"), old, new).version
    work(school, later=True)
    assert shown(records.lead.get(f"/students/{new}")) == [("Walks with", registers or "her aunt")]
    if not registers:
        assert records.kept() == [("Walks with", "her aunt", version)]


def test_told_twice_it_is_kept_once(builder: Any, records: Any, school: SchoolForTests) -> None:
    """MOD-04: the same call again changes nothing."""
    name = builder.field("Where")
    builder.publish()
    incident = records.add(**{name: "Gate"})
    with school.app.transaction(school.id) as db:
        saving.save(PluginSession(db), school.viewer("lead"), "incident", incident.id, 1, {name: "Gate"})
    assert records.kept() == [("Where", "Gate", 1)]
    assert records.kept(ended=True) == []
