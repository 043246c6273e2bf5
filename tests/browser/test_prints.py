"""Prints by a real browser: the student report, the page that waits, the logo (EDT-07, STU-07, ADM-02)."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.documents import prepared
from cpoms_core.incidents.services import delete_incident
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.running import run_claimed
from cpoms_core.printing import content, services
from cpoms_core.testing.records import add_incident, as_imported
from cpoms_core.testing.schools import SchoolForTests


def downloaded(page: Any, press: Any) -> bytes:
    """What a browser saves when something is pressed."""
    with page.expect_download() as download:
        press()
    with open(download.value.path(), "rb") as file:  # noqa: PTH123 - Playwright's own temporary file
        return file.read()


def test_a_report_is_made_in_the_browser(desk: Any, school: SchoolForTests) -> None:
    """STU-07: by keyboard and by eye, at both widths; the filters show once Incidents is ticked."""
    as_imported(school)
    add_incident(school, "She said that she is afraid to go home.")
    lead = desk("lead")
    page = lead.open(f"/students/{school.students['aoife']}/report")
    assert page.locator("#report-filters").is_hidden()
    lead.look("report")
    page.get_by_role("checkbox", name="Incidents", exact=True).check()
    assert page.get_by_label("Include linked incidents").is_visible()
    lead.look("report-incidents")
    page.get_by_label("PDF password", exact=True).fill("one thing")
    page.get_by_label("PDF password again").fill("another")
    page.get_by_role("button", name="Make the PDF").click()
    expect(page.get_by_text("The two passwords differ.").first).to_be_visible()
    assert page.get_by_label("Include linked incidents").is_visible()
    lead.look("report-errors")
    pdf = downloaded(page, lambda: page.get_by_role("button", name="Make the PDF").click())
    assert pdf.startswith(b"%PDF")


def test_the_page_that_waits_goes_on_by_itself(
    desk: Any, app: Application, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 4, PDF: the bar moves, and the file is there without a reload. Once an incident of
    it is gone, it leads to where it is made anew (EDT-02)."""
    monkeypatch.setattr(content, "MOST_INCIDENTS", 2)
    monkeypatch.setattr(services, "MOST_INCIDENTS", 2)
    ids = [add_incident(school, f"Number {at} of them.").id for at in range(5)]
    lead = desk("lead")
    page = lead.open(f"/students/{school.students['aoife']}/incidents")
    page.get_by_role("button", name="Print", exact=True).click()
    page.get_by_text("Waiting for its turn.").wait_for()
    lead.look("print-waiting")
    goes_on = threading.Event()
    real = prepared._progress

    def slowly(*arguments: Any) -> None:
        real(*arguments)
        if arguments[-2] == 1:
            goes_on.wait(120)

    monkeypatch.setattr(prepared, "_progress", slowly)

    def work() -> None:
        for claim in claim_due(app, utc_now(), most=50):
            run_claimed(app, claim)

    worker = threading.Thread(target=work)
    worker.start()
    page.get_by_text("Part 1 of 3.").wait_for()
    assert page.locator("progress").get_attribute("value") == "33"
    lead.look("print-making")
    goes_on.set()
    link = page.get_by_role("link", name="Download the PDF")
    link.wait_for()
    worker.join()
    lead.look("print-ready")
    assert downloaded(page, link.click).startswith(b"%PDF")
    with school.app.transaction(school.id) as db:
        prepared.ask(db, school.viewer("lead"), "record print", {})
    lead.open(f"/students/{school.students['aoife']}/report")
    page.get_by_role("link", name="your PDFs").click()
    page.get_by_text("Waiting for its turn.").wait_for()
    lead.look("print-list")
    assert downloaded(page, page.get_by_role("link", name="O'Connor").click).startswith(b"%PDF")
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), ids[0], "Wrong child.", opened=1)
    page.get_by_role("link", name="O'Connor").click()
    page.get_by_role("link", name="Go to where it is made anew").wait_for()
    lead.look("print-out-of-date")
    page.get_by_role("link", name="Go to where it is made anew").click()
    page.get_by_text("Number 4 of them.").wait_for()


def test_one_incident_is_opened_as_pdf(desk: Any, school: SchoolForTests) -> None:
    """EDT-07: Options > Print view."""
    add_incident(school, "She said that she is afraid to go home.")
    lead = desk("lead")
    page = lead.open(f"/students/{school.students['aoife']}/incidents")
    page.locator(".incident-options summary").first.click()
    link = page.get_by_role("link", name="Print view")
    lead.look("print-option")
    asked = """async (address) => {
        const answer = await fetch(address);
        return [answer.headers.get('content-type'), (await answer.text()).slice(0, 4)];
    }"""
    assert page.evaluate(asked, link.get_attribute("href")) == ["application/pdf", "%PDF"]


def test_the_logo_is_on_every_page(desk: Any, school: SchoolForTests) -> None:
    """ADM-02: uploaded, seen in the frame and on the log-in page, removed."""
    drawn = Image.new("RGBA", (600, 200), (0, 0, 0, 0))
    ImageDraw.Draw(drawn).ellipse((10, 10, 190, 190), fill="#7a1f3d")
    file = io.BytesIO()
    drawn.save(file, "PNG")
    admin = desk("admin")
    page = admin.open("/admin/settings/logo")
    admin.look("logo-none")
    page.get_by_role("button", name="Use this picture").click()
    expect(page.locator("#file-error")).to_be_visible()
    admin.look("logo-error")
    page.get_by_label("Picture").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    page.get_by_role("button", name="Use this picture").click()
    page.get_by_text("This is the logo now.").wait_for()
    expect(page.locator(".top-school img")).to_have_js_property("naturalWidth", 600)
    admin.look("logo")
    nobody = desk()
    expect(nobody.open("/login").locator(".gate-school img")).to_have_js_property("naturalWidth", 600)
    nobody.look("logo-login")
    page.get_by_role("button", name="Remove the logo").click()
    page.get_by_text("The logo is removed.").wait_for()
