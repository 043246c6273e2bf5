"""The forms that people write in, in a real browser: how they look, drafts, and sending twice."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, Route, expect
from sqlalchemy import delete, select

from cpoms_core.access.models import LoginSession
from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import Linked, NewAction, record_action, record_incident
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name


def recorded(school: SchoolForTests) -> tuple[Incident, Action]:
    with school.app.transaction(school.id) as db:
        lead, linked = school.viewer("lead"), [Linked(school.students["chloe"])]
        new = new_incident(school, text="She was quiet.", linked=linked, alert_ids=[school.users["teacher"]])
        incident = record_incident(db, lead, new)
        action = record_action(db, lead, NewAction(new_id(), incident.id, "Rang home.", utc_now()))
    return incident, action


def test_the_forms_are_looked_at_light_and_dark(school: SchoolForTests, desk: Any) -> None:
    """INC-01, ACT-01, EDT-01: at both widths, with axe; nothing leaves a hole in the column."""
    incident, action = recorded(school)
    lead = desk("lead")
    for scheme in ("light", "dark"):
        lead.page.emulate_media(color_scheme=scheme)
        for name, path in (
            ("add", f"/incidents/add?student={school.students['aoife']}"),
            ("add-action", f"/incidents/{incident.id}/actions/add"),
            ("edit", f"/incidents/{incident.id}/edit"),
            ("edit-action", f"/actions/{action.id}/edit"),
        ):
            lead.open(path)
            lead.look(f"form-{name}-{scheme}")


def texts(school: SchoolForTests, table: type[Incident] | type[Action]) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(table.text).order_by(table.created_at)))


def fill_incident(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Incident").fill(text)
    page.get_by_label("Behaviour").check()


def held_back(page: Page, address: str) -> list[Route]:
    """What the page asks for at an address from now on: it waits until the test lets it go on."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(address, hold)
    return held


def let_go(page: Page, held: list[Route]) -> None:
    """Lets the first of what is held back go on, once the page has asked for it."""
    for _ in range(400):
        if held:
            break
        page.wait_for_timeout(50)
    held[0].continue_()


def test_a_box_that_finds_is_not_there_before_its_script(school: SchoolForTests, desk: Any) -> None:
    """INC-01: whoever is quick does not open the plain list that the box is about to take away."""
    lead = desk("lead")
    held = held_back(lead.page, "**/type-ahead*.js*")
    page = lead.page
    page.goto(lead.address("/incidents/add"), wait_until="commit")
    expect(page.get_by_label("Behaviour")).to_be_visible()
    expect(page.locator("select[data-type-ahead]").last).not_to_be_visible()
    let_go(page, held)
    expect(page.locator("input[role=combobox]").first).to_be_visible()


def test_a_group_is_not_pressed_before_its_script(school: SchoolForTests, desk: Any) -> None:
    """INC-07: a press that alerts nobody would not be noticed."""
    lead = desk("lead")
    held = held_back(lead.page, "**/recipients*.js*")
    page = lead.page
    page.goto(lead.address("/incidents/add"), wait_until="commit")
    expect(page.get_by_label("Behaviour")).to_be_visible()
    expect(page.locator("[data-members]").first).not_to_be_visible()
    let_go(page, held)
    page.get_by_role("button", name="DSLs").click()
    expect(page.get_by_text("Added:", exact=False).first).to_be_attached()


def test_without_its_script_the_plain_list_is_there(school: SchoolForTests, desk: Any) -> None:
    """INC-01: on a bad line, where the script does not come, a colleague is alerted all the same."""
    lead = desk("lead")
    lead.page.route("**/type-ahead*.js*", lambda route: route.abort())
    page = lead.open("/incidents/add")
    expect(page.get_by_role("listbox", name="Alert staff")).to_be_visible()


def test_the_chosen_student_is_cleared(school: SchoolForTests, desk: Any) -> None:
    """INC-01: by the × beside the name, and by the keyboard; another one is chosen, or none."""
    lead = desk("lead")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    page.get_by_role("button", name="Remove Aoife O'Connor").click()
    expect(page.get_by_role("button", name="Remove Aoife O'Connor")).to_have_count(0)
    expect(page.locator("#student")).to_have_value("")
    student = page.get_by_role("combobox", name=re.compile("^Student"))
    student.press_sequentially("chl", delay=30)
    page.get_by_role("option", name="Chloë Martin-Smith").click()
    page.get_by_role("button", name="Remove Chloë Martin-Smith").press("Enter")
    fill_incident(page, "He fell.")
    lead.look("form-student-cleared")
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_text(
        "Student: Choose the student, or the whole school."
    )
    assert texts(school, Incident) == []


