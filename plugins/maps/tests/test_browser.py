"""Maps in a real browser: placed by pointer, touch and keyboard; lit both ways."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cpoms_maps import body
from playwright.sync_api import expect

from cpoms_core.testing.schools import SchoolForTests

ARM = {"map": "body", "x": 0.4, "y": 0.46, "note": "Small bruise"}
BACK = {"map": "body", "x": 0.75, "y": 0.3, "note": "Old mark"}


def opened(desk: Any, school: SchoolForTests, who: str = "lead") -> Any:
    """The Add incident form with the body map unfolded."""
    page = desk.open(f"/incidents/add?student={school.students['aoife']}")
    page.locator('[data-map="body"] summary').click()
    return page


def markers(page: Any) -> list[dict[str, Any]]:
    return json.loads(page.locator("[data-maps-value]").input_value())


def at(page: Any, x: float, y: float, map_name: str = "body") -> dict[str, float]:
    """A place of a map as the pointer knows it, from its top left corner."""
    box = page.locator(f'[data-map="{map_name}"] svg').bounding_box()
    return {"x": x * box["width"], "y": y * box["height"]}


def test_placed_with_the_mouse_moved_removed_and_sent(
    school: SchoolForTests, desk: Any, playground: uuid.UUID
) -> None:
    """MAP-01, MAP-02: numbered, with notes, on two maps; what is sent is what was seen."""
    lead = desk("lead")
    page = opened(lead, school)
    place = page.locator('[data-map="body"] [data-map-place]')
    place.click(position=at(page, 0.4, 0.46))
    note = page.get_by_label("Marker 1: Left forearm, front")
    expect(note).to_be_focused()
    note.fill("Small bruise")
    place.click(position=at(page, 0.75, 0.3))
    page.get_by_label("Marker 2: Upper back").fill("Old mark")
    page.locator(f'[data-map="{playground}"] summary').click()
    page.locator(f'[data-map="{playground}"] [data-map-place]').click(
        position=at(page, 0.5, 0.5, str(playground))
    )
    page.get_by_label("Marker 3: Playground, 50 % from the left, 50 % from the top").fill("By the gate")
    lead.look("maps-form")
    page.get_by_role("button", name="Move marker 2", exact=True).click()
    place.click(position=at(page, 0.25, 0.09))
    expect(page.get_by_label("Marker 2: Nose")).to_have_count(0)
    expect(page.get_by_label("Marker 2: Face")).to_have_value("Old mark")
    page.get_by_role("button", name="Remove marker 1").click()
    expect(page.get_by_label("Marker 1: Face")).to_be_focused()
    assert [one["note"] for one in markers(page)] == ["Old mark", "By the gate"]
    page.get_by_role("textbox", name="Incident").fill("She was very quiet today.")
    page.get_by_label("Behaviour").check()
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    words = page.locator("#incident-1 .map-words li")
    expect(words).to_have_text(
        ["1Marker 1: Face: Old mark", "2Marker 2: 50 % from the left, 50 % from the top: By the gate"]
    )
    expect(page.locator("#incident-1 .map-shown image").first).to_be_visible()
    lead.look("maps-incident")
    page.get_by_role("link", name="Overview").first.click()
    expect(page.locator("[data-maps-together]")).to_be_visible()


def test_placed_with_keys_alone(school: SchoolForTests, desk: Any) -> None:
    """MAP-01: the place is said with every step; Enter in a note sends nothing."""
    lead = desk("lead")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    page.locator('[data-map="body"] summary').focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    place = page.locator('[data-map="body"] [data-map-place]')
    expect(place).to_be_focused()
    says = page.locator('[data-map="body"] [data-map-says]')
    expect(says).to_have_text("Chest")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(says).to_have_text("Left upper arm, front")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    note = page.get_by_label("Marker 1: Left upper arm, front")
    expect(note).to_be_focused()
    expect(page.locator("[data-maps-state]")).to_contain_text("Marker 1 placed: Left upper arm, front.")
    page.keyboard.type("Graze")
    page.keyboard.press("Enter")
    assert "/incidents/add" in page.url
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Move marker 1", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(place).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-maps-state]")).to_contain_text("Marker 1 stays where it is.")
    assert markers(page) == [{"map": "body", "x": 0.3591, "y": 0.3515, "note": "Graze"}]
    page.get_by_role("button", name="Remove marker 1").focus()
    page.keyboard.press("Enter")
    assert markers(page) == []
    assert lead.wrong == []


@pytest.fixture
def phone(school: SchoolForTests, desk: Any, chromium: Any) -> Iterator[Callable[[str], Any]]:
    """Opens a page for the lead on a small screen that is touched."""
    lead = desk("lead")
    context = chromium.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, locale="en-GB"
    )
    context.add_cookies(lead.context.cookies())

    def opens(path: str) -> Any:
        page = context.new_page()
        page.goto(lead.address(path))
        return page

    yield opens
    context.close()


def test_placed_with_a_finger_on_a_small_screen(school: SchoolForTests, phone: Callable[[str], Any]) -> None:
    """MAP-01: a tap beside a thin arm is on the arm."""
    page = phone(f"/incidents/add?student={school.students['aoife']}")
    page.locator('[data-map="body"] summary').tap()
    page.locator('[data-map="body"] [data-map-place]').tap(position=at(page, 0.433, 0.46))
    page.get_by_label("Marker 1: Left forearm, front").fill("Small bruise")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_script_names_every_place_as_the_server_does(school: SchoolForTests, desk: Any) -> None:
    """MAP-01: a grid of places over the whole body map."""
    page = opened(desk("lead"), school)
    grid = [((i + 0.5) / 24, (j + 0.5) / 24) for i in range(24) for j in range(24)]
    said = page.evaluate(
        """(grid) => { const place = document.querySelector('[data-map="body"] [data-map-place]');
        const svg = place.querySelector('svg'); const says = document.querySelector('[data-map-says]');
        const list = document.querySelector('[data-map-list]'); const found = [];
        for (const [x, y] of grid) {
          const at = new DOMPoint(x * 440, y * 440).matrixTransform(svg.getScreenCTM());
          place.dispatchEvent(new MouseEvent('click', { clientX: at.x, clientY: at.y, bubbles: true }));
          const [{ x: put, y: down }] = JSON.parse(document.querySelector('[data-maps-value]').value);
          found.push([put, down, list.querySelector('label').textContent.replace('Marker 1: ', '')]);
          [...list.querySelectorAll('.link')].at(-1).click();
        } return found; }""",
        grid,
    )
    ours = []
    for x, y, _words in said:
        side, name = body.place_of(x, y)
        ours.append(body.words_of(name, side))
    assert len(set(ours)) > 30
    assert [one for one, words in zip(said, ours, strict=True) if one[2] != words] == []


def test_a_draft_keeps_the_markers(school: SchoolForTests, desk: Any) -> None:
    """MAP-01, INC-10: as every other part of the form."""
    lead = desk("lead")
    page = opened(lead, school)
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.locator('[data-map="body"] [data-map-place]').click(position=at(page, 0.4, 0.46))
        page.get_by_label("Marker 1: Left forearm, front").fill("Small bruise")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    expect(page.get_by_label("Marker 1: Left forearm, front")).to_have_value("Small bruise")


@pytest.mark.parametrize("dark", [False, True])
def test_incident_and_markers_light_each_other(
    school: SchoolForTests, desk: Any, record: Any, dark: bool
) -> None:
    """MAP-03: by pointer, by focus and by tap, both ways."""
    first, second = record(school, ARM, {**ARM, "y": 0.2}), record(school, BACK)
    lead = desk("lead")
    page = lead.page
    page.emulate_media(color_scheme="dark" if dark else "light")
    page = lead.open(f"/students/{school.students['aoife']}")
    lit_pins, lit_rows = page.locator("a.map-pin.is-lit"), page.locator(".map-incidents > li.is-lit")
    row = page.locator(f"#on-maps-{first.number}")
    row.hover()
    expect(lit_pins).to_have_count(2)
    expect(lit_pins.first).to_have_attribute("data-lights", str(first.number))
    page.locator(f'a.map-pin[data-lights="{second.number}"]').hover()
    expect(lit_rows).to_have_attribute("id", f"on-maps-{second.number}")
    expect(lit_pins).to_have_count(1)
    page.mouse.move(2, 2)
    expect(lit_pins).to_have_count(0)
    row.get_by_role("link").focus()
    expect(lit_pins).to_have_count(2)
    page.locator("a.map-pin").first.focus()
    expect(lit_rows).to_have_attribute("id", f"on-maps-{second.number}")
    page.keyboard.press("ArrowRight")
    expect(lit_rows).to_have_attribute("id", f"on-maps-{first.number}")
    lead.look(f"maps-overview-{'dark' if dark else 'light'}")
    page.locator(f'a.map-pin[data-lights="{second.number}"]').click()
    page.mouse.move(2, 2)
    expect(page.locator(f"#on-maps-{second.number}.is-lit")).to_be_visible()


def test_a_finger_lights_incident_and_markers(
    school: SchoolForTests, record: Any, phone: Callable[[str], Any]
) -> None:
    """MAP-03: a tap on one lights the other until the next tap, wherever that is."""
    first, second = record(school, ARM, {**ARM, "y": 0.2}), record(school, BACK)
    page = phone(f"/students/{school.students['aoife']}")
    lit_pins, lit_rows = page.locator("a.map-pin.is-lit"), page.locator(".map-incidents > li.is-lit")
    page.locator(f'a.map-pin[data-lights="{second.number}"]').tap()
    expect(lit_rows).to_have_attribute("id", f"on-maps-{second.number}")
    page.locator(f"#on-maps-{first.number} .map-words-plain").tap()
    expect(lit_pins).to_have_count(2)
    expect(lit_rows).to_have_attribute("id", f"on-maps-{first.number}")
    page.locator("h1").first.tap()
    expect(lit_pins).to_have_count(0)
    if folder := os.environ.get("CPOMS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "maps-overview-phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_administration_of_maps(school: SchoolForTests, desk: Any, playground: uuid.UUID) -> None:
    """MAP-02: looked at, and a map disabled and enabled."""
    admin = desk("admin")
    page = admin.open("/maps/admin")
    admin.look("maps-admin")
    page.get_by_role("button", name="Disable Playground").click()
    expect(page.get_by_role("button", name="Enable Playground")).to_be_visible()
    page.get_by_role("link", name="Rename Playground").click()
    admin.look("maps-rename")


def test_without_scripts_a_place_is_chosen_from_a_list(
    school: SchoolForTests, desk: Any, chromium: Any, playground: uuid.UUID
) -> None:
    """MAP-01: recorded, and opened again to take one away."""
    lead = desk("lead")
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    context.add_cookies(lead.context.cookies())
    try:
        page = context.new_page()
        page.goto(lead.address(f"/incidents/add?student={school.students['aoife']}"))
        expect(page.locator("[data-map-place]").first).to_be_hidden()
        page.locator("noscript summary").click()
        page.get_by_label("Marker 1: place").select_option(label="Left forearm, front")
        page.get_by_label("Marker 1: note").fill("Small bruise")
        page.get_by_label("Marker 2: place").select_option(label="Playground: say where in the note")
        page.get_by_label("Marker 2: note").fill("By the gate")
        if folder := os.environ.get("CPOMS_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / "maps-no-scripts-360.png", full_page=True)
        page.get_by_role("textbox", name="Incident").fill("She was very quiet today.")
        page.get_by_label("Behaviour").check()
        page.get_by_role("button", name="Add incident", exact=True).click()
        words = page.locator("#incident-1 .map-words li")
        expect(words).to_have_text(
            [
                "1Marker 1: Left forearm, front: Small bruise",
                "2Marker 2: Not placed on the picture: By the gate",
            ]
        )
        page.get_by_role("link", name="Edit", exact=True).or_(page.get_by_text("Options")).first.click()
        page.get_by_role("link", name="Edit", exact=True).click()
        page.get_by_label("Marker 1: place").select_option(label="Remove this marker")
        page.get_by_role("button", name="Save").first.click()
        expect(words).to_have_text(["1Marker 1: Not placed on the picture: By the gate"])
    finally:
        context.close()
