"""The document vault as people meet it: files dragged in, a zip, an alert to a file, a file removed."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Route, expect
from sqlalchemy import select

from cpoms_core.application import Application
from cpoms_core.documents.filing import file_in_vault
from cpoms_core.documents.models import Document
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browser import drop
from cpoms_core.testing.schools import SchoolForTests


def photo() -> bytes:
    content = io.BytesIO()
    Image.radial_gradient("L").resize((900, 700)).convert("RGB").save(content, "JPEG")
    return content.getvalue()


def documents(school: SchoolForTests) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Document.name).order_by(Document.number)))


def test_a_leads_hour_with_the_vault(school: SchoolForTests, desk: Any, tmp_path: Path) -> None:
    """STU-05, EDT-10: dragged in with progress, listed, packed, opened, alerted, read, removed, restored."""
    lead = desk("lead")
    vault = f"/students/{school.students['aoife']}/documents"
    page = lead.open(vault)
    expect(page.get_by_text("There are no files to show.")).to_be_visible()
    lead.look("vault-empty")
    drop(page, ("letter to home.txt", b"Dear Ms Bell, " * 40_000), ("photo of the wall.jpg", photo()))
    drop(page, ("plan.csv", b"when,what\n1,2\n"))
    rows = page.locator(".drop-list li")
    expect(rows).to_have_count(3)
    lead.look("vault-dropped")
    page.get_by_role("button", name="Remove plan.csv").click()
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Add to the vault").click()
    expect(page.get_by_text("The files are in the vault.")).to_be_visible()
    expect(page.locator(".vault > li")).to_have_count(2)
    shown = page.locator(".vault-picture img")
    expect(shown).to_have_js_property("naturalWidth", 160)
    lead.look("vault")

    page.get_by_label("Select all on this page").check()
    expect(page.locator("[data-count]")).to_have_text("2")
    page.get_by_label(re.compile("Select D-2")).uncheck()
    expect(page.locator("[data-count]")).to_have_text("1")
    with page.expect_download() as one:
        page.get_by_role("button", name="Download selected").click()
    one.value.save_as(tmp_path / "one.zip")
    assert set(zipfile.ZipFile(tmp_path / "one.zip").namelist()) == {"letter to home.txt", "index.txt"}
    with page.expect_download() as everything:
        page.get_by_role("button", name="Download everything").click()
    everything.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("photo of the wall.jpg") == photo()
    assert everything.value.suggested_filename.startswith("documents 20")

    page.get_by_role("link", name="About D-2").click()
    expect(page.get_by_role("img", name="The picture photo of the wall.jpg")).to_be_visible()
    lead.look("file")
    page.get_by_role("link", name="Alert users").click()
    page.get_by_role("combobox", name="Alert staff").press_sequentially("Tariq", delay=30)
    people = page.get_by_role("listbox", name="Alert staff")
    people.get_by_role("option", name=re.compile("Tariq Teacher .could not normally see this file.")).click()
    page.keyboard.press("Tab")  # away from the list, which covers the button
    lead.look("file-alert")
    page.get_by_role("button", name="Alert them").click()
    expect(page.get_by_text("The people you chose are alerted to the file.")).to_be_visible()
    lead.look("file-alerted")

    teacher = desk("teacher")
    page = teacher.open("/")
    expect(page.get_by_text("photo of the wall.jpg (D-2)")).to_be_visible()
    teacher.look("file-alert-dashboard")
    page.get_by_role("link", name=re.compile("File for Aoife")).click()
    expect(page.get_by_text("Once marked as read, this file is no longer shown to you.")).to_be_visible()
    teacher.look("file-alert-opened")
    page.get_by_role("button", name="Mark as read").click()
    expect(page.get_by_text("Marked as read.")).to_be_visible()
    expect(page.get_by_text("photo of the wall.jpg")).to_have_count(0)

    page = lead.page
    page.reload()
    expect(page.get_by_text("Read by 1")).to_be_visible()
    page.get_by_role("link", name="Remove", exact=True).click()
    lead.look("file-remove")
    page.get_by_role("button", name="Remove the file").click()
    expect(page.locator(".errors")).to_contain_text("Give the reason why it is removed.")
    page.get_by_role("textbox", name="Reason").fill("It is of another child.")
    page.get_by_role("button", name="Remove the file").click()
    expect(page.get_by_text("Reason: It is of another child.")).to_be_visible()
    lead.look("file-removed")
    lead.open(vault)
    expect(page.locator(".vault-marker")).to_contain_text("Removed by Lena Lead")
    lead.look("vault-with-removed")
    page.get_by_role("link", name="About D-2").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The file is back.")).to_be_visible()
    assert lead.wrong == [] and teacher.wrong == []


def test_a_file_that_is_damaged_says_so(app: Application, school: SchoolForTests, desk: Any) -> None:
    """STU-05: a page that says what is the matter and what to do, not half a file."""
    viewer = school.viewer("lead")
    uploads = [Upload("letter.txt", io.BytesIO(b"Dear Ms Bell"))]
    with taken_in(app, viewer, uploads) as documents, app.transaction(school.id) as db:
        file_in_vault(db, viewer, school.students["aoife"], documents)
    for path in (app.deployment.folder / "files" / str(school.id)).rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-3])
    lead = desk("lead")
    page = lead.open(f"/students/{school.students['aoife']}/documents")
    page.get_by_role("link", name="letter.txt").click()
    expect(page.get_by_role("heading", name="The file is damaged", level=1)).to_be_visible()
    lead.wrong = [one for one in lead.wrong if "responded with a status of 500" not in one]
    lead.look("file-damaged")
    page.get_by_role("link", name="Go to the dashboard").click()
    expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()


def test_a_refused_file_keeps_the_others(school: SchoolForTests, desk: Any) -> None:
    """INC-06: what is wrong is said in place; the chosen files stay, and go in without the bad one."""
    head = desk("head")
    page = head.open(f"/students/{school.students['aoife']}/documents")
    drop(page, ("a.txt", b"one"), ("photo.png", b"<html>no picture</html>"))
    page.get_by_role("button", name="Add to the vault").click()
    expect(page.locator("#files-error")).to_contain_text("photo.png is not what its name says")
    expect(page.locator(".drop-list li")).to_have_count(2)
    head.look("vault-refused")
    page.get_by_role("button", name="Remove photo.png").click()
    page.get_by_role("button", name="Add to the vault").click()
    expect(page.get_by_text("The file is in the vault.")).to_be_visible()
    assert documents(school) == ["a.txt"]


def test_progress_a_lost_connection_and_stopping(school: SchoolForTests, desk: Any) -> None:
    """INC-06, INC-09, INC-10, bad input: a bar for each file; lost or stopped in the middle, nothing is
    stored, the message claims nothing that it cannot know, text and files are still there, and after a reload
    the draft names the files."""
    teacher = desk("teacher")
    page = teacher.open(f"/incidents/add?student={school.students['aoife']}")
    page.locator("#text").fill("She was very quiet today.")
    page.get_by_label("Behaviour").check()
    drop(page, ("a.txt", b"x" * 400_000), ("b.txt", b"y" * 400_000))

    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    page.route("**/incidents/add", hold)
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.locator(".drop-list progress")).to_have_count(2)
    expect(page.get_by_role("button", name="Remove a.txt")).to_be_disabled()
    teacher.look("uploading")
    held.pop().abort("connectionreset")
    lost = page.locator(".sending .field-error")
    expect(lost).to_contain_text("the connection was lost")
    expect(lost).to_contain_text("It may be recorded already.")
    expect(page.locator(".drop-list progress")).to_have_count(0)
    teacher.wrong = [one for one in teacher.wrong if "ERR_CONNECTION_RESET" not in one]
    teacher.look("upload-lost")

    page.get_by_role("button", name="Add incident", exact=True).click()
    stop = page.get_by_role("button", name="Stop sending")
    expect(stop).to_be_visible()
    stop.click()
    expect(page.locator(".sending .field-error")).to_contain_text("you stopped the sending")
    expect(page.locator(".sending .field-error")).to_have_count(1)
    expect(page.locator("#text")).to_have_value("She was very quiet today.")
    expect(page.locator("[data-draft-state]")).to_contain_text("Draft saved")
    assert documents(school) == []

    page.unroute("**/incidents/add")
    page.reload()
    expect(page.get_by_text("Choose again: a.txt, b.txt")).to_be_visible()
    teacher.look("upload-draft")
    drop(page, ("a.txt", b"x" * 400_000))
    expect(page.get_by_text("Choose again:")).to_have_count(0)
    page.get_by_role("button", name="Add incident", exact=True).click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    assert documents(school) == ["a.txt"]
    assert teacher.wrong == []


@pytest.mark.parametrize("who", ["head"])
def test_a_file_that_is_too_large_is_not_even_sent(school: SchoolForTests, desk: Any, who: str) -> None:
    """INC-06: said as soon as it is chosen."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "max_file_megabytes", "1")
    head = desk(who)
    page = head.open(f"/students/{school.students['aoife']}/documents")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    drop(page, ("small.txt", b"x"), ("large.txt", b"x" * 1_100_000))
    expect(page.locator(".too-large")).to_have_text("Too large: at most 1 MB. Leave it out.")
    page.get_by_role("button", name="Add to the vault").click()
    expect(page.locator(".sending .field-error")).to_contain_text("“large.txt” is too large")
    head.look("vault-too-large")
    assert "POST" not in sent
    page.get_by_role("button", name="Remove large.txt").click()
    page.get_by_role("button", name="Add to the vault").click()
    expect(page.get_by_text("The file is in the vault.")).to_be_visible()
