"""INC-10 for every form that people write in: Add incident, Add action, and the two that edit."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Draft, Incident
from cpoms_core.incidents.services import (
    Merge,
    NewAction,
    merge_incident,
    record_action,
    record_incident,
)
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests

FORMS = ("action-add", "incident-edit", "action-edit")


def recorded(school: SchoolForTests) -> tuple[Incident, Action]:
    with school.app.transaction(school.id) as db:
        lead = school.viewer("lead")
        incident = record_incident(db, lead, new_incident(school, text="She was quiet."))
        action = record_action(db, lead, NewAction(new_id(), incident.id, "Rang home.", utc_now()))
    return incident, action


def page_of(form: str, incident: Incident, action: Action) -> str:
    return {
        "incident-add": "/incidents/add",
        "action-add": f"/incidents/{incident.id}/actions/add",
        "incident-edit": f"/incidents/{incident.id}/edit",
        "action-edit": f"/actions/{action.id}/edit",
    }[form]


def form_on(page: Any) -> Any:
    return page.html.select_one("form[data-draft]")


def typed(page: Any, text: str) -> dict[str, Any]:
    """What the page's form would send, with another text."""
    values: dict[str, Any] = {}
    for part in form_on(page).select("input[name]"):
        if part.get("type") not in ("checkbox", "file") or part.has_attr("checked"):
            values.setdefault(part["name"], []).append(part.get("value", ""))
    return {**values, "text": text}


def keep(browser: Any, page: Any, fields: dict[str, Any], status: int = 200) -> None:
    """As drafts.js does."""
    pairs = [
        [name, one] for name, many in fields.items() for one in ([many] if isinstance(many, str) else many)
    ]
    left_out = ("csrf_token", "submission", "draft")
    sent = {
        "fields": [pair for pair in pairs if pair[0] not in left_out],
        "submission": (fields.get("submission") or [None])[0],
    }
    browser.fetch(
        "PUT", form_on(page)["data-draft"], headers={"X-CSRF-Token": browser.csrf("/")},
        content_type="application/json", params=json.dumps(sent), status=status,
    )  # fmt: skip


def text_on(page: Any) -> str:
    return str(page.html.select_one("#text").get_text()).strip()


def kept(school: SchoolForTests) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        return [str(draft.form) for draft in db.scalars(select(Draft))]


@pytest.mark.parametrize("form", FORMS)
def test_inc_10_half_typed_it_is_there_again_for_its_author_only(
    school: SchoolForTests, web: Any, form: str
) -> None:
    """INC-10: also in another session, as after one that ran out; nobody else gets it; the page says that it
    is a draft and since when; on submit it is gone."""
    path = page_of(form, *recorded(school))
    lead = web(school, "lead")
    page = lead.get(path)
    assert page.html.select_one(".draft-notice") is None
    keep(lead, page, typed(page, "half a sent"))
    again = web(school, "lead")  # logged in anew
    page = again.get(path)
    assert text_on(page) == "half a sent"
    notice = " ".join(page.html.select_one(".draft-notice").get_text(" ").split())
    assert "filled with what you had begun to write. Only you can see it. Draft saved " in notice
    assert "half a sent" not in web(school, "head").get(path).text
    again.submit(path, typed(page, "A whole sentence."), status=302)
    assert kept(school) == []
    assert again.get(path).html.select_one(".draft-notice") is None


@pytest.mark.parametrize("form", ["incident-add", *FORMS])
def test_inc_10_a_draft_can_be_thrown_away(school: SchoolForTests, web: Any, form: str) -> None:
    """INC-10: the form is then as it would be without one, and nothing is recorded."""
    path = page_of(form, *recorded(school))
    lead = web(school, "lead")
    before = text_on(lead.get(path))
    page = lead.get(path)
    keep(lead, page, typed(page, "half a sent"))
    button = lead.get(path).html.select_one("form[data-draft-discard]")
    fresh = lead.submit(button["action"], status=302).follow()
    assert fresh.request.path == path and text_on(fresh) == before and kept(school) == []


