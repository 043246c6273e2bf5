"""USR-03: an administrator reads what a user did, and who tried to log in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.services import raw_entry, write_entries
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.testing.schools import SchoolForTests

FIREFOX = {"browser": "Mozilla/5.0 (Windows) Firefox/128.0"}


def a_busy_day(school: SchoolForTests) -> None:
    """What the head did, more than a page of it, and a few tries to log in."""
    viewer, now = school.viewer("head"), utc_now()
    with school.app.transaction(school.id) as db:
        for _ in range(3):
            new = NewIncident(
                new_id(), school.students["aoife"], "A concern.", [school.categories["Behaviour"]], now
            )
            record_incident(db, viewer, new)
    rows: list[tuple[str, list[Any], dict[str, Any], str]] = [
        ("students.searched", [], {}, "81.2.69.142"),
        ("incidents.viewed", [school.students["björn"]], {}, "81.2.69.142"),
        ("refused", [], {"route": "admin", "asked": []}, "81.2.69.142"),
        ("login.wrong-password", [school.users["head"]], FIREFOX, "8.8.8.8"),
        ("login.elevated", [school.users["head"]], {"key": str(school.keys["head"])}, "81.2.69.142"),
    ]  # fmt: skip
    made = [
        raw_entry(school.id, school.users["head"], event, subjects, details, at=now, access="elevated", ip=ip)
        for event, subjects, details, ip in rows * 12
    ]
    made.append(
        raw_entry(school.id, None, "login.wrong-password", [], {"browser": "curl/8.0"}, at=now, ip="8.8.4.4")
    )
    with school.app.transaction(school.id) as db:
        write_entries(db, made)


def test_audits_are_read_filtered_and_exported(school: SchoolForTests, desk: Any, tmp_path: Path) -> None:
    """USR-03: more in place, by keyboard; filters; the file; the security logs; without a name in an
    address."""
    a_busy_day(school)
    lead = desk("lead")
    page = lead.open("/admin/users")
    page.get_by_role("link", name="Hugo Head", exact=True).click()
    page.get_by_role("link", name="Audits", exact=True).click()
    entries = page.locator("#entries > li")
    expect(entries).to_have_count(50)
    page.get_by_role("button", name="Show older").focus()
    page.keyboard.press("Enter")
    expect(entries).to_have_count(63)
    expect(entries.nth(50)).to_be_focused()
    expect(page.get_by_role("button", name="Show older")).to_have_count(0)
    lead.look("audits")

    page.get_by_label("Kind").select_option("Changed")
    page.get_by_role("button", name="Filter").click()
    expect(entries).to_have_count(3)
    expect(entries.first).to_contain_text("Recorded an incident: incident 3, Aoife O'Connor")
    assert page.url.endswith("/audits")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Export as Excel").click()
    path = tmp_path / "audits.xlsx"
    downloading.value.save_as(path)
    sheet = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).active
    assert [cell.value for cell in sheet["C"][1:]] == ["Recorded an incident"] * 3
    page.get_by_label("From").fill("2026-01-02")
    page.get_by_label("To", exact=True).fill("2026-01-01")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("This is before the first day.").first).to_be_visible()
    lead.look("audits-wrong-filter")
    page.get_by_role("link", name="Show everything").click()
    expect(entries).to_have_count(50)

    page.get_by_role("link", name="Security log", exact=True).last.click()
    expect(entries.first).to_contain_text("key: Phone")
    expect(entries.filter(has_text="United States")).to_have_count(12)
    lead.look("security-log-of-a-user")
    page = lead.open("/admin/security-log")
    expect(entries.filter(has_text="an unknown address")).to_have_count(1)
    lead.look("security-log")
    page.get_by_label("What", exact=True).select_option("Key added")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("There is nothing to show.")).to_be_visible()
    lead.look("security-log-empty")
