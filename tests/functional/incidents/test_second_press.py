"""A button that is pressed twice: the second press is answered as the first was (EDT-02, INC-12, STU-05)."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import form_with, text_of
from sqlalchemy import func, select, update

from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, IncidentVersion
from cpoms_core.incidents.services import NewAction, record_action, restore_incident
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def delete_form(browser: Browser, page: str) -> Any:
    form = form_with(browser.get(page), "reason")
    form["reason"] = "Recorded twice."
    return form


def count(school: SchoolForTests, model: Any, *conditions: Any) -> int:
    with school.app.session(school.id, writes=False) as db:
        return db.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def test_an_incident_is_deleted_once(school: SchoolForTests, web: Any) -> None:
    """EDT-02: and by somebody else's press, or once it was restored, there is nothing here."""
    incident = add_incident(school)
    lead, head = web(school, "lead"), web(school, "head")
    form, theirs = (delete_form(one, f"/incidents/{incident.id}/delete") for one in (lead, head))
    first, second = form.submit(status=302), form.submit(status=302)
    assert first.location == second.location
    assert "The incident is deleted." in text_of(second.follow())
    assert count(school, IncidentVersion) == 2
    theirs.submit(status=404)
    lead.get(f"/incidents/{incident.id}/delete", status=404)
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer("lead"), incident.id)
    assert "changed" in text_of(form.submit(status=409))


def test_an_action_is_deleted_once(school: SchoolForTests, web: Any) -> None:
    """EDT-02."""
    incident = add_incident(school)
    with school.app.transaction(school.id) as db:
        action = record_action(
            db, school.viewer("lead"), NewAction(new_id(), incident.id, "Rang home.", utc_now())
        )
    form = delete_form(web(school, "lead"), f"/actions/{action.id}/delete")
    theirs = delete_form(web(school, "head"), f"/actions/{action.id}/delete")
    assert form.submit(status=302).location == form.submit(status=302).location
    theirs.submit(status=404)
    assert count(school, Action, Action.deleted_at.is_not(None)) == 1


@pytest.mark.parametrize("who", ["lead", "teacher"])
def test_an_alert_is_marked_as_read_once(school: SchoolForTests, web: Any, who: str) -> None:
    """INC-12: for the teacher the incident is gone then, and the dashboard comes again."""
    incident = add_incident(school, alert_ids=[school.users[who], school.users["colleague"]])
    browser = web(school, who)
    form = form_with(browser.get(f"/incidents/{incident.id}").maybe_follow(), "alert")
    first, second = form.submit(status=302), form.submit(status=302)
    assert first.location == second.location
    assert count(school, AuditEntry, AuditEntry.event == "alert.read") == 1
    with school.app.session(school.id, writes=False) as db:
        theirs = db.scalar(select(Alert.id).where(Alert.recipient_id == school.users["colleague"]))
    browser.submit(f"/incidents/{incident.id}/read", {"alert": str(theirs)}, status=404)


def test_one_that_was_taken_off_the_dashboard_was_not_read(school: SchoolForTests, web: Any) -> None:
    """USR-08: an administrator did it, while the page was open."""
    incident = add_incident(school, alert_ids=[school.users["lead"]])
    form = form_with(web(school, "lead").get(f"/incidents/{incident.id}").follow(), "alert")
    with school.app.transaction(school.id) as db:
        db.execute(update(Alert).values(read_at=utc_now(), closed_by=school.users["admin"]))
    form.submit(status=404)
