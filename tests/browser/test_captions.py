"""Admin > Imports > Captions in a real browser (MIS-05)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import SchoolForTests

REPORT = "primary_id,Nachname,Legal Forename,UPN,Mentor group\n1,Stone,Ann,,M7\n"


def test_a_file_that_is_refused_leads_to_the_captions_and_is_read_then(
    school: SchoolForTests, desk: Any, tmp_path: Path
) -> None:
    """MIS-05: from what is wrong to the field, its error, and the preview; at both widths."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "import_archive_guard", "100")  # its three students are not in the file
    file = tmp_path / "students.csv"
    file.write_text(REPORT)
    lead = desk("lead")
    page = lead.open("/admin/imports")
    lead.look("imports-with-captions")
    page.locator('input[type="file"]').set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("no column “Legal Surname”")).to_be_visible()
    lead.look("import-refused-for-a-caption")
    page.get_by_role("main").get_by_role("link", name="Captions of SIMS").click()
    lead.look("captions")
    page.get_by_label("Legal surname").fill("Nachname")
    page.get_by_label("Tutor group").fill("Mentor group")
    page.get_by_label("Year group").fill("MENTOR_GROUP")
    page.get_by_role("button", name="Save the captions").click()
    expect(page.get_by_role("alert")).to_be_focused()
    lead.look("captions-refused", dark=True)
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(page.get_by_label("Year group")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Form")
    page.get_by_role("button", name="Save the captions").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    lead.look("captions-saved")
    page = lead.open("/admin/imports")
    page.locator('input[type="file"]').set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="What it would change")).to_be_visible()
    lead.look("import-with-own-captions")
