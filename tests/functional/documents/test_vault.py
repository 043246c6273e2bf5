"""The Document vault tab: what is in it, putting files in, taking them out as a zip (STU-05, USR-12.6)."""

from __future__ import annotations

import io
import uuid
import zipfile
from typing import Any

import pytest
from sqlalchemy import func, select, update

from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents import queries
from cpoms_core.documents.models import Document
from cpoms_core.documents.storage import FilesAway
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Linked
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

LETTER = ("letter.txt", b"Dear Ms Bell")


def vault_of(school: SchoolForTests, student: str = "aoife") -> str:
    return f"/students/{school.students[student]}/documents"


def names(page: Any) -> list[str]:
    """The files of a vault's page, in its order."""
    return [one.get_text(strip=True) for one in page.html.select(".vault-name > a, .vault-name > s")]


def labels(page: Any) -> list[str]:
    return [one.get_text(strip=True) for one in page.html.select(".vault-facts > a:first-child")]


def documents(school: SchoolForTests) -> list[Document]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Document).order_by(Document.number)))


def stored(school: SchoolForTests) -> int:
    folder = school.app.deployment.folder / "files" / str(school.id)
    return sum(1 for path in folder.rglob("*") if path.is_file())


def audited(school: SchoolForTests, event: str) -> list[AuditEntry]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(AuditEntry).where(AuditEntry.event == event).order_by(AuditEntry.at)))


