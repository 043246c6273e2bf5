"""What others did with events, in the audit of the student or incident that they are about: only for who sees
the event (PLN-01, STU-08, EDT-09, USR-12.7)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from cpoms_planner.services import Typed, remove_event
from sqlalchemy import select

from cpoms_core.audit.models import AuditEntry
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.browsing import form_with, text_of
from cpoms_core.testing.conformance import turn
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

Make = Callable[..., uuid.UUID]
ADDED = "Added an event to the planner"


@pytest.fixture
def read(school: SchoolForTests, web: Any) -> Callable[[str], str]:
    """What a user reads in the audit report of Aoife."""

    def words(who: str) -> str:
        page = web(school, who).get(f"/students/{school.students['aoife']}/audits")
        return " / ".join(" ".join(row.get_text(" ").split()) for row in page.html.select("#entries > li"))

    return words


def conference(school: SchoolForTests, **more: Any) -> Typed:
    day = dt.date(2026, 12, 1)
    return Typed("CP conference", day, student_ids=[school.students["aoife"]], **more)


def test_a_private_event_is_in_its_owners_reading_only(
    school: SchoolForTests, make: Make, read: Callable[[str], str]
) -> None:
    make("lead", conference(school))
    assert ADDED in read("lead")
    words = read("head")
    assert ADDED not in words and "conference" not in words


def test_nor_do_the_pages_tell_how_many_there_are(school: SchoolForTests, make: Make, web: Any) -> None:
    """STU-08: what is told fills its pages, and the key of the next one is that of something told."""
    for number in range(60):
        add_incident(school, f"Note {number}.")
        make("lead", conference(school))
    head, path = web(school, "head"), f"/students/{school.students['aoife']}/audits"
    page, rows, keys = head.get(path), [], []
    while True:
        rows.append(len(page.html.select("#entries > li")))
        field = page.html.select_one("input[name=before]")
        if field is None:
            break
        keys.append(uuid.UUID(field["value"].partition("~")[2]))
        page = form_with(page, "before").submit()
    assert rows[0] == 50 and all(rows)
    with school.app.session(school.id, writes=False) as db:
        ends = list(db.scalars(select(AuditEntry.event).where(AuditEntry.id.in_(keys))))
    assert ends and not any(one.startswith("planner.") for one in ends)


def test_who_sees_the_event_reads_who_added_it(
    school: SchoolForTests, make: Make, read: Callable[[str], str]
) -> None:
    make("lead", conference(school, share_ids=[school.users["head"]]))
    assert f"{ADDED}: CP conference, in the planner" in read("head")
    turn(school, "planner", False)
    assert ADDED not in read("head")


def test_a_public_one_that_was_removed_is_for_who_may_restore_it(
    school: SchoolForTests, make: Make, read: Callable[[str], str]
) -> None:
    event_id = make("lead", conference(school, public=True))
    assert ADDED in read("head")
    with school.app.transaction(school.id) as db:
        remove_event(PluginSession(db), school.viewer("lead"), event_id)
    assert ADDED in read("lead") and "planner" not in read("head")


def test_nor_does_the_incident_tell_that_it_was_added_from_it(
    school: SchoolForTests, web: Any, make: Make
) -> None:
    incident = add_incident(school)
    make("lead", conference(school), incident_id=incident.id)
    audits = {
        who: text_of(web(school, who).get(f"/incidents/{incident.id}/audit")) for who in ("lead", "head")
    }
    assert ADDED in audits["lead"] and ADDED not in audits["head"]
