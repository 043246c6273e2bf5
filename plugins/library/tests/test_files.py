"""LIB-01: putting files into the library, finding them there, opening and downloading them."""

from __future__ import annotations

from typing import Any

import pytest
from cpoms_library import queries
from cpoms_library.models import LibraryView
from cpoms_library.sight import VIEW

from cpoms_core.documents.storage import FilesAway
from cpoms_core.testing.browsing import Browser, Web, text_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

LIST, ADD_PAGE = "/library/files", "/library/add"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def upload(browser: Browser, *files: tuple[str, bytes], **options: Any) -> Any:
    fields = {"csrf_token": browser.csrf(), **options.pop("fields", {})}
    sent = [("files", name, content) for name, content in files]
    return browser.post(ADD_PAGE, fields, upload_files=sent, **options)


def names(page: Any) -> list[str]:
    """The files of the list, in its order."""
    return [one.get_text() for one in page.html.select(".library-name > a")]


def test_several_files_are_uploaded_at_once_and_listed(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-01: with name, type, size, day and who; under the document IDs of the school's one series; a second
    file of the same name is a file of its own."""
    lead = web(school, "lead")
    assert "The library is empty." in text_of(lead.get(LIST))
    page = upload(lead, ("policy.txt", b"Be kind."), ("plan.pdf", PDF), status=302).follow()
    assert "The files are in the library." in text_of(page)
    upload(lead, ("policy.txt", b"x" * 1_500_000), status=302)
    page = lead.get(LIST)
    assert names(page) == ["policy.txt", "plan.pdf", "policy.txt"]
    cells = [cell.get_text(" ", strip=True) for cell in page.html.select("tbody tr")[0].select("td")]
    assert cells[0].startswith("policy.txt D-3") and cells[1:3] == ["TXT", "1.5 MB"]
    assert "Lena Lead" in cells[3]
    assert [one.number for one in shelf.rows()] == [1, 2, 3]
    assert shelf.audited()[:3] == ["library.listed", "library.added", "library.listed"]


@pytest.mark.parametrize("address", [LIST, ADD_PAGE])
def test_the_page_warns_against_confidential_files(school: SchoolForTests, web: Web, address: str) -> None:
    """LIB-01: where they are listed, and where they are put in."""
    warning = web(school, "lead").get(address).html.select_one(".library-warning")
    assert "Put nothing confidential or sensitive here" in warning.get_text()


def test_an_upload_that_is_refused_keeps_nothing(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-01: one bad file of two; no file; an action that nobody has to take. It says what to do."""
    lead = web(school, "lead")
    page = upload(lead, ("policy.txt", b"Be kind."), ("setup.exe", b"MZ"), status=422)
    assert "setup.exe is a kind of file that cannot be attached" in text_of(page)
    assert "are not kept. Choose again: policy.txt, setup.exe" in text_of(page)
    assert "Choose at least one file." in text_of(upload(lead, status=422))
    page = upload(lead, ("policy.txt", b"Be kind."), fields={"requires_action": "y"}, status=422)
    assert "Choose who has to act, or leave this out." in text_of(page)
    assert shelf.rows() == []
    folder = school.app.deployment.folder / "files" / str(school.id)
    assert not [path for path in folder.rglob("*") if path.is_file()]


def found(browser: Browser, **asked: str) -> Any:
    return browser.submit(LIST, asked)


def test_files_are_found_by_name_and_ordered(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-01: by any part of the name, however it is written; what was looked for stands in no address."""
    shelf.put(
        ("Ärger am Zaun.txt", b"a" * 30), ("behaviour policy.txt", b"b" * 10), ("Policy.csv", b"c" * 20)
    )
    head = web(school, "head")
    assert names(found(head, q="arger")) == ["Ärger am Zaun.txt"]
    assert names(found(head, q="policy behav")) == ["behaviour policy.txt"]
    assert names(found(head, q="100%")) == []
    assert names(found(head, sort="name")) == ["Ärger am Zaun.txt", "behaviour policy.txt", "Policy.csv"]
    assert names(found(head, sort="name-down"))[0] == "Policy.csv"
    assert names(found(head, sort="smallest")) == ["behaviour policy.txt", "Policy.csv", "Ärger am Zaun.txt"]
    assert names(found(head, sort="largest"))[0] == "Ärger am Zaun.txt"
    assert names(found(head, sort="oldest"))[0] == names(found(head, sort="nonsense"))[-1]
    assert shelf.audited()[0] == "library.added" and set(shelf.audited()[1:]) == {"library.searched"}


@pytest.mark.parametrize("sort", queries.SORTS)
def test_a_long_list_is_paged_without_gaps_or_doubles(
    school: SchoolForTests, shelf: Any, web: Web, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    """LIB-01: by key, in each order, also where keys are equal."""
    monkeypatch.setattr(queries, "PAGE", 2)
    shelf.put(("same.txt", b"x"), ("same.txt", b"x"), ("b.txt", b"xx"), ("same.txt", b"x"), ("a.txt", b"xxx"))
    head = web(school, "head")
    page, seen = found(head, sort=sort), []
    for _ in range(3):
        seen += [link["href"] for link in page.html.select(".library-name > a")]
        more = page.html.select_one(".more button")
        if more is None:
            break
        page = found(head, sort=sort, after=more["value"])
    assert len(seen) == 5 and len(set(seen)) == 5 and more is None


def test_the_list_costs_the_same_however_long(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-01: readers are counted in the statement of the list."""
    shelf.put(alert=["head", "teacher"])
    lead = web(school, "lead")
    lead.get(LIST)
    with counted(school.app.engines) as one:
        lead.get(LIST)
    shelf.put(*[(f"{number}.txt", b"x") for number in range(9)], alert=["head", "admin"])
    with counted(school.app.engines) as ten:
        lead.get(LIST)
    assert ten.number == one.number, str(ten)


def test_a_file_is_opened_or_downloaded(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-01: byte for byte as it came, under its name; each time is noted."""
    (file_id,) = shelf.put(("plan – 2026.pdf", PDF))
    head = web(school, "head")
    page = head.get(f"/library/files/{file_id}")
    assert "plan – 2026.pdf" in text_of(page) and "D-1" in text_of(page)
    opened = head.get(f"/library/files/{file_id}/open")
    assert opened.body == PDF and opened.content_type == "application/pdf"
    assert opened.headers["Content-Disposition"].startswith("inline;")
    saved = head.get(f"/library/files/{file_id}/download")
    assert saved.body == PDF and saved.content_type == "application/octet-stream"
    assert "filename*=UTF-8''plan%20%E2%80%93%202026.pdf" in saved.headers["Content-Disposition"]
    views = shelf.rows(LibraryView)
    assert [(one.how, one.user_id) for one in views] == [
        ("opened", school.users["head"]),
        ("downloaded", school.users["head"]),
    ]
    assert shelf.audited()[1:] == ["library.viewed", "library.opened", "library.downloaded"]


def test_a_file_that_cannot_be_read_is_not_noted_as_viewed(
    school: SchoolForTests, shelf: Any, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LIB-01, LIB-02: while the storage is away nobody has seen anything, and no alert closes."""
    (file_id,) = shelf.put(alert=["head"])

    def away(*_arguments: Any) -> Any:
        raise FilesAway("no answer")

    monkeypatch.setattr(school.app.storage, "read", away)
    answer = web(school, "head").get(f"/library/files/{file_id}/open", status="*")
    assert answer.status_int == 503
    assert shelf.rows(LibraryView) == [] and shelf.alerts()["head"].closed_at is None


def test_the_top_bar_leads_there(school: SchoolForTests, web: Web) -> None:
    """LIB-01: for those who may view files, and for nobody else."""
    assert web(school, "head").get("/").html.find("a", href=LIST)
    assert VIEW not in school.viewer("admin").permissions
    assert not web(school, "admin").get("/").html.find("a", href=LIST)


def test_while_names_are_hidden_no_name_of_a_file_shows_one(
    school: SchoolForTests, shelf: Any, web: Web
) -> None:
    """DSH-08: a student's name in the name of a file, on the list, the dashboard, in a download."""
    (file_id,) = shelf.put(("Letter about Aoife O'Connor.txt", b"text"), alert=["head"])
    head = web(school, "head")
    head.submit("/session/names", {"hidden": "yes", "next": "/"})
    for address in ("/", LIST, f"/library/files/{file_id}", f"/library/files/{file_id}/readers"):
        page = head.get(address)
        assert "Letter about" in page.text and "Aoife" not in text_of(page), address
    assert "Aoife" not in head.get(f"/library/files/{file_id}/download").headers["Content-Disposition"]


def test_the_audit_says_which_file(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-01, USR-03 (hook audit_subjects): by name, for an administrator who may view the library; a deleted
    one for who may restore it."""
    (file_id,) = shelf.put()
    web(school, "head").get(f"/library/files/{file_id}/open")
    address = f"/admin/users/{school.users['head']}/audits"
    lead, admin = web(school, "lead"), web(school, "admin")
    said = "Opened a file of the library"
    for browser, told in ((lead, True), (admin, False)):
        text = text_of(browser.get(address))
        assert said in text and ("file D-1 of the library, policy.txt" in text) == told
    lead.submit(f"/library/files/{file_id}/delete", {"reason": "It is out of date."}, status=303)
    assert "file D-1 of the library, policy.txt" in text_of(lead.get(address))