def unpacked(answer: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


# --- what is in it ---------------------------------------------------------------------------------------


def test_all_files_of_the_record_are_in_it(school: SchoolForTests, web: Any, filed: Any) -> None:
    """STU-05, EDT-10: own files, those of incidents and actions with a link back, newest first, each with its
    document ID, kind, size, who and when."""
    filed.in_vault(LETTER)
    incident_id, _ = filed.on_incident(("note.txt", b"x" * 1_500_000))
    filed.on_action(incident_id, ("reply.csv", b"a,b\n1,2\n"))
    page = web(school, "head").get(vault_of(school))
    assert names(page) == ["reply.csv", "note.txt", "letter.txt"]
    assert labels(page) == ["D-3", "D-2", "D-1"]
    first, second, third = page.html.select(".vault > li")
    assert "an action on incident 1" in first.get_text() and "CSV" in first.get_text()
    assert second.select_one(f'a[href="/incidents/{incident_id}"]').get_text() == "incident 1"
    assert "1.5 MB" in second.get_text() and "Lena Lead" in second.get_text()
    assert not third.select('a[href^="/incidents"]')
    here = page.html.select_one('.record-menu a[aria-current="page"]')
    assert here.get_text(strip=True) == "Document vault"


def test_what_the_viewer_may_not_see_is_not_in_it(school: SchoolForTests, web: Any, filed: Any) -> None:
    """USR-12.6: the head of year does not see Child Protection, nor that there is anything."""
    filed.on_incident(("secret.txt", b"x"), category="Child Protection")
    filed.in_vault(LETTER)
    assert names(web(school, "lead").get(vault_of(school))) == ["letter.txt", "secret.txt"]
    page = web(school, "head").get(vault_of(school))
    assert names(page) == ["letter.txt"] and "secret" not in page.text


def test_a_linked_students_vault_has_what_was_shared(school: SchoolForTests, web: Any, filed: Any) -> None:
    """INC-04, ACT-01, STU-05: of incidents whose files are shared, of actions shown with their files."""
    bjorn, chloe = school.students["björn"], school.students["chloe"]
    incident_id, _ = filed.on_incident(
        ("note.txt", b"x"), linked=[Linked(bjorn, share_documents=True), Linked(chloe)]
    )
    filed.on_action(incident_id, ("kept.txt", b"x"))
    filed.on_action(incident_id, ("shown.txt", b"x"), on_linked=True)
    filed.on_action(incident_id, ("shared.txt", b"x"), on_linked=True, share_documents=True)
    lead = web(school, "lead")
    assert names(lead.get(vault_of(school, "björn"))) == ["shared.txt", "note.txt"]
    assert names(lead.get(vault_of(school, "chloe"))) == ["shared.txt"]
    assert len(names(lead.get(vault_of(school)))) == 4


def test_files_of_a_deleted_incident_are_gone(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-02: for others it never existed, its files neither."""
    incident_id, (document_id,) = filed.on_incident(LETTER)
    with school.app.transaction(school.id) as db:
        db.execute(
            update(Incident)
            .where(Incident.id == incident_id)
            .values(deleted_at=Incident.created_at)
            .execution_options(synchronize_session=False)
        )
    lead = web(school, "lead")
    assert names(lead.get(vault_of(school))) == []
    assert lead.get(f"/documents/{document_id}", expect_errors=True).status_int == 404


def test_an_empty_vault_says_so(school: SchoolForTests, web: Any) -> None:
    page = web(school, "head").get(vault_of(school))
    assert "There are no files to show." in page.text and not page.html.select("#vault-files")


def test_a_long_vault_comes_in_pages(
    school: SchoolForTests, web: Any, filed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STU-05: by key; every file once, and as many statements for many as for a few."""
    monkeypatch.setattr(queries, "PAGE", 3)
    from cpoms_core.access import policy

    policy.forget_what_is_kept()
    filed.in_vault(*((f"{number}.txt", b"x") for number in range(8)))
    lead, where, seen = web(school, "lead"), vault_of(school), []
    lead.get(where)
    costs = []
    while where:
        with counted(school.app.engines) as ran:
            page = lead.get(where)
        costs.append(ran.number)
        seen += names(page)
        more = page.html.select_one("#files-next")
        where = more["href"] if more else ""
    policy.forget_what_is_kept()
    assert seen == [f"{number}.txt" for number in reversed(range(8))]
    assert len(set(costs)) == 1 and costs[0] <= 16, costs
    for strange in ("x", "-1", "9" * 30, "٣"):
        assert lead.get(vault_of(school), {"before": strange}).status_int == 200


# --- putting files in ------------------------------------------------------------------------------------


def test_files_are_put_in_without_scripts(school: SchoolForTests, web: Any) -> None:
    """STU-05: several at once, by a plain form; they are stored encrypted and noted."""
    head = web(school, "head")
    files = [("files", "a.txt", b"one"), ("files", "ünï “x”.csv", b"a,b\n1,2\n")]
    page = head.submit(vault_of(school), upload_files=files, status=302).follow()
    assert "The files are in the vault." in page.text
    assert names(page) == ["ünï “x”.csv", "a.txt"]
    first, second = documents(school)
    assert (first.student_id, first.incident_id) == (school.students["aoife"], None)
    assert (first.number, second.number, first.size) == (1, 2, 3)
    assert head.get(f"/documents/{first.id}").body == b"one"
    (entry,) = audited(school, "document.added")
    assert set(entry.subjects) == {str(one) for one in (first.student_id, first.id, second.id)}


def test_a_script_is_told_where_to_go(school: SchoolForTests, web: Any) -> None:
    """STU-05: with progress the files are sent by a script."""
    answer = web(school, "head").submit(
        vault_of(school),
        upload_files=[("files", "a.txt", b"one")],
        headers={"X-Requested-With": "XMLHttpRequest"},
    )
    assert answer.json == {"location": f"{vault_of(school)}?said=file-added"}


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def bomb() -> bytes:
    """A document of 50 KB that unpacks to 50 MB."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", bytes(50 * 1024 * 1024))
    return content.getvalue()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "Choose at least one file."),
        ([("files", "a.exe", b"MZ")], "a.exe is a kind of file that cannot be attached"),
        ([("files", "a.txt", b"ok"), ("files", "photo.jpg", b"text")], "photo.jpg is not what its name says"),
        ([("files", f"{number}.txt", b"x") for number in range(21)], "Attach at most 20 files at once."),
        ([("files", "picture.svg", SVG)], "picture.svg is a kind of file that cannot be attached"),
        ([("files", "photo.png", SVG)], "photo.png is not what its name says: it can run programs"),
        ([("files", "letter.docx", bomb())], "unpack to far more"),
    ],
    ids=[
        "none",
        "program",
        "not what it says",
        "many",
        "SVG with script",
        "the same as PNG",
        "zip bomb as docx",
    ],
)
def test_what_is_refused_leaves_nothing(
    school: SchoolForTests, web: Any, files: list[tuple[str, str, bytes]], says: str
) -> None:
    """INC-06, bad input: one bad file, and none is kept; the page says which and why."""
    head = web(school, "head")
    page = head.submit(vault_of(school), upload_files=files or None, status=422)
    assert says in page.html.select_one(".errors").get_text()
    assert says in page.html.select_one("#files-error").get_text()
    assert documents(school) == [] and stored(school) == 0


def test_who_may_not_attach_files_cannot(school: SchoolForTests, web: Any) -> None:
    """STU-05: the permission Files."""
    from cpoms_core.access.models import GroupPermission

    with school.app.transaction(school.id) as db:
        for row in db.scalars(select(GroupPermission).where(GroupPermission.permission == "files:attach")):
            db.delete(row)
    head = web(school, "head")
    assert not head.get(vault_of(school)).html.select("#vault-form")
    refused = head.submit(vault_of(school), upload_files=[("files", "a.txt", b"x")], expect_errors=True)
    assert refused.status_int == 404
    assert documents(school) == [] and stored(school) == 0


# --- taking them out -------------------------------------------------------------------------------------


def zip_of(browser: Browser, school: SchoolForTests, **fields: Any) -> Any:
    return browser.submit(f"{vault_of(school)}/zip", fields)


def test_everything_as_a_zip(school: SchoolForTests, web: Any, filed: Any) -> None:
    """STU-05: all files that the viewer may see, with an index; the audit has the ids of exactly these."""
    filed.on_incident(("secret.txt", b"x"), category="Child Protection")
    ids = filed.in_vault(LETTER, ("empty or not.csv", b"a,b\n1,2\n"))
    answer = zip_of(web(school, "head"), school, all="1")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="documents 20')
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    found = unpacked(answer)
    index = found.pop("index.txt").decode("utf-8-sig")
    assert found == {"letter.txt": b"Dear Ms Bell", "empty or not.csv": b"a,b\n1,2\n"}
    assert "D-2\tletter.txt\t12 bytes\tvault" in index and "secret" not in index
    (entry,) = audited(school, "documents.downloaded")
    assert entry.subjects == [str(one) for one in (school.students["aoife"], *ids)]
    assert entry.details["files"] == 2


def test_the_chosen_ones_as_a_zip(school: SchoolForTests, web: Any, filed: Any) -> None:
    """STU-05: some; ids of what the viewer may not see, or of another student, are as if they were not."""
    one, other = filed.in_vault(LETTER, ("other.txt", b"x"))
    _, (hidden,) = filed.on_incident(("secret.txt", b"x"), category="Child Protection")
    (theirs,) = filed.in_vault(("theirs.txt", b"x"), student="chloe")
    head = web(school, "head")
    token = head.csrf()
    fields = [("csrf_token", token), *(("file", str(each)) for each in (other, hidden, theirs, uuid.uuid4()))]
    answer = head.post(f"{vault_of(school)}/zip", [*fields, ("file", "not an id")])
    assert set(unpacked(answer)) == {"other.txt", "index.txt"}
    assert one is not None


def test_nothing_chosen_is_said(school: SchoolForTests, web: Any, filed: Any) -> None:
    filed.in_vault(LETTER)
    page = zip_of(web(school, "head"), school).follow()
    assert "No file was chosen." in page.text
    assert not [one for one in audited(school, "documents.downloaded") if "files" in one.details]


def test_files_of_one_name_are_told_apart(school: SchoolForTests, web: Any, filed: Any) -> None:
    """STU-05: by their document IDs; also one that is called as the index, two that differ in capitals."""
    filed.in_vault(("a.txt", b"1"), ("A.txt", b"2"), ("index.txt", b"3"), ("b.txt", b"4"))
    filed.on_incident(("a.txt", b"5"))
    found = unpacked(zip_of(web(school, "lead"), school, all="1"))
    assert {name: content for name, content in found.items() if name != "index.txt"} == {
        "a (D-1).txt": b"1",
        "A (D-2).txt": b"2",
        "index (D-3).txt": b"3",
        "b.txt": b"4",
        "a (D-5).txt": b"5",
    }


def test_a_name_like_that_of_a_told_apart_file(school: SchoolForTests, web: Any, filed: Any) -> None:
    """STU-05: no file takes another's place when the zip is unpacked."""
    filed.in_vault(("a.txt", b"1"), ("a.txt", b"2"), ("a (D-1).txt", b"3"))
    found = unpacked(zip_of(web(school, "lead"), school, all="1"))
    assert found.pop("index.txt")
    assert found == {"D-1 a.txt": b"1", "D-2 a.txt": b"2", "D-3 a (D-1).txt": b"3"}


def test_a_file_that_cannot_be_read_is_missing_and_said(school: SchoolForTests, web: Any, filed: Any) -> None:
    """STU-05: the others are there, and the index says which is not."""
    gone, _ = filed.in_vault(("gone.txt", b"1"), ("there.txt", b"2"))
    school.app.storage.remove(school.id, gone)
    found = unpacked(zip_of(web(school, "lead"), school, all="1"))
    assert found["there.txt"] == b"2" and "gone.txt" not in found
    assert "D-1\tNOT IN THIS ZIP: it could not be read" in found["index.txt"].decode("utf-8-sig")


def test_a_file_that_breaks_in_its_middle_breaks_the_zip(
    school: SchoolForTests, web: Any, filed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STU-05, hostile input 11: nobody takes a part for the whole."""
    filed.in_vault(("a.txt", b"x" * 2_000_000))
    real = school.app.storage.read

    def breaking(*args: Any) -> Any:
        yield next(real(*args))
        raise FilesAway

    monkeypatch.setattr(school.app.storage, "read", breaking)
    with pytest.raises(FilesAway):
        zip_of(web(school, "lead"), school, all="1")


def test_removed_files_are_not_in_it(school: SchoolForTests, web: Any, filed: Any) -> None:
    """EDT-10: also not for who could restore them."""
    one, _ = filed.in_vault(LETTER, ("other.txt", b"x"))
    with school.app.transaction(school.id) as db:
        db.get_one(Document, (school.id, one)).removed_at = func.now()
    lead = web(school, "lead")
    assert set(unpacked(zip_of(lead, school, all="1"))) == {"other.txt", "index.txt"}
    assert not lead.get(vault_of(school)).html.select(f'input[value="{one}"]')


# --- hidden names ----------------------------------------------------------------------------------------


def test_names_in_file_names_are_hidden(school: SchoolForTests, web: Any, filed: Any) -> None:
    """DSH-08: in the list, the page of the file, the name that it is saved under, and in a zip."""
    (document_id,) = filed.in_vault(("Aoife O'Connor letter.txt", b"x"))
    lead = web(school, "lead")
    lead.submit("/session/names", {"hidden": "yes"}, status=303)
    for path in (vault_of(school), f"/documents/{document_id}/about"):
        assert "Aoife" not in lead.get(path).text
    assert "Aoife" not in lead.get(f"/documents/{document_id}").headers["Content-Disposition"]
    found = unpacked(zip_of(lead, school, all="1"))
    assert not any("Aoife" in name for name in found) and b"Aoife" not in found["index.txt"]
