"""LIB-04: View files, Add files, what an alert opens, and non key access."""

from __future__ import annotations

from typing import Any

import pytest
from cpoms_library.sight import ADD, VIEW

from cpoms_core.testing.browsing import Web, text_of
from cpoms_core.testing.schools import SchoolForTests

LIST = "/library/files"
ENDS = ("", "/open", "/download")


def test_view_files_shows_all_and_an_alert_only_one(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-04: who may not view the library opens the file that they were alerted to, before and after they
    have read it, and nothing else."""
    (told,), (other,) = shelf.put(alert=["admin"]), shelf.put()
    head, admin = web(school, "head"), web(school, "admin")
    for end in ENDS:
        for file_id in (told, other):
            head.get(f"{LIST}/{file_id}{end}", status=200)
        admin.get(f"{LIST}/{told}{end}", status=200)
        admin.get(f"{LIST}/{other}{end}", status=404)
    assert shelf.alerts()["admin"].closed_at is not None
    admin.get(LIST, status=404)


def test_without_add_files_nothing_is_changed(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-04: View files alone neither uploads nor alerts nor deletes, and is offered none of it."""
    (file_id,) = shelf.put()
    head = web(school, "head")
    page = head.get(LIST)
    assert not page.html.find("a", href="/library/add")
    options = {link.get_text() for link in page.html.select(".library-options a")}
    assert options == {"About this file", "Download"}
    for address in (
        "/library/add",
        f"{LIST}/{file_id}/alert",
        f"{LIST}/{file_id}/delete",
        "/library/deleted",
    ):
        head.get(address, status=404)
    sent = [("files", "a.txt", b"a")]
    head.post("/library/add", {"csrf_token": head.csrf()}, upload_files=sent, status=404)
    head.submit(f"{LIST}/{file_id}/alert", {"alerts": str(school.users["teacher"])}, status=404)
    assert len(shelf.rows()) == 1 and shelf.alerts() == {}


def test_who_only_adds_sees_what_they_added(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-04: Add files without View files is its own right."""
    shelf.grant("Administrators", ADD)
    (own,), (other,) = shelf.put(by="admin"), shelf.put()
    admin = web(school, "admin")
    assert admin.get(f"{LIST}/{own}/download").body == b"Be kind."
    admin.get(f"{LIST}/{other}/download", status=404)
    admin.submit(f"{LIST}/{other}/delete", {"reason": "x"}, status=404)


@pytest.mark.parametrize("who", ["teacher", "head"])
def test_without_a_key_the_library_is_shut_unless_the_school_opens_it(
    school: SchoolForTests, shelf: Any, web: Web, who: str
) -> None:
    """LIB-04, USR-12.1: a user without a key, and one who did not use theirs; the setting counts from the
    next page on."""
    (file_id,) = shelf.put()
    browser = web(school, who, elevated=False)
    for end in ENDS:
        browser.get(f"{LIST}/{file_id}{end}", status=404)
    browser.get(LIST, status=404)
    assert not browser.get("/").html.find("a", href=LIST)
    assert VIEW not in school.viewer(who, elevated=False).permissions
    shelf.allow_without_key()
    assert VIEW in school.viewer(who, elevated=False).permissions
    for end in ENDS:
        browser.get(f"{LIST}/{file_id}{end}", status=200)
    assert browser.get("/").html.find("a", href=LIST)
    assert "policy.txt" in browser.get(LIST).text


@pytest.mark.parametrize(("who", "what_to_do"), [("teacher", "Add a key"), ("head", "Elevate your access")])
def test_an_alert_opens_nothing_without_a_key_unless_the_school_allows_it(
    school: SchoolForTests, shelf: Any, web: Web, who: str, what_to_do: str
) -> None:
    """LIB-02, LIB-04, DSH-06: the dashboard says that there is a file, not which, and what to do."""
    (file_id,) = shelf.put(alert=[who])
    browser = web(school, who, elevated=False)
    page = text_of(browser.get("/"))
    assert "Files for you to read 1" in page and "A file in the library" in page and what_to_do in page
    assert "policy.txt" not in page
    for end in ENDS:
        browser.get(f"{LIST}/{file_id}{end}", status=404)
    browser.submit(f"{LIST}/{file_id}/understood", status=404)
    assert shelf.alerts()[who].closed_at is None
    shelf.allow_without_key()
    assert "policy.txt (D-1)" in text_of(browser.get("/"))
    browser.get(f"{LIST}/{file_id}/open", status=200)
    assert shelf.alerts()[who].closed_at is not None


def test_adding_without_a_key_follows_the_setting_too(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-04: for groups that may add files."""
    shelf.grant("Teachers", ADD)
    teacher = web(school, "teacher")
    teacher.get("/library/add", status=404)
    shelf.allow_without_key()
    teacher.get("/library/add", status=200)


def test_the_group_screen_says_so(school: SchoolForTests, web: Web) -> None:
    """LIB-04, USR-04: under Library, with a word on keys."""
    page = web(school, "admin").get(f"/admin/groups/{school.groups['Teachers']}")
    part = page.html.find("legend", string="Library").parent.get_text(" ", strip=True)
    assert part.count("(also without a key, where the school allows)") == 2
    assert "View files" in part and "Add files" in part


def test_another_schools_file_is_nothing(
    school: SchoolForTests, other_school: SchoolForTests, shelf: Any, web: Web
) -> None:
    """LIB-04: byte for byte as one that never was."""
    (file_id,) = shelf.put()
    other = type(shelf)(other_school)
    other.grant("Safeguarding", VIEW, ADD)
    (theirs,) = other.put()
    lead = web(school, "lead")
    for end in (*ENDS, "/readers", "/alert", "/delete"):
        lead.get(f"{LIST}/{file_id}{end}", status=200)
        lead.get(f"{LIST}/{theirs}{end}", status=404)
