"""A form that is sent by a session that was locked or has ended, as without scripts (INC-10, ACC-12)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import func, select

from cpoms_core.access import sessions
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, ActionVersion, Draft, Incident, IncidentVersion
from cpoms_core.incidents.services import NewAction, record_action, record_incident
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browsing import form_with, text_of, typed_incident
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import PASSWORD, SchoolForTests
from cpoms_core.web.inputs import FORM_ROOM, MEGABYTE

RECORDS = (Incident, Action, IncidentVersion, ActionVersion)


def recorded(school: SchoolForTests) -> tuple[Incident, Action]:
    with school.app.transaction(school.id) as db:
        lead = school.viewer("lead")
        incident = record_incident(db, lead, new_incident(school, text="She was quiet."))
        action = record_action(db, lead, NewAction(new_id(), incident.id, "Rang home.", utc_now()))
    return incident, action


def lock(school: SchoolForTests, browser: Any, *, end: bool = False) -> None:
    with school.app.transaction(school.id) as db:
        (sessions.end if end else sessions.lock)(db, hashed(browser.session), utc_now())


def kept(school: SchoolForTests) -> dict[str, Any]:
    with school.app.session(school.id, writes=False) as db:
        return {str(one.form): one.fields for one in db.scalars(select(Draft))}


def records(school: SchoolForTests) -> list[Any]:
    with school.app.session(school.id, writes=False) as db:
        return [db.scalar(select(func.count()).select_from(table)) for table in RECORDS]


def pages(school: SchoolForTests) -> dict[str, str]:
    """The forms, by the draft that each is."""
    incident, action = recorded(school)
    aoife = school.students["aoife"]
    return {
        "incident": "/incidents/add",
        "incident-whole-school": "/incidents/add?student=whole-school",
        f"incident-{aoife}": f"/incidents/add?student={aoife}",
        f"action-{incident.id}": f"/incidents/{incident.id}/actions/add",
        f"edit-incident-{incident.id}": f"/incidents/{incident.id}/edit",
        f"edit-action-{action.id}": f"/actions/{action.id}/edit",
    }


def test_inc_10_what_a_locked_session_sends_is_its_draft_and_no_record(
    school: SchoolForTests, web: Any
) -> None:
    """INC-10, ACC-12: of every form that people write in; after the password the form has it, to be sent."""
    for key, path in pages(school).items():
        lead = web(school, "lead")
        form = form_with(lead.get(path), "text")
        form["text"] = "What I heard."
        lock(school, lead)
        before = records(school)
        page = form.submit(upload_files=[("files", "note.txt", b"x")]).follow()
        assert records(school) == before, key
        assert "What I heard" not in page.text and "What I heard" not in page.request.url
        assert "Your screen was locked" in text_of(page)
        assert "What you wrote was not recorded. It is kept as your draft" in text_of(page)
        names = [name for name, _value in kept(school)[key]["fields"]]
        assert not {"csrf_token", "submission", "draft", "training", "files"} & {*names}
        unlock = form_with(page, "password")
        unlock["password"] = "wrong"
        unlock = form_with(unlock.submit(), "password")
        unlock["password"] = PASSWORD
        page = unlock.submit().follow()
        assert page.request.path_qs == path
        form = form_with(page, "text")
        assert form["text"].value.strip() == "What I heard."
        assert "Only you can see it" in text_of(page)
        assert ("note.txt" in text_of(page)) is not key.startswith("edit-")  # those name no files
        if key == "incident":
            lead.submit(path, typed_incident(school, text="What I heard."), status=302)
        elif not key.startswith("incident-"):
            form.submit(status=302)
        assert (key in kept(school)) is key.startswith("incident-"), "sent, and no draft any more"


def test_inc_10_an_ended_session_is_told_that_nothing_was_recorded(school: SchoolForTests, web: Any) -> None:
    """INC-10: nobody can be asked whose text it is; the log-in leads back to the form."""
    lead = web(school, "lead")
    form = form_with(lead.get("/incidents/add?student=whole-school"), "text")
    form["text"] = "What I heard."
    lock(school, lead, end=True)
    page = form.submit().follow()
    assert page.request.path == "/login"
    assert page.request.GET["next"] == "/incidents/add?student=whole-school"
    assert "You were logged out before it was sent" in text_of(page)
    assert "What I heard" not in page.text and kept(school) == {}


@pytest.mark.parametrize(
    ("who", "path", "token", "status"),
    [
        ("lead", "/incidents/add", "of somebody else", 302),
        ("lead", "/incidents/add", "", 302),
        ("teacher", "/incidents/{id}/edit", None, 302),
        ("lead", "/incidents/add/told", None, 302),
        ("lead", "/incidents/x/edit", None, 302),
        ("lead", "/incidents/{id}/delete", None, 302),
    ],
)
def test_inc_10_only_the_author_s_own_form_becomes_a_draft(
    school: SchoolForTests, web: Any, who: str, path: str, token: str | None, status: int
) -> None:
    """INC-10, ACC-12: neither what another site sends, nor a form that the user may not send, nor anything
    else."""
    incident, _action = recorded(school)
    browser = web(school, who)
    own = browser.csrf()
    lock(school, browser)
    before = records(school)
    answer = browser.post(
        path.format(id=incident.id),
        {"text": "x", "csrf_token": own if token is None else token},
        status=status,
    )
    assert "/session/unlock" in answer.location and kept(school) == {} and records(school) == before


def test_inc_10_no_draft_is_named_by_what_was_sent(school: SchoolForTests, web: Any) -> None:
    """INC-10: a form's name that is none is the form's own; nothing leads anywhere else."""
    incident, _action = recorded(school)
    lead = web(school, "lead")
    own = lead.csrf()
    lock(school, lead)
    for named in ("//elsewhere.example", f"edit-incident-{incident.id}", f"action-{uuid.uuid4()}", "x" * 90):
        answer = lead.post("/incidents/add", {"text": named, "draft": named, "csrf_token": own}, status=302)
        assert "next=%2Fincidents%2Fadd&" in answer.location
        assert [*kept(school)] == ["incident"]


def test_inc_10_files_too_large_take_no_text_with_them(school: SchoolForTests, web: Any) -> None:
    """INC-10: also where the screen was locked meanwhile."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "max_file_megabytes", "1")
    lead = web(school, "lead")
    form = form_with(lead.get("/incidents/add"), "text")
    form["text"] = "What I heard."
    lock(school, lead)
    form.submit(upload_files=[("files", "film.mp4", b"0" * (FORM_ROOM + 4 * MEGABYTE))], status=302)
    assert ["text", "What I heard."] in kept(school)["incident"]["fields"]


def test_inc_10_a_script_s_form_is_told_and_stays(school: SchoolForTests, web: Any) -> None:
    """INC-10: the page that sends files shows what was said; a redirect would have taken its place."""
    lead = web(school, "lead")
    own = lead.csrf()
    sent = {"X-Requested-With": "XMLHttpRequest", "X-CSRF-Token": own}
    for end, status in ((False, 423), (True, 401)):
        lock(school, lead, end=end)
        answer = lead.post("/incidents/add", {"text": "x", "csrf_token": own}, headers=sent, status=status)
        assert answer.json["ok"] is False and kept(school) == {}
