"""DSH-08: Hide names and Show names, how long it lasts, and that no form ever saves the stars."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import Browser, form_with, text_of
from logging_in import code_of, events, log_in
from sqlalchemy import select, update

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Draft, Incident, IncidentVersion
from cpoms_core.incidents.services import NewAction, record_action
from cpoms_core.students.models import Contact, Student
from cpoms_core.students.names_of_school import hider_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

TEXT = "Aoife O'Connor was alone; Chloë told Mrs O’Connor."
HIDDEN = "A*** O*** was alone; C*** told Mrs O***."


def hide(browser: Browser, hidden: str = "yes", **fields: str) -> Any:
    return browser.submit("/session/names", {"hidden": hidden, **fields}, status=303)


def is_hidden(browser: Browser) -> bool:
    return "Show names" in browser.get("/").text


def recorded(school: SchoolForTests, text: str = TEXT) -> Incident:
    return add_incident(school, text)


def acted(school: SchoolForTests, incident: Incident) -> Action:
    with school.app.transaction(school.id) as db:
        new = NewAction(new_id(), incident.id, TEXT, utc_now())
        return record_action(db, school.viewer("lead"), new)


def one(school: SchoolForTests, column: Any) -> Any:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(column)).one()


# --- the switch ------------------------------------------------------------------------------------------


def test_the_button_hides_and_shows_and_stays_on_its_page(school: SchoolForTests, web: Any) -> None:
    """DSH-08: it is said twice in the audit, however often it is pressed."""
    recorded(school)
    lead = web(school, "lead")
    page = f"/students/{school.students['aoife']}/incidents?actions=open"
    form = form_with(lead.get(page), "hidden")
    answer = form.submit(status=303)
    assert answer.location.endswith(page)
    shown = answer.follow()
    assert HIDDEN in text_of(shown) and "Aoife" not in shown.text and "Lena Lead" in shown.text
    form.submit(status=303)  # from another tab
    form_with(shown, "hidden").submit(status=303)
    assert TEXT in text_of(lead.get(page))
    assert [event for event in events(school) if event.startswith("names.")] == [
        "names.hidden",
        "names.shown",
    ]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x", "\\\\evil"])
def test_it_leads_nowhere_else(school: SchoolForTests, web: Any, target: str) -> None:
    """Hostile input: the page to go back to is one of ours."""
    lead = web(school, "lead")
    assert hide(lead, next=target).location == f"http://{school.host}/"


def test_it_is_refused_without_the_forms_token(school: SchoolForTests, web: Any) -> None:
    lead = web(school, "lead")
    lead.post("/session/names", {"hidden": "yes"}, status=403)
    assert not is_hidden(lead)


def test_it_is_of_one_session_and_ends_with_it(school: SchoolForTests, web: Any) -> None:
    """DSH-08: per session. Another browser of the same person, and the next log-in, show names."""
    teacher, elsewhere = web(school, "teacher"), web(school, "teacher")
    hide(teacher)
    assert is_hidden(teacher) and not is_hidden(elsewhere)
    teacher.submit("/logout")
    log_in(teacher, school, "teacher")
    assert not is_hidden(teacher)


def test_a_key_in_front_of_a_class_shows_no_names(school: SchoolForTests, web: Any) -> None:
    """DSH-08, ACC-07: the elevated session begins as the restricted one was."""
    lead = web(school, "lead", elevated=False)
    hide(lead)
    lead.submit("/elevate", {"code": code_of(school, "lead")})
    page = lead.get(f"/students/{school.students['aoife']}/incidents")
    assert page.status_int == 200 and "Aoife" not in page.text


def test_the_next_person_at_the_browser_begins_anew(school: SchoolForTests, web: Any) -> None:
    """DSH-08: what one person hid is no choice of another."""
    browser = web(school, "lead", elevated=False)
    hide(browser)
    log_in(browser, school, "teacher")
    assert not is_hidden(browser)


# --- what it costs, and what is read ---------------------------------------------------------------------


def test_names_are_read_once_and_only_while_hidden(
    school: SchoolForTests, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Speed: one statement a request more, however many names and texts a page has."""
    for _ in range(3):
        acted(school, recorded(school))
    lead = web(school, "lead")
    page = f"/students/{school.students['aoife']}/incidents"
    asked = 0

    def counting(db: Any) -> Any:
        nonlocal asked
        asked += 1
        return hider_of(db)

    monkeypatch.setattr("cpoms_core.access.identity.hider_of", counting)

    def statements() -> int:
        lead.get(page)
        with counted(school.app.engines) as ran:
            lead.get(page)
        return ran.number

    shown = statements()
    assert asked == 0
    hide(lead)
    assert statements() == shown + 1
    assert asked == 2


def test_a_name_that_an_import_brought_is_hidden_at_once(school: SchoolForTests, web: Any) -> None:
    """DSH-08: what is kept of the names is never older than the names."""
    recorded(school, "Quetzal and Aoife")
    lead = web(school, "lead")
    hide(lead)
    page = f"/students/{school.students['aoife']}/incidents"
    assert "Quetzal and A***" in text_of(lead.get(page))
    with school.app.transaction(school.id) as db:
        renamed = (
            update(Student).where(Student.id == school.students["björn"]).values(legal_forename="Quetzal")
        )
        db.execute(renamed.execution_options(synchronize_session=False))
    assert "Q*** and A***" in text_of(lead.get(page))


