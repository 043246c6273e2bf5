"""An action that was typed under an incident that is no longer its author's to read is given back (ACT-01,
INC-10, INC-12, EDT-02); whoever asks learns nothing of any incident."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from browsing import form_with, text_of

from cpoms_core.alerts.models import Alert
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import delete_incident
from cpoms_core.testing.records import add_incident, rows
from cpoms_core.testing.schools import SchoolForTests

TYPED = "Spoke to Aoife's mother <b>twice</b>."


def told(school: SchoolForTests) -> Incident:
    return add_incident(school, "She is afraid.", alert_ids=[school.users["teacher"]])


def read(school: SchoolForTests, teacher: Any, incident: Incident) -> None:
    (alert,) = rows(school, Alert)
    teacher.submit(f"/incidents/{incident.id}/read", {"alert": str(alert.id)}, status=302)


def action_fields(school: SchoolForTests, **changed: Any) -> dict[str, Any]:
    return {
        "submission": str(new_id()), "text": TYPED, "occurred": "2026-01-05T10:40",
        "alerts": str(school.users["lead"]), **changed,
    }  # fmt: skip


def keep(browser: Any, incident_id: uuid.UUID, text: str) -> None:
    sent = {"fields": [["text", text]], "submission": ""}
    browser.fetch(
        "PUT", f"/drafts/action-{incident_id}", headers={"X-CSRF-Token": browser.csrf()},
        content_type="application/json", params=json.dumps(sent),
    )  # fmt: skip


@pytest.mark.parametrize("how", ["read", "deleted"])
def test_the_action_is_given_back(school: SchoolForTests, web: Any, how: str) -> None:
    """ACT-01, INC-12, EDT-02: marked as read in another tab, or deleted, while it was written."""
    incident, teacher = told(school), web(school, "teacher")
    path = f"/incidents/{incident.id}/actions/add"
    teacher.get(path)
    if how == "read":
        read(school, teacher, incident)
    else:
        with school.app.transaction(school.id) as db:
            delete_incident(db, school.viewer("lead"), incident.id, "Twice.", opened=1)
    page = teacher.submit(
        path, action_fields(school), upload_files=[("files", "a.txt", b"A letter.")], status=404
    )
    assert page.html.select_one("#typed").get_text().strip() == TYPED and "<b>twice" not in page.text
    said = text_of(page)
    assert "not recorded" in said and "nobody was alerted" in said and "Lena Lead" in said
    assert "The files that you chose were not kept" in said
    assert "She is afraid" not in page.text and f"incident {incident.number}" not in said
    assert rows(school, Action) == []
    events = [one.event for one in rows(school, AuditEntry)]
    assert events[-1] == "refused", "USR-12.7: as where there is nothing"


def test_it_goes_on_as_an_incident(school: SchoolForTests, web: Any) -> None:
    """INC-01, INC-10: the text and the people are in the Add incident form, which records nothing yet."""
    incident, teacher = told(school), web(school, "teacher")
    read(school, teacher, incident)
    page = teacher.submit(f"/incidents/{incident.id}/actions/add", action_fields(school), status=404)
    form = form_with(page, "look")
    form_page = form.submit("look")
    assert form_page.status_int == 200 and len(rows(school, Incident)) == 1
    add = form_with(form_page, "student")
    assert add["text"].value.strip() == TYPED and add["alerts"].value == [str(school.users["lead"])]
    add["student"].force_value([str(school.students["aoife"])])
    add["categories"] = [str(school.categories["Behaviour"])]
    assert add.submit(index=0).status_int == 302
    assert sorted(one.text for one in rows(school, Incident)) == ["She is afraid.", TYPED]


def test_a_stranger_learns_nothing(school: SchoolForTests, web: Any) -> None:
    """USR-12.7: a real incident's address answers as one that is none."""
    real, teacher = add_incident(school).id, web(school, "teacher")
    pages = []
    fields = action_fields(school)
    for one in (real, uuid.uuid4()):
        page = teacher.submit(f"/incidents/{one}/actions/add", fields, status=404)
        pages.append(page.text.replace(str(one), ""))
        empty = teacher.submit(f"/incidents/{one}/actions/add", {**fields, "text": " "}, status=404)
        assert "There is nothing here" in empty.text and TYPED not in empty.text
        assert "There is nothing here" in teacher.get(f"/incidents/{one}/actions/add", status=404).text
    assert pages[0] == pages[1]


def test_the_draft_is_shown_where_its_form_is_gone(school: SchoolForTests, web: Any) -> None:
    """INC-10: to its author, and not to another."""
    incident, teacher = told(school), web(school, "teacher")
    keep(teacher, incident.id, TYPED)
    read(school, teacher, incident)
    path = f"/incidents/{incident.id}/actions/add"
    page = teacher.get(path, status=404)
    assert page.html.select_one("#typed").get_text().strip() == TYPED
    assert TYPED not in web(school, "colleague").get(path, status=404).text
    home = page.forms["throw-away"].submit(status=302).follow(status=200)
    assert "The draft is thrown away." in text_of(home)
    assert "There is nothing here" in teacher.get(path, status=404).text


def test_an_action_that_was_recorded_is_said_to_be(school: SchoolForTests, web: Any) -> None:
    """ACT-01: the answer was lost, the incident marked as read, the form sent again."""
    incident, teacher = told(school), web(school, "teacher")
    path, fields = f"/incidents/{incident.id}/actions/add", action_fields(school)
    teacher.submit(path, fields, status=302)
    alert = next(one for one in rows(school, Alert) if one.recipient_id == school.users["teacher"])
    teacher.submit(f"/incidents/{incident.id}/read", {"alert": str(alert.id)}, status=302)
    said = text_of(teacher.submit(path, fields, status=404))
    assert "recorded already" in said and "nobody was alerted" not in said
    assert "not recorded" in text_of(teacher.submit(path, {**fields, "text": "Else."}, status=404))
    assert len(rows(school, Action)) == 1
