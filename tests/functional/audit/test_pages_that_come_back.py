"""What was refused comes back as a page with the record as it is: that it was shown is in the audit (OPS-09,
EDT-09), though nothing was changed."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.audit.models import AuditEntry
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import record_incident
from cpoms_core.modules.routes import NotAudited
from cpoms_core.students.typed_in import TypedStudent
from cpoms_core.testing.browsing import form_with
from cpoms_core.testing.conformance import pages_in_service
from cpoms_core.testing.records import add_incident, new_incident, record
from cpoms_core.testing.schools import SchoolForTests


def written(school: SchoolForTests, who: str) -> dict[str, set[uuid.UUID]]:
    """The events of a user's audit with their subjects."""
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(AuditEntry).where(AuditEntry.user_id == school.users[who]))
        return {row.event: {uuid.UUID(str(one)) for one in row.subjects} for row in rows}


def version_two(school: SchoolForTests, web: Any) -> Incident:
    """An incident that the lead has edited: its newest words are of version 2."""
    incident = add_incident(school, "First words.", "lead")
    form = form_with(web(school, "lead").get(f"/incidents/{incident.id}/edit"), "version")
    form["text"] = "Very secret new words."
    form.submit().follow()
    return incident


def test_who_comes_too_late_to_edit_has_read_the_newest(school: SchoolForTests, web: Any) -> None:
    """EDT-01: the page that says so has the newest words."""
    incident = version_two(school, web)
    typed = {
        "version": "1", "text": "zzz", "occurred": "2026-01-05T08:35",
        "categories": str(school.categories["Behaviour"]),
    }  # fmt: skip
    page = web(school, "head").submit(f"/incidents/{incident.id}/edit", typed, status=409)
    assert "Very secret" in page.text
    assert incident.id in written(school, "head")["incident.form-opened"]


def test_who_comes_too_late_to_restore_has_read_the_history(school: SchoolForTests, web: Any) -> None:
    incident = version_two(school, web)
    typed = {"restore": "1", "version": "77"}
    page = web(school, "head").submit(f"/incidents/{incident.id}/restore", typed, status=409)
    assert "First words." in page.text
    assert incident.id in written(school, "head")["incident.history-viewed"]


@pytest.mark.parametrize("deed", ["delete", "merge"])
def test_who_comes_too_late_for_another_change_has_read_what_is_new(
    school: SchoolForTests, web: Any, deed: str
) -> None:
    incident, other = version_two(school, web), add_incident(school, "Another.", "lead")
    typed = {
        "version": "1", "reason": "Twice.", "number": str(other.number), "into_version": "1", "merge": "1",
    }  # fmt: skip
    page = web(school, "head").submit(f"/incidents/{incident.id}/{deed}", typed, status=409)
    assert "secret" in page.text
    assert incident.id in written(school, "head")["incident.change-opened"]


def test_a_monitoring_history_that_comes_back_was_read(school: SchoolForTests, web: Any) -> None:
    """STU-09: the form stands on the page with the history."""
    record(school, ["Behaviour"])
    aoife = school.students["aoife"]
    page = web(school, "head").submit(f"/students/{aoife}/monitoring/begin", {"chosen": "x"}, status=422)
    assert "Behaviour" in page.text
    assert aoife in written(school, "head")["student.monitoring-viewed"]


def test_an_update_that_was_overtaken_has_listed_students(school: SchoolForTests, web: Any) -> None:
    """STU-10: who is told what it would be by now has read what that is."""
    aoife = school.students["aoife"]
    typed = {
        "deed": "add", "chosen": str(school.categories["Behaviour"]), "since": "2026-01-05",
        "student": str(aoife), "confirmed": "of another moment",
    }  # fmt: skip
    web(school, "head").submit("/update-categories/apply", typed, status=409)
    assert aoife in written(school, "head")["students.update-previewed"]


def test_a_match_that_was_refused_has_listed_the_students(school: SchoolForTests, web: Any) -> None:
    """INC-02: everyone who waits to be matched stands on the page."""
    with school.app.transaction(school.id) as db:
        new = new_incident(school, student_id=None, new_student=TypedStudent("Zed", "Newchild"))
        typed_in = record_incident(db, school.viewer("teacher"), new).student_id
    web(school, "admin").submit(f"/admin/imports/typed-in/{typed_in}", {}, status=422)
    assert typed_in in written(school, "admin")["typed-in.listed"]


def test_a_profile_that_comes_back_was_read(school: SchoolForTests, web: Any) -> None:
    head = school.users["head"]
    web(school, "admin").submit(f"/admin/users/{head}", {"forename": ""}, status=422)
    assert head in written(school, "admin")["user.viewed"]


def test_what_was_changed_is_not_taken_for_a_page_that_was_read(school: SchoolForTests, web: Any) -> None:
    """The service has written it; the way to the next page shows nothing."""
    aoife = school.students["aoife"]
    typed = {"category": str(school.categories["Behaviour"]), "since": "2026-01-05"}
    web(school, "head").submit(f"/students/{aoife}/monitoring/begin", typed, status=303)
    assert set(written(school, "head")) == {"monitoring.begun"}


def test_every_page_of_a_service_says_what_is_written_when_it_comes_back(wsgi: Any) -> None:
    """OPS-09: the core's and the modules'; nobody reads a record by sending something that is refused."""
    pages = pages_in_service(wsgi)
    assert len(pages) > 30
    assert not {view["route_name"] for view in pages if not view["comes_back"]}
    assert not {
        view["route_name"]
        for view in pages
        if isinstance(view["comes_back"], NotAudited) and len(view["comes_back"].reason) <= 5
    }
