"""A student's record, as people meet it: overview with charts, Edit information, contact details."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from cpoms_core.testing.records import as_imported, picture, record
from cpoms_core.testing.schools import SchoolForTests


def fill(school: SchoolForTests) -> Any:
    """Aoife with what the MIS says and five incidents."""
    for categories, days in (
        (["Behaviour"], 3),
        (["Behaviour", "Bullying"], 40),
        (["Child Protection"], 45),
        (["Attendance"], 100),
        (["Behaviour"], 190),
    ):
        record(school, categories, days)
    return as_imported(school)


def test_the_overview_is_read(school: SchoolForTests, desk: Any) -> None:
    """STU-01, STU-02: facts in words, two charts with values on hover, the same figures in a table, and a
    picture to keep; under the strict CSP, without a fault that axe finds, light and dark."""
    student = fill(school)
    lead = desk("lead")
    page = lead.open(f"/students/{student}")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.locator("[data-chart] svg")).to_have_count(2)
    expect(page.get_by_text("14 March 2014")).to_be_visible()
    lead.look("student-overview")

    figure = page.locator("figure", has=page.locator("#incidents-by-category"))
    slices = figure.locator("path[aria-label]")
    slices.first.hover()
    expect(figure.locator(".chart-tip")).to_contain_text("Behaviour")
    page.get_by_text("The figures in a table").first.focus()
    page.keyboard.press("Enter")
    table = page.get_by_role("table", name="Incidents by category")
    expect(table.get_by_role("row", name="Behaviour 2")).to_be_visible()
    lead.look("student-overview-table")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Incidents by category: Save as picture (PNG)").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")

    written = page.locator("[data-chart] text", has_text="Behaviour: 2")
    light = written.get_attribute("fill")
    page.emulate_media(color_scheme="dark")
    expect(written).not_to_have_attribute("fill", light)  # drawn anew, in the ink of the page
    page = lead.open(f"/students/{student}")  # colours that change take their time
    expect(page.locator("[data-chart] svg")).to_have_count(2)
    lead.look("student-overview-dark")


def test_the_overview_without_scripts(school: SchoolForTests, desk: Any) -> None:
    """STU-02: the tables are open, and say all that the charts would."""
    student = fill(school)
    lead = desk("lead")
    lead.page.route("**/*.js*", lambda route: route.abort())
    page = lead.open(f"/students/{student}")
    expect(page.get_by_role("table", name="Incidents by category")).to_be_visible()
    expect(page.get_by_role("table", name="Incidents over time")).to_be_visible()


def test_information_is_edited(school: SchoolForTests, desk: Any, tmp_path: Path) -> None:
    """STU-01, STU-03: with the keyboard: alerts, a link, summary, categories, keywords, agencies, a photo."""
    student = fill(school)
    lead = desk("lead")
    page = lead.open(f"/students/{student}")
    page.get_by_role("link", name="Edit information").click()
    lead.look("student-edit")
    keys = page.keyboard
    page.get_by_role("combobox", name="Alert staff").focus()
    keys.type("Hugo", delay=60)
    expect(page.get_by_role("option", name="Hugo Head")).to_be_visible()
    keys.press("Enter")
    page.get_by_role("combobox", name="Link a student").focus()
    keys.type("björn", delay=60)
    expect(page.get_by_role("option", name="Björn Ångström")).to_be_visible()
    keys.press("Enter")
    page.get_by_label("What they are to each other").fill("neighbour")
    page.get_by_label("Summary").fill("Social worker: Ms Price, Harbour team.")
    page.get_by_label("Medical").check()
    page.get_by_label("Keywords").fill("wears glasses, young carer")
    page.get_by_role("combobox", name="Agencies involved").focus()
    keys.type("Police", delay=60)
    expect(page.get_by_role("option", name="Police")).to_be_visible()
    keys.press("Enter")
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(picture())
    page.get_by_label("Photo", exact=True).set_input_files(photo)
    lead.look("student-edit-filled")
    page.get_by_role("button", name="Update student").click()
    expect(page.get_by_text("Saved, as a new version")).to_be_visible()
    expect(page.get_by_text("Social worker: Ms Price")).to_be_visible()
    expect(page.get_by_role("link", name="Björn Ångström")).to_be_visible()
    photo = page.locator(".student-card img")
    expect(photo).to_have_js_property("complete", True)
    assert photo.evaluate("image => image.naturalWidth") > 100
    expect(page.locator(".student-monitored")).to_contain_text("Medical")
    lead.look("student-overview-edited")
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()
    lead.look("student-history")
    page = lead.open("/")
    page.get_by_label("Find a student").fill("young carer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Aoife O'Connor").first).to_be_visible()


def test_two_who_edit_at_once(school: SchoolForTests, desk: Any) -> None:
    """STU-03: the second is told, sees what the first saved and what they typed themselves, and decides."""
    student = fill(school)
    lead, head = desk("lead"), desk("head")
    first, second = lead.open(f"/students/{student}/edit"), head.open(f"/students/{student}/edit")
    first.get_by_label("Summary").fill("What the lead knows.")
    first.get_by_role("button", name="Update student").click()
    expect(first.get_by_text("What the lead knows.")).to_be_visible()
    second.get_by_label("Summary").fill("What the head knows.")
    second.get_by_role("button", name="Update student").click()
    expect(second.get_by_text("Lena Lead saved this first")).to_be_visible()
    expect(second.get_by_text("What the lead knows.")).to_be_visible()
    expect(second.get_by_label("Summary")).to_have_value("What the head knows.")
    head.look("student-edit-meanwhile")
    second.get_by_role("button", name="Save over it").click()
    expect(second.get_by_text("What the head knows.")).to_be_visible()


def test_contacts_are_read_and_added(school: SchoolForTests, desk: Any) -> None:
    """STU-04: the MIS's by priority, one of the school's own added, changed and ended."""
    student = fill(school)
    lead = desk("lead")
    page = lead.open(f"/students/{student}/contacts")
    expect(page.get_by_role("heading", name="Maeve O'Connor")).to_be_visible()
    page.get_by_role("link", name="Add contact").click()
    lead.look("student-contact-add")
    page.get_by_label("Name", exact=False).first.fill("Petra Price")
    page.get_by_label("Relationship to the student").fill("Social worker")
    page.get_by_label("E-mail").fill("not an address")
    page.get_by_role("button", name="Add this contact").click()
    expect(page.get_by_text("This is no e-mail address.").first).to_be_visible()
    lead.look("student-contact-refused")
    page.get_by_label("E-mail").fill("petra@council.example")
    page.get_by_role("button", name="Add this contact").click()
    expect(page.get_by_role("heading", name="Petra Price")).to_be_visible()
    lead.look("student-contacts")
    page.get_by_role("button", name="End this contact Petra Price").click()
    expect(page.get_by_text("1 contact that has ended")).to_be_visible()
    page.get_by_text("1 contact that has ended").click()
    lead.look("student-contacts-ended")
    page.get_by_role("button", name="Take up again Petra Price").click()
    expect(page.get_by_role("link", name="Change Petra Price")).to_be_visible()