# --- forms -----------------------------------------------------------------------------------------------


def test_editing_asks_for_the_names_and_saves_no_stars(school: SchoolForTests, web: Any) -> None:
    """DSH-08, EDT-01, ACT-02: the forms that are filled with a text are not there while names are hidden;
    what is sent from a page that was open before is saved as it was typed."""
    incident = recorded(school)
    action = acted(school, incident)
    lead = web(school, "lead")
    for path, column in (
        (f"/incidents/{incident.id}/edit", Incident.text),
        (f"/actions/{action.id}/edit", Action.text),
    ):
        before = form_with(lead.get(path), "version")
        hide(lead)
        page = lead.get(path)
        assert "Names are hidden" in text_of(page) and page.html.select("main textarea") == []
        assert "Aoife" not in page.text and "***" not in page.text
        before.submit()  # untouched, from the other tab
        assert one(school, column) == TEXT
        before["text"] = f"{TEXT} Again."
        before.submit(status="3*")
        assert one(school, column) == f"{TEXT} Again."
        again = form_with(lead.get(path), "hidden").submit(status=303).follow()
        assert form_with(again, "version")["text"].value == f"{TEXT} Again."


def test_a_refused_change_does_not_say_the_names(school: SchoolForTests, web: Any) -> None:
    """DSH-08, EDT-01: a form that was open before and has a mistake, or came second, is not shown filled with
    the text; it is said that nothing is saved, and where the words still are."""
    incident = recorded(school)
    lead = web(school, "lead")
    path = f"/incidents/{incident.id}/edit"
    wrong, second = (form_with(lead.get(path), "version") for _ in range(2))
    head = form_with(web(school, "head").get(path), "version")
    head["text"] = f"{TEXT} The head."
    head.submit(status="3*")
    hide(lead)
    wrong["occurred"], second["text"] = "2199-01-01T10:00", f"{TEXT} The lead."
    for form in (wrong, second):
        page = form.submit()
        assert "This is not saved yet" in text_of(page) and "go back in your browser" in text_of(page)
        assert "Aoife" not in page.text and "***" not in page.text
    with school.app.session(school.id, writes=False) as db:
        assert sorted(db.scalars(select(IncidentVersion.version))) == [1, 2]
    assert one(school, Incident.text) == f"{TEXT} The head."


def test_the_schools_own_facts_of_a_student_are_kept(school: SchoolForTests, web: Any) -> None:
    """DSH-08, STU-03, STU-04: summary and keywords, contacts with their links and notes."""
    lead = web(school, "lead")
    student = f"/students/{school.students['aoife']}"
    form = form_with(lead.get(f"{student}/edit"), "summary")
    form["summary"], form["keywords"] = TEXT, "Chloë's friend"
    form.submit(status=303)
    form = form_with(lead.get(f"{student}/contacts/add"), "seen")
    form["name"] = "Maeve O'Connor"
    contact = form.submit(status=303).follow().click("Change").request.path
    for path in (f"{student}/edit", contact):
        before = form_with(lead.get(path), "seen")
        hide(lead)
        page = lead.get(path)
        assert "Names are hidden" in text_of(page) and "***" not in page.text
        assert "Aoife" not in page.text and "Connor" not in page.text
        before.submit(status=303)
        hide(lead, "no")
    with school.app.session(school.id, writes=False) as db:
        saved = db.get_one(Student, (school.id, school.students["aoife"]))
        assert (saved.summary, saved.keywords) == (TEXT, ["Chloë's friend"])
        assert "Maeve O'Connor" in db.scalars(select(Contact.name)).all()


def draft(school: SchoolForTests, lead: Browser, text: str) -> None:
    fields = {"fields": [["text", text], ["student", str(school.students["aoife"])]], "submission": ""}
    lead.put_json("/drafts/incident", fields, headers={"X-CSRF-Token": lead.csrf()})


def test_a_draft_waits_until_its_names_may_be_seen(school: SchoolForTests, web: Any) -> None:
    """DSH-08, INC-10: a draft with names is not filled in, and stays as it is; one without is."""
    lead = web(school, "lead")
    draft(school, lead, TEXT)
    hide(lead)
    page = lead.get("/incidents/add")
    assert "You began to write here" in text_of(page) and "Aoife" not in page.text and "***" not in page.text
    assert ["text", TEXT] in one(school, Draft.fields)["fields"]
    shown = form_with(page, "hidden").submit(status=303).follow()
    assert form_with(shown, "text")["text"].value == TEXT
    hide(lead)
    draft(school, lead, "Nobody was named.")
    assert form_with(lead.get("/incidents/add"), "text")["text"].value == "Nobody was named."


def test_a_concern_is_recorded_while_names_are_hidden(school: SchoolForTests, web: Any) -> None:
    """DSH-08, INC-01: as it is typed; with a mistake in the form, what was typed comes back as it was."""
    lead = web(school, "lead")
    hide(lead)
    form = form_with(lead.get("/incidents/add"), "text")
    form["text"] = TEXT
    page = form.submit(status=422)
    form = form_with(page, "text")
    assert form["text"].value == TEXT
    form["student"].force_value(str(school.students["aoife"]))
    form["categories"] = [str(school.categories["Behaviour"])]
    done = form.submit(status="3*").follow()
    assert one(school, Incident.text) == TEXT
    assert HIDDEN in text_of(done) and "Aoife" not in done.text
