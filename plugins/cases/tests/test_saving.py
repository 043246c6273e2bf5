"""What is kept of a case, and that a fault of the module costs no incident."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from cpoms_cases import services
from cpoms_cases.models import Case, CaseChange
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from cpoms_core.access.identity import system_viewer
from cpoms_core.database.types import new_id
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Work
from cpoms_core.outbox.mail import word_mail
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.retries import retry_hook
from cpoms_core.testing.schools import SchoolForTests


def fail(*_arguments: Any, **_more: Any) -> None:
    raise RuntimeError("on purpose")


def try_again(school: SchoolForTests, times: int = 1) -> None:
    """What the worker does with the hook that failed."""
    with school.app.session(school.id, writes=False) as db:
        item = db.scalars(select(OutboxItem).where(OutboxItem.kind == "hook")).one()
    for _ in range(times):
        with school.app.transaction(school.id) as db:
            retry_hook(db, system_viewer(db), item.payload)


def test_the_mail_says_who_assigned_and_nothing_else(
    school: SchoolForTests, record: Any, stored: Any
) -> None:
    """CAS-02, INC-09: no student, no text, no category."""
    record(school, assignee="head")
    (item,) = (one for one in stored.outbox("mail") if one.payload["template"] == "cases.assigned")
    with school.app.session(school.id, writes=False) as db:
        message = word_mail(db, system_viewer(db), Work(item.id, item.payload, item.created_at))
    assert message["To"] == school.emails["head"]
    assert "Lena Lead has assigned you an incident" in message.get_content()
    for word in ("Aoife", "O'Connor", "quiet", "Behaviour"):
        assert word not in message.as_string()


def test_a_hook_that_raises_loses_no_incident_and_is_tried_again(
    school: SchoolForTests, record: Any, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CAS-01, MOD-04: the incident is there at once, the case and its mail once the module works again."""
    with monkeypatch.context() as broken:
        broken.setattr("cpoms_cases.services.open_case", fail)
        incident = record(school, assignee="head", status="closed")
    assert [one.id for one in stored.incidents()] == [incident.id]
    assert stored.case(incident.id) is None
    assert stored.mails() == []
    try_again(school, times=2)
    case = stored.case(incident.id)
    assert (case.status, case.assignee_id, case.version) == ("closed", school.users["head"], 1)
    assert case.changed_by == school.users["lead"], "on behalf of who recorded it"
    assert stored.mails() == ["head"]


def test_what_was_changed_meanwhile_stands(
    school: SchoolForTests, record: Any, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CAS-01: a late retry adds what was chosen on the form, and takes nothing back."""
    with monkeypatch.context() as broken:
        broken.setattr("cpoms_cases.services.open_case", fail)
        incident = record(school, assignee="head", status="active")
    with school.app.transaction(school.id) as db:
        services.change_status(PluginSession(db), school.viewer("lead"), incident.id, "closed")
    try_again(school)
    case = stored.case(incident.id)
    assert (case.status, case.assignee_id) == ("closed", school.users["head"])
    assert [(one.to_status, one.with_form) for one in stored.changes(incident.id)] == [
        ("closed", False),
        ("closed", True),
    ]


def test_a_broken_check_lets_nobody_unfit_be_assigned(
    school: SchoolForTests, record: Any, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CAS-01: where the form could not be checked the concern is recorded, assigned to nobody."""
    monkeypatch.setattr("cpoms_cases.queries.objection", fail)
    incident = record(school, assignee="head", categories=["Child Protection"])
    case = stored.case(incident.id)
    assert (case.status, case.assignee_id) == ("active", None)
    assert stored.mails() == []


def test_a_broken_form_field_or_panel_costs_its_place_only(
    school: SchoolForTests, web: Any, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MOD-04: form, chronology and dashboard open without the module's parts."""
    record(school, assignee="lead")
    for name in ("forms.incident_fields", "queries.standings", "queries.assigned_to"):
        monkeypatch.setattr(f"cpoms_cases.{name}", fail)
    lead = web(school, "lead")
    assert not lead.get("/incidents/add").html.select("[name^=cases-]")
    page = lead.get(f"/students/{school.students['aoife']}/incidents")
    assert "She was very quiet" in page.text
    assert "Status:" not in page.text
    assert "My assigned" not in lead.get("/").text


def test_the_history_cannot_be_changed(school: SchoolForTests, record: Any) -> None:
    """CAS-07's ground: the database itself refuses, whoever asks."""
    record(school)
    for statement in (update(CaseChange).values(to_status="lost"), delete(CaseChange), delete(Case)):
        with (
            pytest.raises(DBAPIError, match="rows are kept"),
            school.app.transaction(school.id) as db,
        ):
            db.execute(statement.execution_options(synchronize_session=False))


def test_a_student_s_cases_are_exported_even_switched_off(
    school: SchoolForTests, record: Any, switch: Any
) -> None:
    """CAS-06: what the module holds on a student is not forgotten where it is off."""
    incident = record(school, assignee="head")
    with school.app.transaction(school.id) as db:
        services.change_status(PluginSession(db), school.viewer("head"), incident.id, "closed")
    switch(False)
    with school.app.session(school.id, writes=False) as db:
        held = school.app.hooks.always(
            "export_student", db, school.viewer("lead"), student_id=school.students["aoife"]
        )["cases"]
        other = school.app.hooks.always(
            "export_student", db, school.viewer("lead"), student_id=school.students["chloe"]
        )["cases"]
    assert [(one["by"], one["status"], one["assigned_to"]) for one in held["cases"]] == [
        ("Lena Lead", "active", "Hugo Head"),
        ("Hugo Head", "closed", "Hugo Head"),
    ]
    assert other == {"cases": []}


def test_nothing_there_for_an_id_of_nothing(school: SchoolForTests) -> None:
    """USR-12.7: a service loads what it changes through policy."""
    with school.app.transaction(school.id) as db:
        for change in (
            lambda: services.change_status(PluginSession(db), school.viewer("lead"), new_id(), "closed"),
            lambda: services.assign(PluginSession(db), school.viewer("lead"), new_id(), None),
        ):
            with pytest.raises(services.NothingThere):
                change()


def test_changes_at_one_moment_are_all_kept_in_order(
    school: SchoolForTests, record: Any, stored: Any, switch: Any
) -> None:
    """CAS-01: the first change too, for which there is no row of the module's to lock."""
    switch(False)
    incident = record(school)
    switch(True)
    lead = school.viewer("lead")

    def change(turn: int) -> None:
        with school.app.transaction(school.id) as db:
            chosen = school.users["head"] if turn % 2 else None
            services.assign(PluginSession(db), lead, incident.id, chosen)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(change, range(18)))
    changes = stored.changes(incident.id)
    assert [one.version for one in changes] == list(range(1, len(changes) + 1))
    assert all(before.to_assignee_id == after.from_assignee_id for before, after in pairwise(changes))
    assert stored.mails() == ["head"] * len([one for one in changes if one.to_assignee_id])
    assert len(changes) > 0
