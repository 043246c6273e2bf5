"""The library as people meet it: files dragged in, an alert read and understood, who has read it, a file
deleted and restored, a logo; at both widths, light and dark, with axe."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cpoms_core.testing.browser import drop
from cpoms_core.testing.schools import SchoolForTests

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect


def crest() -> bytes:
    content = io.BytesIO()
    Image.radial_gradient("L").resize((600, 300)).convert("RGB").save(content, "PNG")
    return content.getvalue()


def test_a_policy_from_upload_to_understood(school: SchoolForTests, desk: Any, tmp_path: Path) -> None:
    """LIB-01, LIB-02: dragged in, several at once, people alerted; the head opens it from the dashboard and
    says that they understood; the log says so, and is downloaded."""
    lead = desk("lead")
    page = lead.open("/library/files")
    expect(page.get_by_text("The library is empty.")).to_be_visible()
    lead.look("library-empty", dark=True)
    page.get_by_role("link", name="Upload files").click()
    expect(page.get_by_text("Put nothing confidential or sensitive here")).to_be_visible()
    drop(page, ("Behaviour policy 2026.txt", b"Be kind. " * 40_000), ("crest.png", crest()))
    drop(page, ("a very long name of a template for letters home to families.csv", b"a,b\n"))
    rows = page.locator(".drop-list li")
    expect(rows).to_have_count(3)
    page.get_by_role("combobox", name="Alert users").press_sequentially("Hugo", delay=30)
    page.get_by_role("option", name="Hugo Head").click()
    page.keyboard.press("Tab")  # away from the list, which covers what is below
    page.get_by_label("Require action").check()
    lead.look("library-upload", dark=True)
    page.get_by_role("button", name="Upload files").click()
    expect(page.get_by_text("and the people you chose are alerted.")).to_be_visible()
    expect(page.locator(".library tbody tr")).to_have_count(3)
    lead.look("library", dark=True)
    page.get_by_text("Options for D-1").click()
    expect(page.get_by_role("link", name="Alert users")).to_be_visible()
    lead.look("library-options", dark=True)

    head = desk("head")
    page = head.open("/")
    expect(page.get_by_role("heading", name="Files for you to read")).to_be_visible()
    head.look("library-dashboard", dark=True)
    page.get_by_role("link", name="Behaviour policy 2026.txt (D-1)").click()
    head.look("library-file", dark=True)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    assert saved.value.suggested_filename == "Behaviour policy 2026.txt"
    page.get_by_role("button", name="Mark as read and understood").click()
    expect(page.get_by_text("Marked as read and understood.")).to_be_visible()
    head.open("/")
    expect(page.get_by_role("link", name="Behaviour policy 2026.txt (D-1)")).to_have_count(0)

    page = lead.open("/library/files")
    page.get_by_role("link", name="Read by 1 of 1: D-1").click()
    expect(page.get_by_role("cell", name="Hugo Head")).to_be_visible()
    lead.look("library-readers", dark=True)
    with page.expect_download() as picture:
        page.get_by_role("link", name="Download as image").click()
    picture.value.save_as(tmp_path / "log.png")
    with Image.open(tmp_path / "log.png") as drawn:
        assert drawn.format == "PNG"
    with page.expect_download() as sheet:
        page.get_by_role("link", name="Download as Excel").click()
    assert sheet.value.suggested_filename == "read by D-1.xlsx"
    assert lead.wrong == head.wrong == []


def test_finding_alerting_later_deleting_and_restoring(school: SchoolForTests, shelf: Any, desk: Any) -> None:
    """LIB-01, LIB-02, LIB-03: all by the Options of a file."""
    shelf.put(("policy.txt", b"Be kind."), ("plan.csv", b"a,b\n"))
    lead = desk("lead")
    page = lead.open("/library/files")
    page.get_by_label("Find by name").fill("POLI")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".library tbody tr")).to_have_count(1)
    page.get_by_text("Options for D-1").click()
    page.get_by_role("link", name="Alert users").click()
    page.get_by_role("button", name="DSLs").click()
    lead.look("library-alert", dark=True)
    page.get_by_role("button", name="Alert them").click()
    expect(page.get_by_text("The people you chose are alerted to the file.")).to_be_visible()
    assert sorted(shelf.alerts()) == ["head", "lead"]
    lead.look("library-file-alerted")

    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".errors")).to_contain_text("Give the reason for deletion.")
    page.get_by_label("Reason for deletion").fill("It is out of date.")
    lead.look("library-delete", dark=True)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The file is deleted.")).to_be_visible()
    page.get_by_role("link", name="Deleted files").click()
    page.get_by_text("Options for D-1").click()
    lead.look("library-deleted", dark=True)
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The file is back, with its alerts.")).to_be_visible()
    lead.open("/library/files")
    expect(page.locator(".library tbody tr")).to_have_count(2)
    assert lead.wrong == []


def test_a_logo_is_chosen_and_a_picture_opens_in_the_browser(
    school: SchoolForTests, shelf: Any, desk: Any
) -> None:
    """LIB-01, LIB-06: from the page of the logo; the file itself shows as a picture."""
    (picture,) = shelf.put(("crest.png", crest()))
    lead = desk("lead")
    page = lead.open("/admin/settings/logo")
    expect(page.locator("#library-logos")).to_be_visible()
    lead.look("library-logos", dark=True)
    page.get_by_role("button", name=re.compile("Use this picture: crest.png")).click()
    expect(page.get_by_text("This is the logo now.")).to_be_visible()
    lead.open(f"/library/files/{picture}/open")
    expect(page.locator("img")).to_have_js_property("naturalWidth", 600)


def test_without_a_key_the_dashboard_says_what_to_do(school: SchoolForTests, shelf: Any, desk: Any) -> None:
    """LIB-04, DSH-06: and with the school's setting the list is there without scripts too."""
    shelf.put(alert=["teacher"])
    teacher = desk("teacher")
    page = teacher.open("/")
    expect(page.get_by_text("A file in the library")).to_be_visible()
    teacher.look("library-restricted", dark=True)
    shelf.allow_without_key()
    page.reload()
    page.get_by_role("link", name="policy.txt (D-1)").click()
    expect(page.get_by_text("It leaves your dashboard once you have opened it.")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Library").click()
    expect(page.get_by_role("link", name="policy.txt")).to_be_visible()
    assert teacher.wrong == []


@pytest.mark.parametrize("ending", ["html", "xml", "txt", "pdf"])
def test_no_script_of_a_file_runs_in_our_origin(
    school: SchoolForTests, shelf: Any, desk: Any, ending: str
) -> None:
    """LIB-05: opened, the file is saved, or shown by the browser's own reader; our pages' cookies and storage
    are out of its reach."""
    script = "<script>localStorage.setItem('ran', 'yes')</script>"
    contents = {
        "html": f"<!DOCTYPE html><html><body>{script}</body></html>",
        "xml": f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>{script}</body></html>',
        "txt": f"Be kind. {script}",
        "pdf": "%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(this.x=1)>>>>endobj\n"
        f"trailer<</Root 1 0 R>>\n{script}\n%%EOF\n",
    }
    (file_id,) = shelf.put((f"sample.{ending}", contents[ending].encode()))
    lead = desk("lead")
    page = lead.open("/library/files")
    page.evaluate(
        "address => new Promise(done => {"
        "  const frame = document.createElement('iframe');"
        "  frame.onload = frame.onerror = done; frame.src = address; document.body.append(frame);"
        "  setTimeout(done, 1500); })",
        f"/library/files/{file_id}/open",
    )
    assert page.evaluate("localStorage.getItem('ran')") is None
    tab = lead.context.new_page()
    try:
        tab.goto(lead.address(f"/library/files/{file_id}/open"))
    except playwright.Error as error:
        assert "Download is starting" in str(error) or "ERR_ABORTED" in str(error)
        assert ending != "pdf", "the browser's own reader shows it"
    else:
        assert ending == "pdf" and tab.evaluate("document.contentType") == "application/pdf"
    assert page.evaluate("localStorage.getItem('ran')") is None