def test_a_double_click_and_the_back_button_record_once(school: SchoolForTests, desk: Any) -> None:
    """INC-09, ACT-01: one incident and one action, however fast or often the button is pressed."""
    lead = desk("lead")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    fill_incident(page, "He fell.")
    page.get_by_role("button", name="Add incident", exact=True).dblclick()
    expect(page.get_by_text("The incident is recorded")).to_be_visible(timeout=60_000)
    page.go_back()
    expect(page.get_by_role("heading", name="Add incident")).to_be_visible()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value("")
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("Nothing has been saved yet")).to_be_visible()
    assert texts(school, Incident) == ["He fell."]
    lead.open(f"/students/{school.students['aoife']}/incidents")
    page.get_by_role("link", name="Add action to incident 1").click()
    page.get_by_role("textbox", name="Action taken").fill("Rang home.")
    page.get_by_role("button", name="Add action", exact=True).dblclick()
    expect(page.get_by_text("The action is recorded.")).to_be_visible(timeout=60_000)
    page.go_back()
    expect(page.get_by_role("textbox", name="Action taken")).to_have_value("")
    assert texts(school, Action) == ["Rang home."]
    assert lead.wrong == []


def test_without_scripts_it_is_told_sent_and_recorded_once(
    school: SchoolForTests, desk: Any, chromium: Any
) -> None:
    """INC-07, INC-09: a group by its tick, who will be told by a button, and a double click."""
    at = desk("lead")
    context = chromium.new_context(java_script_enabled=False, storage_state=at.context.storage_state())
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(at.address(f"/incidents/add?student={school.students['aoife']}"))
    fill_incident(page, "He fell.")
    page.get_by_label("Child Protection").check()
    page.get_by_label("DSLs").check()
    page.get_by_role("button", name="Show who will be told").click()
    expect(page.get_by_text("Hugo Head cannot normally see this incident, because")).to_be_visible()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value("He fell.")
    assert texts(school, Incident) == []
    page.get_by_role("button", name="Add incident and alert 2 people").dblclick()
    expect(page.get_by_text("The incident is recorded")).to_be_visible(timeout=60_000)
    assert texts(school, Incident) == ["He fell."]
    context.close()


def log_out_elsewhere(school: SchoolForTests) -> None:
    """The session ends while the form is open, as when it runs out."""
    with school.app.transaction(school.id) as db:
        db.execute(delete(LoginSession).execution_options(synchronize_session=False))


def test_half_typed_edits_and_actions_survive(school: SchoolForTests, desk: Any) -> None:
    """INC-10: a lost connection, a session that ran out, and the page left; thrown away on request."""
    incident, action = recorded(school)
    lead = desk("lead")
    words = "It was after lunch"
    for path, name in (
        (f"/incidents/{incident.id}/actions/add", "Action taken"),
        (f"/incidents/{incident.id}/edit", "Incident"),
        (f"/actions/{action.id}/edit", "Action taken"),
    ):
        page = lead.open(path)
        box = page.get_by_role("textbox", name=name)
        state = page.locator("[data-draft-state]")
        lead.context.set_offline(True)
        box.fill(f"{words}.")
        expect(state).to_contain_text("Not saved: no connection", timeout=60_000)
        lead.context.set_offline(False)
        expect(state).to_contain_text("Draft saved", timeout=60_000)
        log_out_elsewhere(school)
        box.fill(f"{words}, they say.")
        expect(state).to_contain_text("Not saved: you are logged out.", timeout=60_000)
        expect(page.get_by_role("heading", name="You have been logged out")).to_be_visible()
        token = school.session_token("lead")
        lead.context.add_cookies(
            [{"name": cookie_name(school.app), "value": token, "url": lead.address("/")}]
        )
        page.get_by_role("button", name="I have logged in: go on here").click()
        expect(state).to_contain_text("Draft saved", timeout=60_000)
        with page.expect_response(lambda answer: "/drafts/" in answer.url) as saved:
            box.fill(f"{words}, I heard.")
        assert saved.value.status == 200
        lead.open("/")
        page = lead.open(path)
        expect(page.get_by_role("textbox", name=name)).to_have_value(f"{words}, I heard.")
        expect(page.get_by_text("The form is filled with what you had begun to write.")).to_be_visible()
        if path.endswith(f"{incident.id}/edit"):
            lead.wrong.clear()  # the connection that was lost
            lead.look("form-edit-draft")
        page.get_by_role("textbox", name=name).fill(f"{words}, or not.")
        page.get_by_role("button", name="Throw this draft away").click()
        expect(page.get_by_text("The form is filled with what you had begun to write.")).to_have_count(0)
        page = lead.open(path)
        expect(page.get_by_role("textbox", name=name)).not_to_have_value(f"{words}, or not.")
