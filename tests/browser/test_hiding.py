"""DSH-08: Hide names and Blank screen, as people use them in front of others."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import Linked, NewIncident, record_incident
from cpoms_core.testing.schools import SchoolForTests

TEXT = "Aoife O'Connor was alone at lunch; Chloë told us."
NAMES = ("Aoife", "Connor", "Chloë", "Björn")


def recorded(school: SchoolForTests) -> str:
    """An incident about Aoife with Chloë; its student's chronology."""
    with school.app.transaction(school.id) as db:
        new = NewIncident(
            new_id(),
            school.students["aoife"],
            TEXT,
            [school.categories["Behaviour"]],
            utc_now(),
            linked=[Linked(school.students["chloe"], monitor=True)],
            alert_ids=[school.users["lead"]],
        )
        record_incident(db, school.viewer("lead"), new)
    return f"/students/{school.students['aoife']}/incidents?actions=open"


def says_no_name(page: Any) -> None:
    """Neither what is to be seen nor what is in the page without being seen."""
    said = page.content() + page.title()
    assert not [name for name in NAMES if name in said]


def test_names_are_hidden_by_button_and_key_on_every_page(school: SchoolForTests, desk: Any) -> None:
    """DSH-08: dashboard, record, a list that is typed for, the page in place of a form; shown again by the
    same button. Staff names stay."""
    path = recorded(school)
    lead = desk("lead")
    page = lead.open("/?monitored=1")
    expect(page.get_by_text("Aoife", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Hide names").click()
    expect(page.get_by_role("button", name="Show names")).to_be_visible()
    says_no_name(page)
    lead.look("names-hidden-dashboard")
    page = lead.open(path)
    expect(page.get_by_text("A*** O*** was alone at lunch; C*** told us.")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("Lena Lead").first).to_be_visible()
    says_no_name(page)
    lead.look("names-hidden-chronology")
    page.get_by_text("Options").first.click()
    page.get_by_role("link", name="Edit").first.click()
    expect(page.get_by_role("heading", name="Names are hidden")).to_be_visible()
    says_no_name(page)
    lead.look("names-hidden-form")
    page.get_by_role("button", name="Show names to go on").click()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value(TEXT)
    page.wait_for_load_state()  # the scripts listen from then on
    page.keyboard.press("Alt+Shift+H")
    expect(page.get_by_role("heading", name="Names are hidden")).to_be_visible()
    page = lead.open("/incidents/add")
    page.get_by_role("combobox", name="Student", exact=False).first.press_sequentially("aoif", delay=30)
    expect(page.get_by_role("option").first).to_contain_text("A*** O***")
    page.wait_for_load_state()  # the scripts listen from then on
    page.keyboard.press("Alt+Shift+H")
    expect(page.get_by_role("button", name="Hide names")).to_be_visible()
    assert lead.wrong == []


def test_other_tabs_follow(school: SchoolForTests, desk: Any) -> None:
    """DSH-08: hidden in one tab, hidden in all of this browser. A half-typed form is covered and kept."""
    path = recorded(school)
    lead = desk("lead")
    reading, typing = lead.page, lead.context.new_page()
    lead.open(path)
    typing.goto(lead.address("/incidents/add"))
    typing.get_by_role("textbox", name="Incident").fill("I heard Aoife say")
    third = lead.context.new_page()
    third.goto(lead.address("/"))
    third.get_by_role("button", name="Hide names").click()
    expect(reading.get_by_text("A*** O*** was alone")).to_be_visible()
    says_no_name(reading)
    expect(typing.get_by_role("heading", name="Screen hidden")).to_be_visible()
    typing.get_by_role("button", name="Show screen").click()
    expect(typing.get_by_role("textbox", name="Incident")).to_have_value("I heard Aoife say")
    typing.evaluate(
        """() => {
          window.heard = new Promise(done => { new BroadcastChannel('names').onmessage = () => done(1); });
        }"""
    )
    third.reload()  # what is opened elsewhere later does not cover it again
    assert typing.evaluate("window.heard") == 1
    expect(typing.get_by_role("textbox", name="Incident")).to_have_value("I heard Aoife say")
    assert lead.wrong == []


def is_blank(page: Any) -> None:
    """Nothing of the page behind is to be seen, heard, reached or printed."""
    expect(page.get_by_role("heading", name="Screen hidden")).to_be_visible()
    expect(page.get_by_role("button", name="Show screen")).to_be_focused()
    heard = page.locator("html").aria_snapshot()
    assert "Screen hidden" in heard and "Aoife" not in heard and "banner" not in heard
    assert "Aoife" not in page.locator("html").inner_text()
    assert page.title() == "Screen hidden"
    for _ in range(3):  # the focus stays inside
        page.keyboard.press("Tab")
    inside = "document.activeElement === document.body || !!document.activeElement.closest('.cover')"
    assert page.evaluate(inside)
    page.emulate_media(media="print")
    assert "Aoife" not in page.locator("html").inner_text()
    page.emulate_media(media="screen")


def test_a_blank_screen_stays_blank(school: SchoolForTests, desk: Any) -> None:
    """DSH-08: by two presses of Escape, over the back button and a reload, until it is shown."""
    path = recorded(school)
    lead = desk("lead")
    page = lead.open(path)
    page = lead.open("/incidents/add")
    page.get_by_role("textbox", name="Incident").fill("I heard Aoife say")
    expect(page.get_by_text("Draft saved")).to_be_visible(timeout=15_000)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show screen").focus()
    is_blank(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Screen hidden")).to_be_visible()
    page.go_back()
    is_blank(page)
    page.reload()
    is_blank(page)
    lead.look("blank-after-back")
    page.get_by_role("button", name="Show screen").click()
    expect(page.get_by_text(TEXT)).to_be_visible()
    page.reload()
    expect(page.get_by_text(TEXT)).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value("I heard Aoife say")
    assert lead.wrong == []


def test_a_blank_screen_lies_over_what_is_open(school: SchoolForTests, desk: Any) -> None:
    """DSH-08: over the menu and over another dialog, which is as it was afterwards."""
    path = recorded(school)
    lead = desk("lead")
    page = lead.open(path)
    page.evaluate(
        """() => {
          const dialog = document.createElement('dialog');
          dialog.append(Object.assign(document.createElement('p'), { textContent: 'About Aoife' }),
                        Object.assign(document.createElement('textarea'), { value: 'half', name: 'half' }));
          document.querySelector('main').append(dialog);
          dialog.showModal();
        }"""
    )
    expect(page.get_by_text("About Aoife")).to_be_visible()
    page.evaluate("document.querySelector('[data-blank]').click()")
    is_blank(page)
    page.get_by_role("button", name="Show screen").click()
    expect(page.get_by_text("About Aoife")).to_be_visible()
    assert page.locator("textarea[name=half]").input_value() == "half"
    page = lead.open("/incidents/add")
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.evaluate("document.querySelector('[data-blank]').click()")
    is_blank(page)
    assert lead.wrong == []
