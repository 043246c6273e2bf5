"""The Form builder, and the forms that it makes, as people meet them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from cpoms_core.testing.schools import SchoolForTests


def order(page: Any) -> list[str]:
    return page.locator("[name=order]").evaluate_all("all => all.map(one => one.value)")  # type: ignore[no-any-return]


def test_a_form_is_made_and_filled_in(school: SchoolForTests, desk: Any) -> None:
    """FRM-01, FRM-02: fields are dragged, and moved with the keyboard; a dropdown for one category gets a
    further option in place; after Update form it comes up with its category, without a reload, and goes."""
    lead = desk("lead")
    page = lead.open("/formbuilder/forms")
    lead.look("formbuilder-forms", dark=True)
    page.get_by_role("link", name="Incident form").click()
    expect(page.get_by_role("heading", name="Incident form")).to_be_visible()
    page.wait_for_load_state()  # nothing is dragged before its script is there
    first = order(page)

    handle = page.locator("#field-categories [data-builder-handle]").bounding_box()
    above = page.locator("#field-student").bounding_box()
    page.mouse.move(handle["x"] + 5, handle["y"] + 10)
    page.mouse.down()
    page.mouse.move(above["x"] + 5, above["y"] + 40, steps=8)
    page.mouse.move(above["x"] + 5, above["y"] + 4, steps=4)
    page.mouse.up()
    assert order(page)[0] == "categories"
    expect(page.locator("[data-builder-said]")).to_contain_text("place 1 of")

    page.get_by_role("button", name="Down Categories").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Down Categories")).to_be_focused()
    assert order(page)[:2] == ["student", "categories"]
    page.get_by_text("Advice message under Agency involved").click()
    page.get_by_label("Advice under Agency involved").fill("Ask the office first.")
    lead.look("formbuilder-form", dark=True)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("There are changes that staff do not see yet")).to_be_visible()

    page.get_by_role("link", name="New custom field").click()
    page.get_by_label("Name of the field").fill("Where it was")
    page.get_by_label("Multiline text").check()
    expect(page.get_by_role("button", name="+ Add another option")).to_be_hidden()
    page.get_by_label("Dropdown").check()
    page.get_by_label("Option 1").fill("Hall")
    page.get_by_role("button", name="+ Add another option").click()
    expect(page.get_by_label("Option 4")).to_be_focused()
    page.keyboard.type("Yard")
    page.get_by_label("Enforce an option is chosen?").check()
    page.get_by_label("Medical").check()
    lead.look("formbuilder-field", dark=True)
    page.get_by_role("button", name="Save the field").click()
    expect(page.get_by_text("Custom field: Dropdown, for some categories. New")).to_be_visible()
    page.get_by_role("button", name="Update form").click()
    expect(page.get_by_text("Staff have version 1.")).to_be_visible()
    assert order(page)[: len(first)] == [
        "student",
        "categories",
        *[one for one in first[1:] if one != "categories"],
    ]

    teacher = desk("teacher")
    page = teacher.open(f"/incidents/add?student={school.students['aoife']}")
    field = page.get_by_label("Where it was")
    expect(field).to_be_hidden()
    page.get_by_role("textbox", name="Incident").fill("She was very quiet today.")
    page.get_by_label("Medical").check()
    expect(field).to_be_visible()
    expect(page.get_by_text("For Medical.")).to_be_hidden()
    expect(page.get_by_text("Ask the office first.")).to_be_visible()
    teacher.look("formbuilder-filled-in", dark=True)
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("Choose an option.").first).to_be_visible()
    expect(field).to_be_visible()
    page.get_by_label("Medical").uncheck()
    expect(field).to_be_hidden()
    page.get_by_label("Medical").check()
    field.select_option(label="Yard")
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()

    page = lead.open(f"/students/{school.students['aoife']}/incidents")
    expect(page.locator(".custom-values")).to_contain_text("Yard")
    lead.look("formbuilder-shown", dark=True)
    assert lead.wrong == [] and teacher.wrong == []


def test_two_administrators_change_one_form_at_once(school: SchoolForTests, desk: Any) -> None:
    """FRM-01, FRM-02: the second is told, on the form and on the page of a field, keeps what they typed, and
    saves it where it is still right."""
    first, second = desk("lead"), desk("admin")
    page = second.open("/formbuilder/forms/incident")
    page.get_by_text("Advice message under Agency involved").click()
    page.get_by_label("Advice under Agency involved").fill("Ask the office first.")
    field = desk("admin")
    typed = field.open("/formbuilder/forms/incident/fields/new")
    typed.get_by_label("Name of the field").fill("Where it was")
    typed.get_by_label("Dropdown").check()
    typed.get_by_label("Option 1").fill("Hall")
    typed.get_by_label("Medical").check()

    theirs = first.open("/formbuilder/forms/incident")
    theirs.get_by_role("button", name="Down Categories").click()
    theirs.get_by_role("button", name="Save", exact=True).click()
    expect(theirs.get_by_text("There are changes that staff do not see yet")).to_be_visible()

    page.get_by_role("button", name="Update form").click()
    told = "Lena Lead changed this form while you had it open"
    expect(page.get_by_role("heading", name=told)).to_be_visible()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Advice under Agency involved")).to_have_value("Ask the office first.")
    second.look("formbuilder-form-conflict", dark=True)
    typed.get_by_role("button", name="Save the field").click()
    expect(typed.get_by_role("heading", name=told)).to_be_visible()
    expect(typed.get_by_label("Option 1")).to_have_value("Hall")
    form = typed.get_by_role("link", name="see the form as it is now")
    expect(form).to_have_attribute("href", "/formbuilder/forms/incident")
    field.look("formbuilder-field-conflict", dark=True)
    typed.get_by_role("button", name="Save the field").click()
    expect(typed.get_by_text("Custom field: Dropdown, for some categories. New")).to_be_visible()
    page.get_by_role("link", name="see theirs instead").click()
    expect(page.get_by_role("heading", name=told)).to_have_count(0)
    assert order(page).index("categories") > order(page).index("linked")
    assert first.wrong == [] and second.wrong == [] and field.wrong == []
