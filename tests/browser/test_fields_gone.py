"""INC-10, FRM-03: what was typed in a field that is gone goes along with a form that comes back, in a real
browser: it is looked at, and the next draft has it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect
from sqlalchemy import select

from cpoms_core.incidents.models import Draft, IncidentVersion
from cpoms_core.testing.schools import SchoolForTests

NAME = f"formbuilder-f{'0' * 32}"
TYPED = "By the gate,\nafter the bell. " + "No end to it. " * 10 + "x" * 200
GONE = """([name, typed]) => {
  const field = document.createElement('textarea');
  Object.assign(field, { name, value: typed, hidden: true });
  document.querySelector('#incident-form').append(field);
}"""


def drafted(school: SchoolForTests) -> dict[str, str]:
    with school.app.session(school.id, writes=False) as db:
        return dict(db.scalars(select(Draft.fields)).one()["fields"])


def test_it_goes_along_with_the_form_and_its_draft(school: SchoolForTests, desk: Any) -> None:
    lead = desk("lead")
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    page.evaluate(GONE, [NAME, TYPED])
    page.get_by_role("textbox", name="Incident").fill("She was quiet.")
    page.get_by_role("button", name="Add incident").click()
    line = page.locator("[data-carried]")
    expect(line).to_contain_text("no longer on this form is kept with what you send: “By the gate, after")
    expect(page.locator(f"textarea[name={NAME}]")).to_be_hidden()
    lead.look("form-carried")
    page.get_by_role("textbox", name="Incident").fill("She was quiet today.")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    assert drafted(school)[NAME] == TYPED
    page = lead.open(f"/incidents/add?student={school.students['aoife']}")
    expect(page.locator("[data-carried]")).to_be_visible()
    page.get_by_label("Behaviour").check()
    page.get_by_role("button", name="Add incident").click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    with school.app.session(school.id, writes=False) as db:
        content = db.scalars(select(IncidentVersion.content)).one()
    assert content["not_taken"] == {NAME: [TYPED.replace("\n", "\r\n")]}
