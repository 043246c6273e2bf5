"""LIB-02: alerting users to files, reading them, and the log of who has."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from typing import Any

import pytest
from cpoms_library import log_picture, log_sheet, readers, services
from cpoms_library.models import LibraryAlert, LibraryView
from cpoms_library.readers import Reader
from openpyxl import load_workbook
from PIL import Image
from sqlalchemy.exc import IntegrityError

from cpoms_core.access.models import AlertGroup, User
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.charts.pictures import picture
from cpoms_core.database.types import new_id
from cpoms_core.errors import Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Work
from cpoms_core.outbox.mail import word_mail
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.outcomes import NotOwed
from cpoms_core.testing.browsing import Web, text_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

PANEL = "Files for you to read"


def alert(school: SchoolForTests, file_id: Any, *who: str, by: str = "lead", action: bool = False) -> int:
    with school.app.transaction(school.id) as db:
        people = [school.users[one] for one in who]
        viewer = school.viewer(by)
        return services.alert_to(PluginSession(db), viewer, file_id, people, requires_action=action)


def test_users_and_groups_are_alerted_at_upload(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: chosen one by one and, as without scripts, by group; one mail each, whatever the number of
    files."""
    lead = web(school, "lead")
    (group,) = shelf.rows(AlertGroup)  # lead and head
    fields = {
        "csrf_token": lead.csrf(),
        "alerts": str(school.users["teacher"]),
        "alert_groups": str(group.id),
        "requires_action": "y",
    }
    sent = [("files", "a.txt", b"a"), ("files", "b.txt", b"b")]
    page = lead.post("/library/add", fields, upload_files=sent, status=302).follow()
    assert "and the people you chose are alerted" in text_of(page)
    assert sorted(shelf.mails()) == ["head", "lead", "teacher"]
    assert len(shelf.rows(LibraryAlert)) == 6
    assert all(one.requires_action and one.closed_at is None for one in shelf.rows(LibraryAlert))


