"""One file: its page, downloads and pictures, alerts to it, removing and restoring it (STU-05, EDT-10)."""

from __future__ import annotations

import io
import threading
from typing import Any
from urllib.parse import unquote

import pytest
import webtest
from PIL import Image
from sqlalchemy import select

from cpoms_core.access.models import ClassAccess, ClassRestriction
from cpoms_core.alerts.models import Alert
from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents import keeping, pictures
from cpoms_core.documents.models import Document
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.services import Linked
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.students.models import StudentGroup
from cpoms_core.testing.browsing import text_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

LETTER = ("letter.txt", b"Dear Ms Bell")


def png(**how: Any) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (2400, 1200), "teal").save(content, "PNG", **how)
    return content.getvalue()


def about(document_id: object, what: str = "about") -> str:
    return f"/documents/{document_id}/{what}"


def entries(school: SchoolForTests, about_id: object) -> list[AuditEntry]:
    with school.app.session(school.id, writes=False) as db:
        written = db.scalars(select(AuditEntry).order_by(AuditEntry.at, AuditEntry.id))
        return [one for one in written if str(about_id) in one.subjects]


def events(school: SchoolForTests, about_id: object) -> list[str]:
    return [one.event for one in entries(school, about_id)]


# --- downloads and pictures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("letter.txt", "letter.txt"),
        ("Ünïcode “quoted” 100%.txt", "Unicode quoted 100_.txt"),
        ('a"b;c.txt', "a_b;c.txt"),
        ("مرحبا.txt", ".txt"),
        ("e\u0301tude.txt", "etude.txt"),
    ],
)
def test_a_download_is_saved_and_never_opened(
    school: SchoolForTests, web: Any, filed: Any, name: str, plain: str
) -> None:
    """INC-06, bad input: under its own name (RFC 6266, 8187), of no type that a browser opens, sandboxed."""
    (document_id,) = filed.in_vault((name, b"<script>alert(1)</script>"))
    answer = web(school, "head").get(f"/documents/{document_id}")
    given = answer.headers["Content-Disposition"]
    assert given.startswith(f"attachment; filename=\"{plain}\"; filename*=UTF-8''")
    with school.app.session(school.id, writes=False) as db:
        assert unquote(given.partition("''")[2]) == db.get_one(Document, (school.id, document_id)).name
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body == b"<script>alert(1)</script>" and answer.content_length == 25
    assert events(school, document_id)[-1] == "document.downloaded"


def test_a_name_of_right_to_left_characters(school: SchoolForTests, web: Any, filed: Any) -> None:
    """Bad input: letters of every script stay; what turns the direction (an exe like a text) goes."""
    (document_id,) = filed.in_vault(("רשימה\u202etxt.pdf".replace("pdf", "txt"), b"x"))
    page = web(school, "head").get(about(document_id))
    assert "רשימהtxt.txt" in page.text and "\u202e" not in page.text