def test_inc_10_a_draft_of_an_older_version_overwrites_nothing(school: SchoolForTests, web: Any) -> None:
    """INC-10, EDT-01: the form says so, keeps what was typed, and saving it shows both."""
    incident, action = recorded(school)
    path = page_of("incident-edit", incident, action)
    lead, head = web(school, "lead"), web(school, "head")
    page = lead.get(path)
    keep(lead, page, typed(page, "She was very quiet."))
    head.submit(path, typed(head.get(path), "She was quiet at lunch."), status=302)
    page = lead.get(path)
    assert text_on(page) == "She was very quiet."
    assert "It was changed since" in page.html.select_one(".draft-notice").get_text()
    both = lead.submit(path, typed(page, "She was very quiet."), status=409)
    assert "Hugo Head changed this while you were writing" in " ".join(both.html.get_text(" ").split())
    lead.submit(path, typed(both, "She was very quiet at lunch."), status=302)
    assert kept(school) == []


@pytest.mark.parametrize("form", FORMS)
def test_inc_10_a_draft_that_arrives_after_its_submit_is_dropped(
    school: SchoolForTests, web: Any, form: str
) -> None:
    """INC-10: the last save of a page may be slower than its submit; other words in it are kept."""
    path = page_of(form, *recorded(school))
    lead = web(school, "lead")
    page = lead.get(path)
    fields = typed(page, "One line.\nAnother.")
    lead.submit(path, {**fields, "text": "One line.\r\nAnother."}, status=302)
    keep(lead, page, fields)
    assert kept(school) == []
    keep(lead, page, {**fields, "text": "Something else."})
    assert len(kept(school)) == 1


def test_inc_10_a_draft_of_no_version_that_there_is_does_not_fill_the_form(
    school: SchoolForTests, web: Any
) -> None:
    """INC-10: what no script of ours sent opens the newest version."""
    path = page_of("incident-edit", *recorded(school))
    lead = web(school, "lead")
    page = lead.get(path)
    for version in ("99", "0", "-1", "x", "²"):
        keep(lead, page, {**typed(page, "half a sent"), "version": [version]})
        assert text_on(lead.get(path)) == "She was quiet."


def test_inc_10_who_may_not_edit_keeps_no_draft_of_it(school: SchoolForTests, web: Any) -> None:
    """INC-10: the teacher has no form that edits; keys that are none are not there."""
    incident, action = recorded(school)
    page = web(school, "lead").get(page_of("incident-edit", incident, action))
    keep(web(school, "teacher"), page, {"text": "x"}, status=404)
    lead = web(school, "lead")
    for path in (
        f"/drafts/edit-incident-{incident.id}", f"/drafts/of-edits/incident-{incident.id}",
        f"/drafts/of-edits/edit-student-{uuid.uuid4()}", "/drafts/of-edits/edit-incident-x",
    ):  # fmt: skip
        lead.fetch(
            "PUT", path, headers={"X-CSRF-Token": lead.csrf("/")}, content_type="application/json",
            params='{"fields": []}', status=404,
        )  # fmt: skip
    assert kept(school) == []


def test_inc_10_half_an_action_is_found_under_what_its_incident_was_merged_into(
    school: SchoolForTests, web: Any
) -> None:
    """INC-10, EDT-04: by its author, also where the other one has a half-typed action of theirs too: each is
    there in its turn, and none is lost with the other."""
    lead, pages = web(school, "lead"), []
    (one, _), (other, _) = recorded(school), recorded(school)
    for incident, words in ((one, "Half about one"), (other, "Half about the other")):
        pages.append(lead.get(f"/incidents/{incident.id}/actions/add"))
        keep(lead, pages[-1], typed(pages[-1], words))
    with school.app.transaction(school.id) as db:
        merge_incident(db, school.viewer("head"), Merge(one.id, 1, other.id, 1))
    keep(lead, pages[0], typed(pages[0], "Still half about one"))  # its page was open all the time
    path = f"/incidents/{other.id}/actions/add"
    page = lead.get(path)
    assert text_on(page) == "Half about the other"
    lead.submit(path, typed(page, "About the other."), status=302)
    page = lead.get(path)
    assert text_on(page) == "Still half about one"
    keep(lead, page, typed(page, "More about one"))
    button = lead.get(path).html.select_one("form[data-draft-discard]")["action"]
    lead.submit(path, typed(lead.get(path), "About one."), status=302)
    assert kept(school) == [] and text_on(lead.get(path)) == ""
    assert lead.submit(button, status=302).follow().status_int == 200