def test_users_are_alerted_later(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: Options, Alert users. Who has an open alert is not told again, and a later alert may ask for
    action; once it is closed, they can be alerted anew."""
    (file_id,) = shelf.put()
    lead = web(school, "lead")
    page = lead.get("/library/files")
    href = page.html.find("a", string="Alert users")["href"]
    answer = lead.submit(href, {"alerts": str(school.users["head"])}, status=303).follow()
    assert "The people you chose are alerted to the file." in text_of(answer)
    again = {"alerts": str(school.users["head"]), "requires_action": "y"}
    answer = lead.submit(href, again, status=303).follow()
    assert "Nobody was told again." in text_of(answer)
    assert shelf.mails() == ["head"] and shelf.alerts()["head"].requires_action
    web(school, "head").submit(f"/library/files/{file_id}/understood", status=303)
    assert "Read by 1 of 1" in text_of(lead.get("/library/files"))
    assert alert(school, file_id, "head") == 1
    assert "Read by 0 of 1" in text_of(lead.get("/library/files"))  # it waits again
    assert shelf.mails() == ["head", "head"] and len(shelf.rows(LibraryAlert)) == 2
    assert "Choose at least one person." in text_of(lead.submit(href, {}, status=422))


def test_nobody_who_left_is_alerted(school: SchoolForTests, shelf: Any) -> None:
    """LIB-02: and nothing of the upload is kept then."""
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["head"])).deactivated_at = utc_now()
    with pytest.raises(Refused, match="no longer has an account"):
        shelf.put(alert=["teacher", "head"])
    assert shelf.rows() == [] and shelf.mails() == []


def test_the_database_keeps_one_open_alert_for_a_file_and_user(school: SchoolForTests, shelf: Any) -> None:
    """LIB-02: whatever comes at the same time."""
    (file_id,) = shelf.put(alert=["head"])
    with pytest.raises(IntegrityError), school.app.transaction(school.id) as db:
        db.add(
            LibraryAlert(
                school_id=school.id, id=new_id(), file_id=file_id, recipient_id=school.users["head"],
                created_at=utc_now(), requires_action=False,
            )
        )  # fmt: skip


def worded(school: SchoolForTests, item: OutboxItem) -> str:
    with school.app.session(school.id, writes=False) as db:
        worker = replace(school.viewer("lead"), user_id=None, permissions=frozenset(), channel="worker")
        mail = word_mail(db, worker, Work(item.id, item.payload, item.created_at))
        return f"{mail['Subject']}\n{mail.get_content()}"


def test_the_mail_names_no_file(school: SchoolForTests, shelf: Any) -> None:
    """LIB-02, INC-09: who alerted, and where to log in; nothing else."""
    shelf.put(("Aoife O'Connor.txt", b"text"), alert=["head"])
    (item,) = [one for one in shelf.rows(OutboxItem) if one.kind == "mail"]
    text = worded(school, item)
    assert "Lena Lead has alerted you to a file in the library" in text and "/login" in text
    assert "Aoife" not in text and "D-1" not in text


@pytest.mark.parametrize("why", ["read", "deleted"])
def test_a_mail_that_nobody_needs_any_more_is_not_sent(school: SchoolForTests, shelf: Any, why: str) -> None:
    """LIB-02: the file was opened, or deleted, before the mail went out."""
    (file_id,) = shelf.put(alert=["head"])
    with school.app.transaction(school.id) as db:
        session = PluginSession(db)
        if why == "read":
            services.note_view(session, school.viewer("head"), file_id, "opened")
        else:
            services.delete(session, school.viewer("lead"), file_id, "Out of date.")
    (item,) = [one for one in shelf.rows(OutboxItem) if one.kind == "mail"]
    with pytest.raises(NotOwed):
        worded(school, item)


def test_the_dashboard_lists_a_file_until_it_is_opened(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: without Require action; others have no such part."""
    (file_id,) = shelf.put(alert=["head"])
    assert PANEL not in web(school, "lead").get("/").text
    head = web(school, "head")
    page = head.get("/")
    link = page.html.find("a", href=f"/library/files/{file_id}")
    assert PANEL in page.text and link.get_text() == "policy.txt (D-1)"
    head.get(link["href"])  # its page alone is not the file
    assert shelf.alerts()["head"].closed_at is None
    head.get(f"{link['href']}/download")
    assert PANEL not in head.get("/").text
    assert shelf.alerts()["head"].understood_at is None


def test_what_nobody_looked_at_closes_no_alert(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: a question about the file, and a browser that fetches ahead of its user."""
    (file_id,) = shelf.put(alert=["head"])
    head, address = web(school, "head"), f"/library/files/{file_id}/open"
    head.head(address)
    head.get(address, headers={"Sec-Purpose": "prefetch;prerender"})
    assert shelf.rows(LibraryView) == [] and shelf.alerts()["head"].closed_at is None


def test_require_action_stays_until_it_is_marked(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: opening does not do; marking twice is refused, and so is marking for somebody else."""
    (file_id,) = shelf.put(alert=["head"], requires_action=True)
    head, address = web(school, "head"), f"/library/files/{file_id}"
    head.get(f"{address}/open")
    assert "to be marked as read and understood" in text_of(head.get("/"))
    web(school, "lead").submit(f"{address}/understood", status=404)
    page = head.submit(f"{address}/understood", status=303).follow()
    assert "Marked as read and understood." in text_of(page)
    assert PANEL not in head.get("/").text
    head.submit(f"{address}/understood", status=404)
    one = shelf.alerts()["head"]
    assert one.understood_at == one.closed_at is not None
    assert "library.understood" in shelf.audited()


def test_the_dashboard_pays_one_statement(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: whatever waits."""
    head = web(school, "head")
    shelf.put(alert=["head"])
    head.get("/")
    with counted(school.app.engines) as one:
        head.get("/")
    shelf.put(*[(f"{number}.txt", b"x") for number in range(8)], alert=["head"])
    with counted(school.app.engines) as many:
        head.get("/")
    assert many.number == one.number, str(many)


def test_the_log_says_who_has_read_it(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: Read by, beside the name: who, alerted by whom and when, last viewed, read and understood."""
    (file_id,) = shelf.put(alert=["head", "teacher"], requires_action=True)
    alert(school, file_id, "admin")
    lead, head = web(school, "lead"), web(school, "head")
    assert "Read by 0 of 3" in text_of(lead.get("/library/files"))
    head.get(f"/library/files/{file_id}/open")
    head.submit(f"/library/files/{file_id}/understood", status=303)
    web(school, "admin").get(f"/library/files/{file_id}/download")
    page = lead.get("/library/files")
    link = page.html.find("a", string="Read by 2 of 3")
    rows = [row.get_text(" ", strip=True) for row in lead.get(link["href"]).html.select("tbody tr")]
    by = {row.split(" Alerted")[0]: row for row in rows}
    assert "by Lena Lead" in by["Hugo Head"] and "not yet" not in by["Hugo Head"]
    assert by["Tariq Teacher"].count("not yet") == 2
    assert "not asked for" in by["Ada Admin"] and "Last viewed: not yet" not in by["Ada Admin"]


def test_the_log_is_for_those_who_view_the_library(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02, LIB-04: an alert opens the file, and not who else was alerted."""
    (file_id,) = shelf.put(alert=["admin"])
    admin = web(school, "admin")
    assert "Read by" not in text_of(admin.get(f"/library/files/{file_id}"))
    for end in ("", "/picture", "/sheet"):
        admin.get(f"/library/files/{file_id}/readers{end}", status=404)


NAMES = ["Nils Öster", "李 小龙", "مريم حسن", '=HYPERLINK("x")', "W" * 120]


def lines(viewer: Viewer, count: int) -> list[Reader]:
    now = viewer.local(utc_now())
    seen = [now, None]
    return [
        Reader(NAMES[n % len(NAMES)], "Lena Lead", now - dt.timedelta(days=n), n % 3 == 0, seen[n % 2], None)
        for n in range(count)
    ]


def test_the_log_downloads_as_a_picture(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: a PNG, as long as the log is."""
    (file_id,) = shelf.put(alert=["head", "teacher"])
    answer = web(school, "lead").get(f"/library/files/{file_id}/readers/picture")
    assert answer.content_type == "image/png"
    assert 'filename="read by D-1.png"' in answer.headers["Content-Disposition"]
    with Image.open(io.BytesIO(answer.body)) as drawn:
        short = drawn.height
        assert drawn.width > 1500 and drawn.convert("L").getextrema()[0] < 100
    long = log_picture.draw(lines(school.viewer("lead"), 40), ["Title", "facts"], 1)
    with Image.open(io.BytesIO(long)) as drawn:
        assert drawn.height - short == 2 * log_picture.LINE * 38 - 28  # a line of heading less
    assert "library.readers-saved" in shelf.audited()


def test_the_picture_has_every_moment_whole(school: SchoolForTests) -> None:
    """LIB-02: only a name that is longer than its column ends in dots."""
    at = dt.datetime(2026, 9, 30, 20, 58, tzinfo=dt.UTC)
    log = [Reader(name, "Lena Lead", at, True, at, at) for name in NAMES]
    drawn = picture(log_picture.spec_of(log, ["Title", "facts"]), "svg").decode()
    assert drawn.count(">30 Sep 2026, 20:58<") == 3 * len(NAMES)
    assert drawn.count("…<") == 1 and "Nils Öster" in drawn and "李 小龙" in drawn and "مريم حسن" in drawn


def test_no_name_costs_the_picture(school: SchoolForTests) -> None:
    """LIB-02: whatever somebody typed as a name is a text, also what no SVG may hold."""
    at = dt.datetime(2026, 9, 30, 20, 58, tzinfo=dt.UTC)
    wild = ["a\x08b\x0bc\ufffe", "<script>1</script>", "{'signal': 'width'}", "datum.x", "a\nb", "null", ""]
    log = [Reader(name, name, at, True, None, None) for name in wild]
    drawn = picture(log_picture.spec_of(log, [wild[0], wild[1]]), "svg").decode()
    assert "&lt;script&gt;" in drawn and "<script" not in drawn
    assert drawn.count(">a b c<") == 3 and drawn.count(">datum.x<") == 2


def test_a_long_log_is_several_pictures(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: each of bounded size, and none of a person twice."""
    everyone = lines(school.viewer("lead"), 2 * log_picture.AT_ONCE + 1)
    assert log_picture.parts_of(len(everyone)) == 3
    with Image.open(io.BytesIO(log_picture.draw(everyone, ["Title"], 3))) as drawn:
        assert drawn.height < 400
    (file_id,) = shelf.put(alert=["head"])
    web(school, "lead").get(f"/library/files/{file_id}/readers/picture?part=2", status=404)


def test_the_log_downloads_as_excel(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-02: a line for each alert; no name becomes a formula."""
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["head"])).forename = '=HYPERLINK("http://x")'
    (file_id,) = shelf.put(alert=["head", "teacher"], requires_action=True)
    web(school, "head").get(f"/library/files/{file_id}/open")
    answer = web(school, "lead").get(f"/library/files/{file_id}/readers/sheet")
    sheet = load_workbook(io.BytesIO(answer.body)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "policy.txt (D-1)" and "Read by 0 of 2" in rows[1][0]
    title = rows.index([name for name, _width in log_sheet.COLUMNS])
    assert rows[title][3:6] == ["Requires action", "Last viewed", "Read and understood"]
    head, teacher = rows[title + 1 :]
    assert head[0] == '=HYPERLINK("http://x") Head' and sheet.cell(title + 2, 1).data_type == "s"
    assert head[1] == "Lena Lead" and head[3] == "yes" and isinstance(head[4], dt.datetime)
    assert teacher[4] is None and teacher[5] is None


def test_only_the_newest_are_on_the_dashboard(
    school: SchoolForTests, shelf: Any, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LIB-02: it says that there are more."""
    monkeypatch.setattr(readers, "MOST_ON_DASHBOARD", 2)
    shelf.put(*[(f"{number}.txt", b"x") for number in range(3)], alert=["head"])
    assert "The newest 2 are listed." in text_of(web(school, "head").get("/"))
