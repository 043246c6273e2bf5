"""What people see who send a form again, or send it to what they may no longer read."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Route, expect
from sqlalchemy import select

from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.services import mark_read
from cpoms_core.testing.browser import drop
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def test_a_form_whose_answer_was_lost_is_sent_again_with_more(school: SchoolForTests, desk: Any) -> None:
    """INC-09: it was recorded, and the message does not deny it; what was added is said to be left out."""
    teacher = desk("teacher")
    page = teacher.open(f"/incidents/add?student={school.students['aoife']}")
    page.locator("#text").fill("She was very quiet today.")
    page.get_by_label("Behaviour").check()
    drop(page, ("a.txt", b"A letter."))

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        to = urlsplit(route.request.url)  # it arrives, and its answer does not
        here = to._replace(netloc=f"127.0.0.1:{to.port}").geturl()
        route.fetch(url=here, headers={**route.request.all_headers(), "host": to.netloc}, max_redirects=0)
        route.abort("connectionreset")

    page.route("**/incidents/add", lose)
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.locator(".sending .field-error")).to_contain_text("It may be recorded already.")
    page.unroute("**/incidents/add")
    page.get_by_label("Medical").check()
    page.get_by_role("button", name="Add incident", exact=True).click()
    errors = page.locator(".errors")
    expect(errors).to_contain_text("This was recorded already")
    expect(errors.get_by_role("link")).to_have_text(
        "Categories: Not changed in incident 1, which has what you sent first."
    )
    expect(page.locator(".drop-list li")).to_have_count(1)
    expect(page.locator("#text")).to_have_value("She was very quiet today.")
    teacher.wrong = [one for one in teacher.wrong if "ERR_CONNECTION_RESET" not in one and "422" not in one]
    teacher.look("recorded-before")


def test_an_action_with_files_is_given_back(school: SchoolForTests, desk: Any) -> None:
    """ACT-01, INC-12: its text is there, where a script sent it too, and goes on as an incident."""
    incident = add_incident(school, alert_ids=[school.users["teacher"]])
    teacher = desk("teacher")
    page = teacher.open(f"/incidents/{incident.id}/actions/add")
    page.locator("#text").fill("Spoke to her mother.")
    drop(page, ("a.txt", b"A letter."))
    with school.app.transaction(school.id) as db:
        mark_read(db, school.viewer("teacher"), incident.id, list(db.scalars(select(Alert.id))))
    page.get_by_role("button", name="Add action", exact=True).click()
    expect(page.get_by_label("What you typed")).to_have_value("Spoke to her mother.")
    expect(page.get_by_text("The files that you chose were not kept.")).to_be_visible()
    expect(page).to_have_title(re.compile("Your action could not be recorded"))
    expect(page.locator("[data-given-back]")).to_be_focused()
    expect(page.get_by_text("On this form")).to_have_count(0)
    expect(page.locator("link[href*='css/changes.css']")).to_have_count(1)
    teacher.wrong = [one for one in teacher.wrong if "404" not in one]
    teacher.look("action-given-back")
    page.get_by_role("button", name="Go on in the Add incident form").click()
    expect(page.locator("#text")).to_have_value("Spoke to her mother.")
    expect(page.get_by_role("heading", name="Add incident")).to_be_visible()
