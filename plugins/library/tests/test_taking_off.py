"""USR-08, LIB-02: an administrator takes the alerts of a user off their dashboard, the library's too."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from cpoms_library import log_picture, services, taking_off
from cpoms_library.models import LibraryAlert
from cpoms_library.readers import Reader
from openpyxl import load_workbook
from sqlalchemy import select

from cpoms_core.access.identity import system_viewer
from cpoms_core.audit.models import AuditEntry
from cpoms_core.charts.pictures import picture
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.retries import retry_hook
from cpoms_core.testing.browsing import Web, text_of
from cpoms_core.testing.conformance import turn
from cpoms_core.testing.schools import SchoolForTests

PANEL = "Files for you to read"


def at(school: SchoolForTests, who: str) -> str:
    return f"/admin/users/{school.users[who]}/alerts/remove"


def remove(school: SchoolForTests, web: Web, who: str, by: str = "admin") -> None:
    """As an administrator does it: after the warning."""
    page = web(school, by).get(at(school, who))
    seen = page.html.find("input", attrs={"name": "seen"})["value"]
    web(school, by).submit(at(school, who), {"seen": seen}, status=303)


def test_alerts_to_files_are_taken_off_unread(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """USR-08, LIB-02, dashboard_alerts, dashboard_alerts_removed: the warning counts them, all of one user
    and none of another; they count as not read, it is written down, and the user can be alerted again."""
    one, two = shelf.put(("one.txt", b"1"), ("two.txt", b"2"), alert=["head", "teacher"])
    head = web(school, "head")
    head.get(f"/library/files/{one}/open")
    shelf.put(("three.txt", b"3"), alert=["head"], requires_action=True)
    assert "all 2 open alerts" in text_of(web(school, "admin").get(at(school, "head")))
    remove(school, web, "head")
    assert PANEL not in head.get("/").text and PANEL in web(school, "teacher").get("/").text
    closers = [row.closed_by for row in shelf.rows(LibraryAlert) if row.closed_at is not None]
    assert sorted(closers, key=str) == sorted([None, school.users["admin"], school.users["admin"]], key=str)
    listed = text_of(web(school, "lead").get("/library/files"))
    assert listed.count("Read by 1 of 2") == 1 and listed.count("Read by 0 of 2") == 1
    assert "Read by 0 of 1" in listed
    (entry,) = [row for row in shelf.rows(AuditEntry) if row.event == "library.alerts-removed"]
    assert entry.user_id == school.users["admin"] and entry.details == {"files": 2}
    assert str(school.users["head"]) in entry.subjects and str(two) in entry.subjects
    assert "no open alerts" in text_of(web(school, "admin").get(at(school, "head")))
    with school.app.transaction(school.id) as db:
        people = [school.users["head"]]
        services.alert_to(PluginSession(db), school.viewer("lead"), two, people, requires_action=False)
    assert "two.txt" in head.get("/").text
    head.get(f"/library/files/{two}/open")
    assert text_of(web(school, "lead").get("/library/files")).count("Read by 1 of 2") == 2


def test_the_log_says_by_whom_and_when(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02, USR-08: on its page and in Excel; what was read before is as it was."""
    (file_id,) = shelf.put(alert=["teacher", "head"], requires_action=True)
    web(school, "head").submit(f"/library/files/{file_id}/understood", status=303)
    remove(school, web, "teacher")
    lead = web(school, "lead")
    page = lead.get(f"/library/files/{file_id}/readers")
    rows = [row.get_text(" ", strip=True) for row in page.html.select("tbody tr")]
    (head,), (teacher,) = ([row for row in rows if row.startswith(name)] for name in ("Hugo", "Tariq"))
    assert "Not read; taken off their dashboard" in teacher and teacher.endswith("by Ada Admin")
    assert "taken off" not in head and "Read by 1 of 2" in text_of(page)
    sheet = load_workbook(io.BytesIO(lead.get(f"/library/files/{file_id}/readers/sheet").body)).active
    cells = {row[0].value: [cell.value for cell in row] for row in sheet.iter_rows()}
    assert cells["Tariq Teacher"][5] is None and cells["Tariq Teacher"][7] == "Ada Admin"
    assert isinstance(cells["Tariq Teacher"][6], dt.datetime)
    assert isinstance(cells["Hugo Head"][5], dt.datetime) and cells["Hugo Head"][6:8] == [None, None]
    picture_of = lead.get(f"/library/files/{file_id}/readers/picture")
    assert picture_of.content_type == "image/png"