@pytest.mark.parametrize(("which", "longest"), [("thumbnail", 160), ("picture", 1600)])
def test_a_picture_is_shown_drawn_anew(
    school: SchoolForTests, web: Any, filed: Any, which: str, longest: int
) -> None:
    """INC-06: a JPEG of a bounded size, in a sandbox; on the record and in the vault it is a small link."""
    incident_id, (document_id,) = filed.on_incident(("photo.png", png()))
    head = web(school, "head")
    answer = head.get(about(document_id, which))
    with Image.open(io.BytesIO(answer.body)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (longest, longest // 2))
    assert answer.content_type == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store", "encrypted at rest: it stays on nobody's disk"
    for where in (
        f"/students/{school.students['aoife']}/documents",
        f"/students/{school.students['aoife']}/incidents",
    ):
        page = head.get(where)
        image = page.html.select_one(f'a[href="{about(document_id, "picture")}"] img')
        assert image["src"] == about(document_id, "thumbnail")
    assert incident_id is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [LETTER, ("photo.png", png()[:300]), ("page.html", b"<html><script>1</script></html>")],
)
def test_what_is_no_picture_has_none(
    school: SchoolForTests, web: Any, filed: Any, name: str, content: bytes
) -> None:
    """INC-06: everything else is only ever downloaded; a broken picture is no error of ours."""
    (document_id,) = filed.in_vault((name, content))
    head = web(school, "head")
    for which in ("thumbnail", "picture"):
        assert head.get(about(document_id, which), expect_errors=True).status_int == 404


def test_a_picture_that_has_to_wait_says_so(
    school: SchoolForTests, web: Any, filed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPS: where as many pictures as may be are being drawn: in words, for a picture and for a photo that is
    handed in, and with what was typed."""
    (document_id,) = filed.in_vault(("photo.png", png()))
    lead = web(school, "lead")
    monkeypatch.setattr(pictures, "PATIENCE", 0)
    monkeypatch.setattr(pictures, "AT_ONCE", threading.BoundedSemaphore(1))
    with pictures.AT_ONCE:
        answer = lead.get(about(document_id, "picture"), status=503)
        assert "Several pictures are being drawn just now." in answer.text
        assert answer.headers["Retry-After"] == "60"
        sent = {"csrf_token": lead.csrf(), "seen": "1", "summary": "Other words."}
        edit = f"/students/{school.students['aoife']}/edit"
        page = lead.post(edit, sent, upload_files=[("file", "photo.png", png())], status=422)
        assert "Several pictures are being drawn just now." in page.text and "Other words." in page.text
    assert "document.looked-at" not in events(school, document_id)
    assert lead.get(about(document_id, "picture")).content_type == "image/jpeg"


def test_looking_at_a_picture_is_audited_once(school: SchoolForTests, web: Any, filed: Any) -> None:
    """STU-08: the large one; the small ones stand on pages that are audited themselves."""
    (document_id,) = filed.in_vault(("photo.png", png()))
    head = web(school, "head")
    head.get(about(document_id, "thumbnail"))
    assert "document.looked-at" not in events(school, document_id)
    head.get(about(document_id, "picture"))
    assert events(school, document_id)[-1] == "document.looked-at"


# --- alerts to a file ------------------------------------------------------------------------------------


def test_the_walk_of_an_alert(school: SchoolForTests, web: Any, filed: Any) -> None:
    """STU-05, USR-12.4, DSH-02: alerted, mailed without a name, on the dashboard, opened without a key, read,
    and then it is gone; those who see the file see who has read it."""
    incident_id, (document_id,) = filed.on_incident(LETTER, category="Child Protection")
    lead, teacher = web(school, "lead"), web(school, "teacher")
    page = lead.get(about(document_id, "alert"))
    options = {one["value"]: one.get_text() for one in page.html.select("select option")}
    assert options[str(school.users["teacher"])].endswith("(could not normally see this file)")
    assert options[str(school.users["lead"])] == "Lena Lead"
    done = lead.submit(about(document_id, "alert"), {"alerts": str(school.users["teacher"])}, status=303)
    assert "alerted to the file" in text_of(done.follow())

    with school.app.session(school.id, writes=False) as db:
        (mail,) = [
            one.payload
            for one in db.scalars(select(OutboxItem))
            if one.payload.get("template") == "file-alert"
        ]
    assert mail["to_user"] == str(school.users["teacher"])
    assert not {"letter", "Aoife", "Child"} & set(str(mail).split())

    dashboard = teacher.get("/")
    line = dashboard.html.select_one(f'a[href="{about(document_id)}"]')
    assert line.get_text(" ", strip=True) == "File for Aoife O'Connor"
    assert "letter.txt (D-1)" in dashboard.text and "Lena Lead" in dashboard.text
    opened = teacher.get(about(document_id))
    assert "letter.txt" in opened.text and "Read by" not in opened.text
    assert not opened.html.select(f'main a[href="{about(document_id, "alert")}"]')
    assert teacher.get(f"/documents/{document_id}").body == LETTER[1]
    assert teacher.get(f"/incidents/{incident_id}", expect_errors=True).status_int == 404
    assert "no longer shown to you" in opened.text

    form = opened.forms[next(key for key, one in opened.forms.items() if "alert" in one.fields)]
    assert "Marked as read" in form.submit(status=303).follow().text
    for path in (about(document_id), f"/documents/{document_id}"):
        assert teacher.get(path, expect_errors=True).status_int == 404
    assert "letter.txt" not in teacher.get("/").text
    page = lead.get(about(document_id))
    assert "Read by 1" in page.text and "Tariq Teacher" in page.text
    deeds = ["document.alerted", "document.downloaded", "document.read"]
    assert [one for one in events(school, document_id) if one in deeds] == deeds


def test_an_alert_to_a_file_opens_no_other(school: SchoolForTests, web: Any, filed: Any) -> None:
    """USR-12.4: "that one file": not the other one of the same incident, not the record."""
    _, (one, other) = filed.on_incident(LETTER, ("other.txt", b"x"))
    web(school, "lead").submit(about(one, "alert"), {"alerts": str(school.users["teacher"])})
    teacher = web(school, "teacher")
    assert teacher.get(about(one)).status_int == 200
    assert teacher.get(about(other), expect_errors=True).status_int == 404
    vault = f"/students/{school.students['aoife']}/documents"
    assert teacher.get(vault, expect_errors=True).status_int == 404


def test_nobody_is_told_twice(school: SchoolForTests, web: Any, filed: Any) -> None:
    """STU-05: who has an open alert to the file is not mailed again; who read it may be."""
    (document_id,) = filed.in_vault(LETTER)
    lead, to = web(school, "lead"), {"alerts": str(school.users["teacher"])}
    lead.submit(about(document_id, "alert"), to, status=303)
    again = lead.submit(about(document_id, "alert"), to, status=303)
    assert "Nobody was told again" in again.follow().text
    with school.app.session(school.id, writes=False) as db:
        assert len(db.scalars(select(Alert).where(Alert.document_id == document_id)).all()) == 1


@pytest.mark.parametrize("alerts", [[], ["not-an-id"], ["00000000-0000-0000-0000-000000000000"]])
def test_an_alert_needs_a_person(school: SchoolForTests, web: Any, filed: Any, alerts: list[str]) -> None:
    (document_id,) = filed.in_vault(LETTER)
    lead = web(school, "lead")
    token = ("csrf_token", lead.csrf())
    page = lead.post(about(document_id, "alert"), [token, *(("alerts", one) for one in alerts)], status=422)
    assert page.html.select_one(".errors li")


def test_a_child_outside_the_classes_is_not_named(school: SchoolForTests, web: Any, filed: Any) -> None:
    """USR-12.3: seen through a linked student, the incident's own student is "another student"."""
    _, (document_id,) = filed.on_incident(
        LETTER, linked=[Linked(school.students["chloe"], share_documents=True)]
    )
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        group = db.scalars(select(StudentGroup).where(StudentGroup.name == "8B")).one()
        db.add(ClassAccess(school_id=school.id, student_group_id=group.id, holder_id=school.users["head"]))
    page = web(school, "head").get(about(document_id))
    assert "another student" in page.text and "Aoife" not in page.text


def test_nor_when_the_file_was_removed(school: SchoolForTests, web: Any, filed: Any) -> None:
    """USR-12.3, EDT-10: who may restore it sees it by right, and not through an alert."""
    _, (document_id,) = filed.on_incident(
        LETTER, linked=[Linked(school.students["chloe"], share_documents=True)]
    )
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        group = db.scalars(select(StudentGroup).where(StudentGroup.name == "8B")).one()
        db.add(ClassAccess(school_id=school.id, student_group_id=group.id, holder_id=school.users["lead"]))
    with school.app.transaction(school.id) as db:
        keeping.remove(db, school.viewer("lead"), document_id, "The wrong file.")
    page = web(school, "lead").get(about(document_id))
    assert "The wrong file." in page.text
    assert "another student" in page.text and "Aoife" not in page.text


def test_the_dashboard_asks_about_files_only_where_there_is_one(
    school: SchoolForTests, web: Any, filed: Any
) -> None:
    """DSH-02: no statement more for everyone else."""
    teacher = web(school, "teacher")
    teacher.get("/")
    with counted(school.app.engines) as without:
        teacher.get("/")
    ids = filed.in_vault(LETTER, ("b.txt", b"x"), ("c.txt", b"x"))
    lead = web(school, "lead")
    for one in ids:
        lead.submit(about(one, "alert"), {"alerts": str(school.users["teacher"])})
    with counted(school.app.engines) as several:
        assert teacher.get("/").text.count("<strong>File</strong>") == 3
    assert several.number == without.number + 1


def test_an_alert_taken_off_a_dashboard_counts_as_not_read(
    school: SchoolForTests, web: Any, filed: Any
) -> None:
    """USR-08: alerts to files go with the others, and the file's page says so."""
    (document_id,) = filed.in_vault(LETTER)
    lead = web(school, "lead")
    lead.submit(about(document_id, "alert"), {"alerts": str(school.users["teacher"])})
    path = f"/admin/users/{school.users['teacher']}/alerts/remove"
    page = lead.get(path)
    assert "one open alert" in page.text
    form = next(one for one in page.forms.values() if "seen" in one.fields)
    form.submit(status=303)
    page = lead.get(about(document_id))
    assert "Read by 0" in page.text and "taken off their dashboard" in page.text
    assert web(school, "teacher").get(about(document_id), expect_errors=True).status_int == 404


# --- removing and restoring ------------------------------------------------------------------------------


def test_removed_with_a_reason_and_restored(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-10: gone for all but administrators with a key who see it; they have a marker with the reason."""
    incident_id, (document_id,) = filed.on_incident(LETTER)
    lead, head = web(school, "lead"), web(school, "head")
    lead.submit(about(document_id, "alert"), {"alerts": str(school.users["teacher"])})
    refused = lead.submit(about(document_id, "remove"), {"reason": "  "}, status=422)
    assert "Give the reason" in refused.text
    done = lead.submit(about(document_id, "remove"), {"reason": "Wrong <b>child</b>"}, status=303).follow()
    assert "The file is removed" in done.text and "Wrong &lt;b&gt;child" in done.text
    record = f"/students/{school.students['aoife']}/incidents"
    for browser in (head, web(school, "teacher"), web(school, "lead", elevated=False)):
        for path in (about(document_id), f"/documents/{document_id}", about(document_id, "remove")):
            assert browser.get(path, expect_errors=True).status_int == 404
    assert lead.get(f"/documents/{document_id}", expect_errors=True).status_int == 404
    vault = f"/students/{school.students['aoife']}/documents"
    assert "letter.txt" not in head.get(vault).text and "letter.txt" not in head.get(record).text
    assert "letter.txt" not in web(school, "teacher").get("/").text
    marker = lead.get(vault).html.select_one(".vault-marker").get_text(" ", strip=True)
    assert "Removed by Lena Lead" in marker and "Wrong <b>child</b>" in marker

    page = lead.get(about(document_id))
    assert not page.html.select(f'a[href="{about(document_id, "remove")}"]')
    assert "The audit tells others that a file with this ID was removed" in page.text
    (told,) = [one for one in entries(school, document_id) if one.event == "document.removed"]
    assert told.details == {"number": 1}, "neither its name nor the reason"
    lead.submit(about(document_id, "restore"), status=303)
    assert head.get(f"/documents/{document_id}").body == LETTER[1]
    assert "letter.txt" in head.get(record).text
    assert [one for one in events(school, document_id) if one.endswith(("removed", "restored"))] == [
        "document.removed", "document.restored"
    ]  # fmt: skip
    assert incident_id is not None


def test_one_goes_back_to_where_it_was(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-10: from the page of a file, removed or not, to the vault or the incident that it is in."""
    (in_vault,) = filed.in_vault(LETTER)
    incident_id, (on_incident,) = filed.on_incident(LETTER)
    lead = web(school, "lead")
    for document_id, back in (
        (in_vault, f"/students/{school.students['aoife']}/documents"),
        (on_incident, f"/incidents/{incident_id}"),
    ):
        for page in (lead.get(about(document_id)), removed(lead, document_id)):
            assert page.html.select(f'#main a[href^="{back}"]'), page.text


def removed(lead: Any, document_id: Any) -> Any:
    """The page of a file, once it is removed."""
    return lead.submit(about(document_id, "remove"), {"reason": "Wrong child"}, status=303).follow()


def test_an_alert_to_a_removed_file_waits_for_it(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-10, USR-12.4: it opens nothing while the file is removed; restored, it is there as before."""
    (document_id,) = filed.in_vault(LETTER)
    lead, teacher = web(school, "lead"), web(school, "teacher")
    lead.submit(about(document_id, "alert"), {"alerts": str(school.users["teacher"])})
    removed(lead, document_id)
    assert "letter.txt" not in teacher.get("/").text
    assert teacher.get(f"/documents/{document_id}", expect_errors=True).status_int == 404
    lead.submit(about(document_id, "restore"), status=303)
    assert "letter.txt" in teacher.get("/").text
    assert teacher.get(f"/documents/{document_id}").body == LETTER[1]


def test_the_administrator_who_does_not_see_it_has_no_part_in_it(
    school: SchoolForTests, web: Any, filed: Any
) -> None:
    """EDT-10: "who see it": the Administration alone opens nothing."""
    (document_id,) = filed.in_vault(LETTER)
    admin = web(school, "admin")
    for path in (about(document_id, "remove"), about(document_id)):
        assert admin.get(path, expect_errors=True).status_int == 404
    with school.app.transaction(school.id) as db, pytest.raises(NothingThere):
        keeping.remove(db, school.viewer("admin"), document_id, "x")
    with school.app.transaction(school.id) as db, pytest.raises(NothingThere):
        keeping.remove(db, school.viewer("head"), document_id, "x")


def test_the_edit_page_leads_to_it(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-10: "in the vault or when editing the incident"; every file has its document ID there."""
    incident_id, (document_id,) = filed.on_incident(LETTER)
    page = web(school, "lead").get(f"/incidents/{incident_id}/edit")
    link = page.html.select_one(f'#edit-form a[href="{about(document_id, "remove")}"]')
    assert link is not None and "D-1" in page.text
    page = web(school, "head").get(f"/incidents/{incident_id}/edit")
    assert "D-1" in page.text and not page.html.select(f'a[href="{about(document_id, "remove")}"]')


def test_the_history_does_not_name_what_was_removed(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-10, EDT-01: versions of an incident keep that there was a file; its name is for who restores it."""
    incident_id, (document_id,) = filed.on_incident(LETTER)
    lead, head = web(school, "lead"), web(school, "head")
    edit = f"/incidents/{incident_id}/edit"
    page = head.get(edit).forms["edit-form"]
    page["text"] = "Changed."
    page["files"] = [webtest.Upload("more.txt", b"more")]
    page.submit(status=302)
    history = f"/incidents/{incident_id}/history"
    assert "letter.txt" in head.get(history).text
    lead.submit(about(document_id, "remove"), {"reason": "Wrong child"})
    assert "letter.txt" in lead.get(history).text
    told = text_of(head.get(history))
    assert "letter.txt" not in told and "D-1, removed" in told and "more.txt" in told


def test_removed_for_good_is_not_restored(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-10: only the operator does it, on a written request; the row stays, with who and why."""
    (document_id,) = filed.in_vault(LETTER)
    with school.app.transaction(school.id) as db:
        operator = school.viewer("admin").through("command line")
        keeping.destroy(db, operator, 1, "letter of the head teacher")
    assert keeping.forget_bytes(school.app, school.id, document_id)
    lead = web(school, "lead")
    page = lead.get(about(document_id))
    assert "Removed for good by the operator" in page.text and "letter of the head teacher" in page.text
    assert not page.html.select(f'form[action="{about(document_id, "restore")}"]')
    refused = lead.submit(about(document_id, "restore"), expect_errors=True)
    assert refused.status_int == 404
    with school.app.transaction(school.id) as db, pytest.raises(Refused, match="before"):
        keeping.destroy(db, operator, 1, "again")
    with school.app.transaction(school.id) as db, pytest.raises(Refused, match="no document D-99"):
        keeping.destroy(db, operator, 99, "x")
