"""Every page of the first day's walk, looked at: axe, both widths, no script that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import expect

from cpoms_core.demo.extract import write_extract
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import SchoolForTests


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/admin", "admin"),
        ("/admin/groups", "groups"),
        ("/admin/groups/new", "group-new"),
        ("/admin/alert-groups", "alert-groups"),
        ("/admin/alert-groups/new", "alert-group-new"),
        ("/admin/modules", "modules"),
        ("/admin/modules/cases", "module"),
        ("/admin/settings", "settings"),
        ("/admin/imports", "imports"),
        ("/account", "account"),
        ("/help", "help"),
        ("/nowhere", "not-found"),
    ],
)
def test_pages_of_the_administrator(desk: Any, path: str, name: str) -> None:
    """USR-04, USR-06, ADM-02, ADM-06, MOD-01: usable at 1280 and 360 px, without a fault that axe finds."""
    lead = desk("lead")
    lead.open(path)
    lead.look(name)


@pytest.mark.parametrize("path", ["/forgotten", "/forgotten/sent"])
def test_pages_before_log_in(desk: Any, path: str) -> None:
    """ACC-01: as above."""
    nobody = desk()
    nobody.open(path)
    nobody.look(path.strip("/").replace("/", "-"))


def test_a_key_is_added_and_proved(school: SchoolForTests, desk: Any) -> None:
    """ACC-05: QR code and secret as text, a name, a current code; then a marker until its first use."""
    teacher = desk("teacher")
    page = teacher.open("/account")
    page.get_by_role("main").get_by_role("link", name="Security keys").click()
    page.get_by_role("link", name="Add new device").click()
    page.get_by_text("With any other authenticator").click()
    teacher.look("key-add")
    secret = "".join(page.locator("[data-secret]").inner_text().split())
    page.get_by_label("Name of the device").fill("My phone")
    page.get_by_label("6-digit code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Add this device").click()
    expect(page.get_by_text("The key is added.")).to_be_visible()
    expect(page.get_by_role("banner").get_by_role("link", name="Elevate your access")).to_be_visible()


def test_an_extract_is_looked_at_and_applied(school: SchoolForTests, desk: Any, tmp_path: Path) -> None:
    """ADM-06, MIS-03: upload, preview with counts, apply; then the dashboard says healthy (DSH-05)."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "import_archive_guard", "100")  # its three students are not in the extract
    lead = desk("lead")
    page = lead.open("/admin/imports")
    page.locator('input[type="file"]').set_input_files(write_extract(tmp_path))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("1,200").first).to_be_visible(timeout=60_000)
    lead.look("import-preview")
    page.get_by_role("button", name="Apply this import").click()
    expect(page.get_by_text("The import is applied.")).to_be_visible(timeout=60_000)
    page = lead.open("/")
    expect(page.get_by_text("Import healthy")).to_be_visible()


def test_the_form_can_be_filled_in_by_keyboard_alone(school: SchoolForTests, desk: Any) -> None:
    """INC-01: tab, type, arrow, enter; no mouse."""
    teacher = desk("teacher")
    page = teacher.open("/incidents/add")
    keys = page.keyboard
    page.get_by_role("combobox", name="Student", exact=False).first.focus()
    keys.type("aoif", delay=60)
    expect(page.get_by_role("option", name="Aoife O'Connor")).to_be_visible()
    keys.press("Enter")
    expect(page.get_by_text("Aoife O'Connor's record")).to_be_visible()
    page.get_by_role("textbox", name="Incident").focus()
    keys.type("Typed without a mouse.")
    page.get_by_label("Medical").focus()
    keys.press("Space")
    page.get_by_role("combobox", name="Alert staff").focus()
    keys.type("Lena", delay=60)
    expect(
        page.get_by_role("listbox", name="Alert staff").get_by_role("option", name="Lena Lead")
    ).to_be_visible()
    keys.press("Enter")
    page.get_by_role("button", name="Add incident and alert 1 person").focus()
    keys.press("Enter")
    expect(page.get_by_text("The incident is recorded")).to_be_visible()


def test_tab_leads_past_a_list_that_scrolls(desk: Any) -> None:
    """INC-01: from a box with its list open Tab goes to the next control, not to the list or to nothing."""
    page = desk("teacher").open("/incidents/add")
    page.get_by_role("combobox", name="Alert staff").focus()
    listed = page.get_by_role("listbox", name="Alert staff")
    expect(listed).to_be_visible()
    listed.evaluate("list => { list.style.maxHeight = '2rem'; }")
    assert listed.evaluate("list => list.scrollHeight > list.clientHeight")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="DSLs")).to_be_focused()


def test_the_screen_is_covered_by_a_key_press(school: SchoolForTests, desk: Any) -> None:
    """ACC-12: Escape twice covers the page; what was typed is there again afterwards."""
    teacher = desk("teacher")
    page = teacher.open("/incidents/add")
    page.get_by_role("textbox", name="Incident").fill("Not for passers-by")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Screen hidden")).to_be_visible()
    expect(page.get_by_text("Not for passers-by")).not_to_be_visible()
    page.get_by_role("button", name="Show screen").click()
    expect(page.get_by_role("textbox", name="Incident")).to_have_value("Not for passers-by")


def test_pages_reflow_at_two_hundred_per_cent(school: SchoolForTests, desk: Any) -> None:
    """WCAG 1.4.4, 1.4.10: 1280 px at 200 % are 640 px; nothing has to be scrolled sideways."""
    lead = desk("lead")
    for path in (
        "/",
        "/incidents/add",
        f"/students/{school.students['aoife']}",
        f"/students/{school.students['aoife']}/edit",
        f"/students/{school.students['aoife']}/contacts",
        f"/students/{school.students['aoife']}/incidents",
        "/admin/groups/new",
    ):
        page = lead.open(path)
        page.set_viewport_size({"width": 640, "height": 450})
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, path
