"""A file that is removed or restored is a change of what it hangs on: its history says who, when and why
(EDT-10, EDT-01)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from cpoms_core.documents import keeping
from cpoms_core.incidents.models import Action, ActionVersion, IncidentVersion
from cpoms_core.incidents.services import delete_incident
from cpoms_core.testing.browsing import Browser, form_with, text_of
from cpoms_core.testing.schools import SchoolForTests

LETTER = ("letter.txt", b"A letter.")
WHY = "It is about another child"


def remove(browser: Browser, document_id: Any) -> None:
    browser.submit(f"/documents/{document_id}/remove", {"reason": WHY}, status=303)


def restore(browser: Browser, document_id: Any) -> None:
    browser.submit(f"/documents/{document_id}/restore", status=303)


def versions_of(browser: Browser, page: str) -> list[str]:
    """What the history says of each version, newest first."""
    return [" ".join(one.get_text(" ").split()) for one in browser.get(page).html.select(".version")]


def count(school: SchoolForTests, model: Any) -> int:
    with school.app.session(school.id, writes=False) as db:
        return db.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize("of", ["incident", "action"])
def test_the_history_names_who_removed_and_who_restored_it(
    school: SchoolForTests, web: Any, filed: Any, of: str
) -> None:
    """EDT-01, EDT-10: and not the one who only changed the words later."""
    lead, head = web(school, "lead"), web(school, "head")
    incident_id, documents = filed.on_incident(*([LETTER] if of == "incident" else []))
    subject = incident_id
    if of == "action":
        documents = filed.on_action(incident_id, LETTER)
        with school.app.session(school.id, writes=False) as db:
            subject = db.scalar(select(Action.id))
    remove(lead, documents[0])
    form = form_with(head.get(f"/{of}s/{subject}/edit"), "version")
    form["text"] = "Other words."
    form.submit(status=302)
    edited, removed, _ = versions_of(lead, f"/{of}s/{subject}/history")
    assert "Version 3: Edited" in edited and "Hugo Head" in edited and "Files" not in edited
    assert "Version 2: File removed" in removed and "Lena Lead" in removed and WHY in removed
    assert "letter.txt" in removed
    restore(lead, documents[0])
    restored = versions_of(lead, f"/{of}s/{subject}/history")[0]
    assert "Version 4: File restored" in restored and "letter.txt" in restored and WHY not in restored


def test_who_may_not_restore_it_reads_neither_its_name_nor_why(
    school: SchoolForTests, web: Any, filed: Any
) -> None:
    """EDT-10: the reason is for administrators who see the file, as the form promises; it may say who it is
    about."""
    incident_id, (document_id,) = filed.on_incident(LETTER)
    remove(web(school, "lead"), document_id)
    removed = versions_of(web(school, "head"), f"/incidents/{incident_id}/history")[0]
    assert "Version 2: File removed" in removed and "Lena Lead" in removed and "D-1, removed" in removed
    assert WHY not in removed and "letter.txt" not in removed


def test_who_has_the_form_open_is_told(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-01: as of every other change."""
    incident_id, (document_id,) = filed.on_incident(LETTER)
    form = form_with(web(school, "head").get(f"/incidents/{incident_id}/edit"), "version")
    remove(web(school, "lead"), document_id)
    form["text"] = "Other words."
    told = text_of(form.submit(status=409))
    assert "Lena Lead changed this while you were writing" in told and "D-1, removed" in told


def test_a_second_press_is_no_second_version(school: SchoolForTests, filed: Any) -> None:
    filed.on_incident(LETTER)
    _, (document_id,) = filed.on_incident(LETTER)
    lead = school.viewer("lead")
    for change, versions in ((keeping.remove, 3), (keeping.restore, 4)):
        for _press in range(2):
            with school.app.transaction(school.id) as db:
                change(db, lead, document_id, *([WHY] if change is keeping.remove else []))
        assert count(school, IncidentVersion) == versions


def test_one_of_the_vault_has_nothing_to_keep_a_version_of(
    school: SchoolForTests, web: Any, filed: Any
) -> None:
    (document_id,) = filed.in_vault(LETTER)
    remove(web(school, "lead"), document_id)
    restore(web(school, "lead"), document_id)
    assert count(school, IncidentVersion) == count(school, ActionVersion) == 0


@pytest.mark.parametrize("removed_before", [False, True])
def test_removed_for_good_is_a_version_where_it_was_there(
    school: SchoolForTests, web: Any, filed: Any, removed_before: bool
) -> None:
    """EDT-10: of one that was removed before, no version shows anything else by it."""
    incident_id, (document_id,) = filed.on_incident(LETTER)
    lead = web(school, "lead")
    if removed_before:
        remove(lead, document_id)
    destroy(school)
    newest, *_ = told = versions_of(lead, f"/incidents/{incident_id}/history")
    assert len(told) == 2
    assert ("File removed for good" in newest and "letter of the head" in newest) is not removed_before


def test_the_marker_of_a_deleted_incident_stays_what_it_was(
    school: SchoolForTests, web: Any, filed: Any
) -> None:
    """EDT-10, EDT-02: its newest version is the one that says why it was deleted."""
    incident_id, _ = filed.on_incident(LETTER)
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), incident_id, "Recorded twice.", opened=1)
    destroy(school)
    page = web(school, "lead").get(f"/students/{school.students['aoife']}/incidents")
    assert "Recorded twice." in text_of(page)
    assert "Deleted" in versions_of(web(school, "lead"), f"/incidents/{incident_id}/history")[0]


def destroy(school: SchoolForTests) -> None:
    with school.app.transaction(school.id) as db:
        keeping.destroy(db, school.viewer("admin").through("command line"), 1, "letter of the head teacher")
