"""A form whose files are too large together, from a browser without scripts: its text is kept (INC-10)."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select

from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web import inputs
from cpoms_core.web.inputs import FORM_ROOM, MEGABYTE

LARGEST = 1  # megabytes
TOO_MUCH = FORM_ROOM + 3 * LARGEST * MEGABYTE + 1
TYPED = "She said <b>that</b> & “Ångst”."


@pytest.fixture(autouse=True)
def _small_files(school: SchoolForTests) -> None:
    with school.app.transaction(school.id) as db:
        change_setting(db, "max_file_megabytes", str(LARGEST))


def fields(school: SchoolForTests) -> dict[str, Any]:
    return typed_incident(
        school,
        draft="incident",
        text=TYPED,
        alerts=str(school.users["lead"]),
        agencies=str(school.agencies["Police"]),
    )


def files(size: int) -> list[tuple[str, str, bytes]]:
    return [("files", "a.txt", b"x" * (size // 2)), ("files", "b.txt", b"y" * (size - size // 2))]


def recorded(school: SchoolForTests) -> list[int]:
    with school.app.session(school.id, writes=False) as db:
        return [db.scalar(select(func.count()).select_from(model)) for model in (Incident, Action, Document)]


def beside(page: Any, field: str) -> str:
    error = BeautifulSoup(page.text, "html.parser").select_one(f"#{field}-error")
    return error.get_text(" ", strip=True) if error else ""


def test_the_incident_form_comes_back_with_what_was_typed(school: SchoolForTests, web: Any) -> None:
    """INC-06, INC-10: every field as it was, the error beside Files and in the summary, nothing recorded;
    sent again without the files it is recorded, once."""
    teacher = web(school, "teacher")
    sent = fields(school)
    page = teacher.submit("/incidents/add", sent, upload_files=files(TOO_MUCH), status=422)
    says = "The files are too large together: at most 3 MB. What you typed is kept."
    assert says in beside(page, "files")
    assert says in page.html.select_one(".errors").get_text()
    form = page.forms["incident-form"]
    for name in ("submission", "student", "text", "occurred", "alerts", "agencies"):
        value = form[name].value
        assert (value[0] if isinstance(value, list) else value) == sent[name], name
    assert page.html.select_one(f'[name="categories"][value="{sent["categories"]}"]').has_attr("checked")
    assert recorded(school) == [0, 0, 0]
    form.submit(status=302)
    assert recorded(school) == [1, 0, 0]


def test_other_errors_are_shown_at_once(school: SchoolForTests, web: Any) -> None:
    """INC-10: all errors of the form together, not one after the other."""
    sent = {**fields(school), "text": "", "categories": ""}
    page = web(school, "teacher").submit("/incidents/add", sent, upload_files=files(TOO_MUCH), status=422)
    assert beside(page, "text") and "too large together" in beside(page, "files")


def test_the_action_form_comes_back_with_what_was_typed(school: SchoolForTests, web: Any) -> None:
    """ACT-01, INC-10: the same for an action."""
    lead = web(school, "lead")
    lead.submit("/incidents/add", fields(school), status=302)
    with school.app.session(school.id, writes=False) as db:
        incident_id = db.scalar(select(Incident.id))
    sent = {"submission": str(new_id()), "text": TYPED, "occurred": "2026-01-05T08:35"}
    page = lead.submit(
        f"/incidents/{incident_id}/actions/add", sent, upload_files=files(TOO_MUCH), status=422
    )
    assert "at most 3 MB" in beside(page, "files")
    assert page.forms["action-form"]["text"].value == TYPED
    assert recorded(school) == [1, 0, 0]


@pytest.mark.parametrize("token", [None, "", "of-another-session"])
def test_the_forms_token_is_asked_for_as_ever(school: SchoolForTests, web: Any, token: str | None) -> None:
    """USR-12, hostile input: a form of another site gets no page of ours, however large it is."""
    sent = fields(school) if token is None else {**fields(school), "csrf_token": token}
    page = web(school, "teacher").post(
        "/incidents/add", sent, upload_files=files(TOO_MUCH), status=403, expect_errors=True
    )
    assert "Ångst" not in page.text


def test_beyond_all_measure_is_not_read(
    school: SchoolForTests, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile input 7: at most four times the largest body; then a page that says how to save the text."""

    def read(*_arguments: Any, **_named: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(inputs, "text_fields", read)
    monkeypatch.setattr(inputs, "FORM_ROOM", 1024)
    size = 4 * (1024 + 3 * LARGEST * MEGABYTE)
    page = web(school, "teacher").submit(
        "/incidents/add", fields(school), upload_files=files(size), status=413
    )
    assert "Back button" in page.text and "Copy it before you try again" in page.text
    assert recorded(school) == [0, 0, 0]


def test_too_much_text_is_no_form_of_ours(school: SchoolForTests, web: Any) -> None:
    """Hostile input 7: a megabyte of text beside the files is kept, and no more."""
    sent = {**fields(school), "student": "x" * MEGABYTE}
    page = web(school, "teacher").submit("/incidents/add", sent, upload_files=files(TOO_MUCH), status=413)
    assert "Back button" in page.text


def test_only_forms_that_say_so_are_read(school: SchoolForTests, web: Any) -> None:
    """Hostile input 7: no other page gets a form without the files that it came with, and nobody without a
    session is read at all."""
    refused = {"upload_files": files(TOO_MUCH), "expect_errors": True}
    lead = web(school, "lead")
    assert lead.submit("/admin/imports/upload", {"source": "sims"}, **refused).status_int == 413
    body = {"text": "x" * TOO_MUCH, "csrf_token": lead.csrf()}
    assert lead.post("/incidents/add", body, expect_errors=True).status_int == 413
    assert web(school).submit("/incidents/add", fields(school), **refused).status_int == 413


def test_a_body_that_is_too_large_is_not_copied(school: SchoolForTests, web: Any) -> None:
    """Hostile input 11: what may have to be repeated is copied beforehand, and this is not."""
    made: list[Any] = []
    from webob.request import BaseRequest

    real = BaseRequest.copy_body

    def copy_body(self: Any) -> None:
        made.append(self.content_length)
        real(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseRequest, "copy_body", copy_body)
        web(school, "teacher").submit(
            "/incidents/add", fields(school), upload_files=files(TOO_MUCH), status=422
        )
    assert not [length for length in made if length and length > MEGABYTE]
