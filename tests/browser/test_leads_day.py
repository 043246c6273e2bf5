"""The lead's day in one walk: log, edit, merge, print, vault, monitor; every page looked at with axe. Each
part has its own tests in depth; this one goes from each to the next, by the links that are there."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from cpoms_core.testing.schools import SchoolForTests


def test_the_leads_day(school: SchoolForTests, desk: Any) -> None:
    """INC-01, INC-11, EDT-01, EDT-04, EDT-07, STU-05, STU-09, INC-12: what one step writes the
    next one shows."""
    lead = desk("lead")
    page = lead.open("/")
    lead.look("day-dashboard")

    # log: two notes about the same morning, one of them with a colleague alerted
    for number, text, alerted in (
        (1, "She was late and in tears.", True),
        (2, "A neighbour rang: shouting at night.", False),
    ):
        page = lead.open(f"/incidents/add?student={school.students['aoife']}")
        page.get_by_role("textbox", name="Incident").fill(text)
        page.get_by_label("Behaviour").check()
        if alerted:
            page.get_by_role("button", name="DSLs").click()
            lead.look("day-add-incident")
        page.get_by_role("button", name=re.compile("^Add incident( and alert 2 people)?$")).last.click()
        expect(page.get_by_text("The incident is recorded")).to_be_visible()
        expect(page.locator(f"#incident-{number}.incident-marked")).to_contain_text(text)
    lead.look("day-chronology")

    # edit the first: another category, which she is monitored for from now on
    page.locator("#incident-1").get_by_text("Options for incident 1").click()
    page.locator("#incident-1").get_by_role("link", name="Edit", exact=True).click()
    page.get_by_role("textbox", name="Incident").fill("She was late, in tears, and would not say why.")
    page.get_by_label("Medical").check()
    lead.look("day-edit")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Changed, as a new version.")).to_be_visible()
    expect(page.locator("#incident-1")).to_contain_text("would not say why")
    lead.look("day-edited")

    # merge the second into it
    page.locator("#incident-2").get_by_text("Options for incident 2").click()
    page.locator("#incident-2").get_by_role("link", name=re.compile("Merge")).click()
    page.get_by_label("Number of the other incident").fill("1")
    page.get_by_role("button", name="Search and preview").click()
    lead.look("day-merge")
    page.get_by_role("button", name="Merge 2 into 1").click()
    expect(page.get_by_text("Merged. It is an action of this incident now")).to_be_visible()
    expect(page.locator("#incident-1 li.action")).to_contain_text("A neighbour rang")
    expect(page.locator("#incident-2")).to_have_count(0)
    lead.look("day-merged")

    # print it
    page.locator("#incident-1").locator("summary", has_text="Options for incident 1").click()
    href = page.locator("#incident-1").get_by_role("link", name="Print view").get_attribute("href")
    asked = """async (address) => {
        const answer = await fetch(address);
        return [answer.status, answer.headers.get('content-type'), (await answer.text()).slice(0, 4)];
    }"""
    assert page.evaluate(asked, href) == [200, "application/pdf", "%PDF"]

    # the vault of the same student
    record = page.get_by_role("navigation", name="Pages of this record")
    record.get_by_role("link", name="Document vault").click()
    page.get_by_label("Files", exact=True).set_input_files(
        {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"Dear Ms O'Connor"}
    )
    page.get_by_role("button", name="Add to the vault").click()
    expect(page.get_by_text(re.compile("in the vault"))).to_be_visible()
    expect(page.locator(".vault > li")).to_contain_text("letter.txt")
    lead.look("day-vault")

    # what she is monitored for came with the incidents; one of them ends
    record.get_by_role("link", name="Monitoring history").click()
    expect(page.get_by_role("heading", name="Monitoring history", level=1)).to_be_visible()
    lead.look("day-monitoring")
    expect(page.get_by_role("button", name="End monitoring for Behaviour")).to_be_visible()
    page.get_by_role("button", name="End monitoring for Medical").click()
    expect(page.get_by_text("Monitoring has ended.")).to_be_visible()
    lead.look("day-monitoring-ended")

    # the overview and the dashboard say what the day has made
    record.get_by_role("link", name="Overview").click()
    lead.look("day-overview")
    expect(page.get_by_role("main")).to_contain_text("Behaviour")
    page = lead.open("/")
    alert = page.get_by_role("region", name=re.compile("Alerts"))
    expect(alert).to_contain_text("Incident for Aoife O'Connor")
    alert.get_by_role("link", name=re.compile("Incident for Aoife")).click()
    page.get_by_role("button", name="Mark as read").click()
    expect(page.get_by_text("Marked as read.")).to_be_visible()
    expect(page.locator("#incident-1")).to_contain_text("Read by 1")
    assert lead.wrong == []
