"""Merging and splitting where there are files: what the previews say, and what the vaults hold (EDT-04,
EDT-05, USR-12.6)."""

from __future__ import annotations

from typing import Any

from browsing import form_with, text_of
from sqlalchemy import select

from cpoms_core.incidents.models import Action
from cpoms_core.incidents.services import Linked
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def changes(page: Any) -> str:
    return " ".join(page.html.select_one(".merged-changes").get_text(" ", strip=True).split())


def vault(school: SchoolForTests, browser: Any, student: str) -> str:
    return text_of(browser.get(f"/students/{school.students[student]}/documents"))


def test_the_previews_say_what_comes_and_what_leaves(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-04, EDT-05: Aoife's, linked with Chloë without files, into Björn's, and off again."""
    incident_id, _ = filed.on_incident(
        ("a.txt", b"hello there text"), category="Medical", linked=[Linked(school.students["chloe"])]
    )
    filed.on_action(incident_id, ("b.txt", b"hello again text"))
    into = add_incident(school, "The main one.", student_id=school.students["björn"])
    lead = web(school, "lead")
    ask = form_with(lead.get(f"/incidents/{incident_id}/merge"), "number")
    ask["number"] = str(into.number)
    preview = ask.submit()
    said = changes(preview)
    assert "Incident 2 also gets: Medical." in said
    assert "Comes on the record of Björn Ångström: what incident 1 says its files: a.txt" in said
    assert ": b.txt" in said and "its files and its actions do not" in said
    assert "whole incident" not in text_of(preview)
    form_with(preview, "into_version").submit("merge")
    for student, has in (("aoife", True), ("björn", True), ("chloe", False)):
        held = vault(school, lead, student)
        assert ("a.txt" in held, "b.txt" in held) == (has, has), student
    with school.app.session(school.id, writes=False) as db:
        action_id = next(one.id for one in db.scalars(select(Action)) if one.was_incident)
    page = lead.get(f"/actions/{action_id}/split")
    said = text_of(page)
    assert "What the merge brought leaves incident 2. No longer linked to it:" in said
    assert "Aoife O'Connor" in said and "No longer in: Medical." in said
    form_with(page, "version").submit("split").follow().follow()
    for student, has in (("aoife", True), ("björn", False), ("chloe", False)):
        held = vault(school, lead, student)
        assert ("a.txt" in held, "b.txt" in held) == (has, has), student
    record = lead.get(f"/students/{school.students['aoife']}/incidents")
    assert "The main one." not in text_of(record)
    audit = text_of(lead.get(f"/incidents/{into.id}/audit"))
    assert "2 no longer linked, 1 categories off" in audit
