"""USR-03, audit_subjects: what a deed was about, where that is a row of a module."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from cpoms_core.application import Application
from cpoms_core.audit.of_student import audits_about
from cpoms_core.audit.queries import Filters
from cpoms_core.audit.services import entry, write_entries
from cpoms_core.audit.subjects import Subject, read_subjects
from cpoms_core.hooks.types import AuditSubject
from cpoms_core.testing.conformance import turn
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests, make_school

NOTE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
def school(probe_app: Application) -> SchoolForTests:
    return make_school(probe_app)


def read(school: SchoolForTests, *ids: uuid.UUID) -> dict[uuid.UUID, Subject]:
    with school.app.session(school.id, writes=False) as db:
        return read_subjects(db, school.viewer("lead"), ids)


def test_a_module_names_its_own_rows(school: SchoolForTests) -> None:
    """USR-03: it is asked once, for what the core does not know; where it is off it is not asked."""
    asked: list[Any] = []

    def name(ids: Sequence[uuid.UUID], **_others: Any) -> dict[uuid.UUID, list[AuditSubject]]:
        asked.append(set(ids))
        return {NOTE: [AuditSubject("a note")], OTHER: []}

    teacher = school.users["teacher"]
    with behaviour.instead("audit_subjects", name):
        found = read(school, NOTE, OTHER, teacher)
        assert found[NOTE] == Subject("a note") and found[teacher].kind == "user" and OTHER not in found
        assert asked == [{NOTE, OTHER}]
        read(school, teacher)
        turn(school, "probe", False)
        assert read(school, NOTE) == {}
    assert len(asked) == 1


def test_it_names_nothing_else(school: SchoolForTests) -> None:
    """USR-12.7: not what the core has named or hidden, and nothing that was not asked for."""
    teacher = school.users["teacher"]
    told = {teacher: [AuditSubject("a note")], OTHER: [AuditSubject("a note")]}
    with behaviour.instead("audit_subjects", lambda **_: told):
        found = read(school, NOTE, teacher)
    assert found.keys() == {teacher} and found[teacher].text == "Tariq Teacher"


def test_one_that_fails_leaves_the_rest(school: SchoolForTests) -> None:
    """MOD-04: the audit is readable all the same."""

    def fail(**_others: Any) -> Any:
        raise RuntimeError("broken")

    with behaviour.instead("audit_subjects", fail):
        assert read(school, NOTE, school.users["teacher"]).keys() == {school.users["teacher"]}


def test_what_it_does_not_name_is_not_told_on_a_students_record(school: SchoolForTests) -> None:
    """STU-08, USR-12.7: of a module's deeds those are left out that are about a row which it does not name to
    the reader, and without the hook all that are about any; who did it reads it, and what is about records of
    the core only is told."""
    aoife, other = school.students["aoife"], school.students["chloe"]

    def told(who: str, about: dict[uuid.UUID, list[AuditSubject]]) -> list[str]:
        with (
            behaviour.instead("audit_subjects", lambda **_: about),
            school.app.session(school.id, writes=False) as db,
        ):
            rows = audits_about(db, school.viewer(who), aoife, Filters()).rows
        return [row.phrase for row in rows if "probe" in row.phrase]

    viewer = school.viewer("lead")
    with school.app.transaction(school.id) as db:
        for subjects in ([aoife, NOTE, other], [aoife]):
            event = "probe.viewed" if NOTE in subjects else "probe.student"
            write_entries(db, [entry(viewer, event, subjects)])
    always, named = "Opened the probe's page of a student", "Read a note of the probe"
    assert told("head", {}) == [always]
    assert sorted(told("head", {NOTE: [AuditSubject("a note")]})) == [always, named]
    assert sorted(told("lead", {})) == [always, named]