def test_the_picture_says_it_too(school: SchoolForTests) -> None:
    """LIB-02, USR-08: whole, beside the others; without any such alert it has no such columns."""
    then, off = (
        dt.datetime(2026, 9, 28, 20, 58, tzinfo=dt.UTC),
        dt.datetime(2026, 9, 30, 20, 58, tzinfo=dt.UTC),
    )
    waiting = Reader("Hugo Head", "Lena Lead", then, True, None, None)
    gone = Reader("Tariq Teacher", "Lena Lead", then, True, None, None, off, "Ada Admin")
    drawn = picture(log_picture.spec_of([waiting, gone], ["Title", "facts"]), "svg").decode()
    for words in ("Taken off", "Taken off by", "taken off unread", "30 Sep 2026, 20:58", "Ada Admin"):
        assert drawn.count(f">{words}<") == 1, words
    assert drawn.count(">not yet<") == 3 and "…<" not in drawn
    drawn = picture(log_picture.spec_of([waiting], ["Title", "facts"]), "svg").decode()
    assert "Taken off" not in drawn


def test_the_file_opens_all_the_same(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-04, USR-08: who was alerted to a file may open it, then and later; that reads no alert."""
    (file_id,) = shelf.put(alert=["admin"])
    remove(school, web, "admin", by="lead")
    web(school, "admin").get(f"/library/files/{file_id}/open", status=200)
    assert shelf.alerts()["admin"].closed_by == school.users["lead"]
    assert "Read by 0 of 1" in text_of(web(school, "lead").get("/library/files"))


@pytest.mark.parametrize("why", ["deleted", "off"])
def test_what_is_not_on_the_dashboard_is_not_taken_off(
    school: SchoolForTests, shelf: Any, web: Web, why: str
) -> None:
    """USR-08, LIB-03: alerts to a deleted file, or where the module is off, come back with it."""
    (file_id,) = shelf.put(alert=["teacher"])
    if why == "off":
        turn(school, "library", False)
    else:
        web(school, "lead").submit(f"/library/files/{file_id}/delete", {"reason": "Old."}, status=303)
    assert "no open alerts" in text_of(web(school, "admin").get(at(school, "teacher")))
    assert shelf.alerts()["teacher"].closed_at is None


def test_taking_off_twice_is_as_once(
    school: SchoolForTests, shelf: Any, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """USR-08, MOD-04: what failed is tried again by the worker, on behalf of who did it; what was read
    meanwhile stays read, and nobody else's alert is touched."""
    one, two = shelf.put(("one.txt", b"1"), ("two.txt", b"2"), alert=["head"])
    with monkeypatch.context() as broken:
        broken.setattr(taking_off, "take_off", lambda *_: 1 / 0)
        remove(school, web, "head")
    assert all(row.closed_at is None for row in shelf.rows(LibraryAlert))
    web(school, "head").get(f"/library/files/{one}/open")
    with school.app.session(school.id, writes=False) as db:
        (item,) = db.scalars(select(OutboxItem).where(OutboxItem.kind == "hook"))
    for _ in range(2):
        with school.app.transaction(school.id) as db:
            retry_hook(db, system_viewer(db), item.payload)
    by = {row.file_id: row.closed_by for row in shelf.rows(LibraryAlert)}
    assert by == {one: None, two: school.users["admin"]}
    assert shelf.audited().count("library.alerts-removed") == 1
