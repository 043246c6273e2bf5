"""Admin > Imports as an administrator uses it (ADM-06, MIS-01, MIS-02, MIS-03, DSH-05)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select, update

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.imports.models import ImportRun
from cpoms_core.students.models import Student
from cpoms_core.tenancy.models import Setting
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.schools import SchoolForTests

HEAD = "primary_id,Legal Surname,Legal Forename,DOB,Year,Reg,Contact ID,Contact surname\n"


def report(students: int, *, skip: int = 0, line: str = "") -> bytes:
    """A students report as CSV: `students` of them, without the first `skip`, then one more line."""
    rows = [
        f"{n},Surname{n},Forename{n},03/02/2014,7,7A,{n + 9000},Parent{n}\n"
        for n in range(1 + skip, students + 1)
    ]
    return (HEAD + "".join(rows) + line).encode()


class Imports:
    """The pages, and what is in the database."""

    def __init__(self, school: SchoolForTests, browser: Any) -> None:
        self.school, self.browser = school, browser
        with school.app.transaction(school.id) as db:  # the fixture's own students are the MIS's, too
            db.execute(
                update(Student)
                .values(mis_source=None, mis_id=None)
                .execution_options(synchronize_session=False)
            )

    def upload(self, content: bytes, name: str = "students.csv") -> Any:
        fields = {"csrf_token": self.browser.csrf("/admin/imports")}
        page = self.browser.post("/admin/imports/upload", fields, upload_files=[("file", name, content)])
        return page.follow() if page.status_int == 303 else page

    def press(self, page: Any, button: str) -> Any:
        for form in page.forms.values():
            if button in form.text:
                answer = form.submit()
                return answer.follow() if answer.status_int == 303 else answer
        raise AssertionError(f"there is no button {button!r}")

    def apply(self, page: Any) -> Any:
        return self.press(page, "Apply this import")

    def students(self) -> dict[str, bool]:
        """The imported students: MIS id -> archived."""
        with self.school.app.session(self.school.id, writes=False) as db:
            rows = db.execute(select(Student.mis_id, Student.archived_at).where(Student.mis_source == "sims"))
            return {mis_id: archived is not None for mis_id, archived in rows}

    def runs(self) -> list[ImportRun]:
        with self.school.app.session(self.school.id, writes=False) as db:
            return list(db.scalars(select(ImportRun).order_by(ImportRun.id)))

    def stored(self, run: ImportRun) -> bool:
        return self.school.app.storage.place.path(self.school.id, run.id).exists()

    def events(self) -> list[str]:
        with self.school.app.session(self.school.id, writes=False) as db:
            events = db.scalars(select(AuditEntry.event).order_by(AuditEntry.id))
            return [event for event in events if event.startswith("import")]


@pytest.fixture
def imports(school: SchoolForTests, web: Callable[..., Any]) -> Imports:
    return Imports(school, web(school, "admin"))


def text_of(page: Any) -> str:
    return " ".join(BeautifulSoup(page.text, "html.parser").get_text(" ").split())


def counts_of(page: Any) -> dict[str, list[int]]:
    """The table of a run: what -> added, changed, archived, restored, unchanged."""
    rows = BeautifulSoup(page.text, "html.parser").select("table tbody tr")
    return {
        row.th.get_text(): [int(cell.get_text().replace(",", "")) for cell in row.find_all("td")]
        for row in rows
    }


def test_upload_preview_apply(imports: Imports) -> None:
    """ADM-06, MIS-03: a file is looked at first, with its counts, and changes nothing until it is applied."""
    page = imports.upload(report(20))
    assert counts_of(page)["Students"] == [20, 0, 0, 0, 0]
    assert counts_of(page)["Contacts"] == [20, 0, 0, 0, 0]
    assert imports.students() == {}
    [run] = imports.runs()
    assert run.state == "previewed" and imports.stored(run)
    page = imports.apply(page)
    assert "The import is applied" in text_of(page)
    assert len(imports.students()) == 20
    [run] = imports.runs()
    assert run.state == "applied" and not imports.stored(run), "the file is not needed any more"
    assert imports.events().count("import.previewed") == 1
    assert imports.events().count("import.applied") == 1


def test_a_dropped_preview_changes_nothing(imports: Imports) -> None:
    """ADM-06: a preview that is dropped leaves nothing but its line in the history."""
    page = imports.press(imports.upload(report(3)), "Drop it")
    assert "The import was dropped. Nothing was changed." in text_of(page)
    [run] = imports.runs()
    assert run.state == "dropped" and not imports.stored(run)
    assert imports.students() == {}
    assert "import.dropped" in imports.events()


def test_a_new_preview_drops_the_older(imports: Imports) -> None:
    """ADM-06: at most one preview waits; its older one can no longer be applied."""
    older = imports.upload(report(3))
    assert "An import waits" in text_of(imports.browser.get("/admin/imports"))
    imports.upload(report(4))
    assert [run.state for run in imports.runs()] == ["dropped", "previewed"]
    assert not imports.stored(imports.runs()[0])
    assert "applied or dropped already" in text_of(imports.apply(older))
    assert imports.students() == {}


def test_applied_twice_is_applied_once(imports: Imports) -> None:
    """MIS-02: a second press on Apply is refused with a message."""
    page = imports.upload(report(3))
    imports.apply(page)
    assert "applied or dropped already" in text_of(imports.apply(page))
    assert len([run for run in imports.runs() if run.state == "applied"]) == 1


def test_the_same_file_again_says_that_there_is_nothing_new(imports: Imports) -> None:
    """MIS-03: everything is counted as unchanged, in words too."""
    imports.apply(imports.upload(report(5)))
    page = imports.upload(report(5))
    assert counts_of(page)["Students"] == [0, 0, 0, 0, 5]
    assert "The file holds nothing new" in text_of(page)


def test_the_guard_refuses_an_extract_with_a_third_missing(imports: Imports) -> None:
    """MIS-03: an extract that would archive a third of the school is refused, with the numbers, nothing
    changes, and nobody is offered to go past it; with the setting raised it goes."""
    imports.apply(imports.upload(report(30)))
    page = imports.upload(report(30, skip=11))
    text = text_of(page)
    assert "would archive 11 of the school's 33 students (33 %)" in text
    assert "Nothing was changed" in text and "import guard" in text
    assert "Apply this import" not in page.text
    assert not any(imports.students().values())
    run = imports.runs()[-1]
    assert run.state == "refused" and not imports.stored(run)
    imports.browser.submit(f"/admin/imports/{run.id}/apply")
    assert not any(imports.students().values()), "nor by hand"
    with imports.school.app.transaction(imports.school.id) as db:
        db.add(Setting(school_id=imports.school.id, name="import_archive_guard", value=40))
    imports.apply(imports.upload(report(30, skip=11)))
    assert sum(imports.students().values()) == 11


def test_the_guard_is_asked_again_when_applied(imports: Imports) -> None:
    """MIS-03: a preview that was allowed when it was made is refused if the setting was lowered since."""
    imports.apply(imports.upload(report(30)))
    page = imports.upload(report(30, skip=3))
    with imports.school.app.transaction(imports.school.id) as db:
        db.add(Setting(school_id=imports.school.id, name="import_archive_guard", value=2))
    assert "would archive 3" in text_of(imports.apply(page))
    assert not any(imports.students().values())
    assert imports.runs()[-1].state == "refused"


def test_names_of_the_archived_follow_the_policy(imports: Imports, web: Callable[..., Any]) -> None:
    """MIS-03, USR-12: an administrator who may see the student list reads who would be archived; one who may
    not gets the number."""
    imports.apply(imports.upload(report(30)))
    page = imports.upload(report(30, skip=1))
    assert "Forename1 Surname1" in text_of(page)
    run = imports.runs()[-1]
    from cpoms_core.access.models import GroupPermission

    with imports.school.app.transaction(imports.school.id) as db:
        permission = (
            imports.school.id, imports.school.groups["Administrators"], "students:list"
        )  # fmt: skip
        db.delete(db.get_one(GroupPermission, permission))
    page = imports.browser.get(f"/admin/imports/{run.id}")
    assert "Surname1" not in page.text
    assert "1 whose names are not yours to see" in text_of(page)


XML = b'<?xml version="1.0" encoding="utf-8"?>\n<SuperStarReport>\n'
RECORD = (
    b"<Record><primary_id>1</primary_id><Legal_x0020_Surname>A</Legal_x0020_Surname>"
    b"<Legal_x0020_Forename>B</Legal_x0020_Forename></Record>\n"
)
BAD = {
    "truncated": ("s.xml", XML + RECORD + b"<Record><primary_id>2</prim", ["line 4"]),
    "malformed": ("s.xml", XML + RECORD + b"<Record></Rekord></SuperStarReport>", ["line 4"]),
    "DTD": (
        "s.xml",
        b'<?xml version="1.0"?>\n<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n<SuperStarReport>&b;'
        b"</SuperStarReport>",
        ["line 2"],
    ),
    "wrong encoding": (
        "s.csv",
        HEAD.encode() + b"1,Surn\x81me\xff,B,03/02/2014,7,7A,1,P\n",
        ["UTF-8", "line"],
    ),
    "duplicate ids": (
        "s.csv",
        report(3, line="2,Other,Somebody,03/02/2014,8,8B,9,Q\n"),
        ["line 5", "element"],
    ),
    "no zip": ("s.zip", b"PK\x03\x04 and then nothing", ["zip"]),
    "something else": ("s.xml", b"<html><body>hello</body></html>", []),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_change_nothing_and_say_where(imports: Imports, name: str) -> None:
    """MIS-02: a bad file is refused with line and element, and changes nothing."""
    imports.apply(imports.upload(report(5)))
    file_name, content, places = BAD[name]
    page = imports.upload(content, file_name)
    text = text_of(page)
    assert "What is wrong" in text and "Nothing was changed." in text
    assert "Apply this import" not in text
    for place in places:
        assert place in text, text
    run = imports.runs()[-1]
    assert run.state == "refused" and run.problems[0]["message"] in text
    assert not imports.stored(run)
    assert imports.students() == {str(number): False for number in range(1, 6)}
    assert "import.refused" in imports.events()


@pytest.mark.parametrize(
    ("file_name", "content", "message"),
    [
        ("students.csv", b"", "The file is empty."),
        ("students.pdf", b"%PDF-1.4", "Choose one whose name ends in .xml or .csv or .zip."),
        ("", b"", "Choose a file."),
    ],
)
def test_files_that_are_none_are_refused_beside_the_field(
    imports: Imports, file_name: str, content: bytes, message: str
) -> None:
    """MIS-02: empty, of another type, or none chosen: said beside the field; no run is made."""
    page = imports.upload(content, file_name)
    error = BeautifulSoup(page.text, "html.parser").find(id="file-error")
    assert error is not None and message in error.get_text(" ")
    assert imports.runs() == []


def test_a_file_that_is_too_large(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    """MIS-02: larger than the source reads: said beside the field; larger than any request: a page."""
    source = imports.school.app.mis_sources["sims"][1]
    monkeypatch.setattr(type(source), "max_bytes", 100)
    page = imports.upload(report(50))
    assert "The file is larger than" in text_of(page)
    assert imports.runs() == []
    fields = {"csrf_token": imports.browser.csrf("/admin/imports")}
    with imports.school.app.transaction(imports.school.id) as db:
        db.add(Setting(school_id=imports.school.id, name="max_file_megabytes", value=1))
    imports.browser.post(
        "/admin/imports/upload", fields, upload_files=[("file", "s.csv", b"x" * 8_000_000)], status=413
    )


def test_a_zip_of_reports(imports: Imports) -> None:
    """MIS-05: a zip of a students report and marks is one delivery."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("students.csv", report(2))
        archive.writestr("marks.csv", "Student ID,Date,Session,Mark\n1,03/09/2026,AM,/\n1,03/09/2026,PM,N\n")
    page = imports.upload(made.getvalue(), "all.zip")
    assert counts_of(page)["Attendance marks"] == [2, 0, 0, 0, 0]
    imports.apply(page)
    assert len(imports.students()) == 2


def test_no_source_while_its_module_is_off(imports: Imports) -> None:
    """MOD-01: with the module off nothing can be uploaded, and a preview of before cannot be applied."""
    page = imports.upload(report(2))
    token = {"csrf_token": imports.browser.csrf("/admin/imports")}
    with imports.school.app.transaction(imports.school.id) as db:
        for module in imports.school.app.modules:
            if module.startswith("mis_"):
                switch_module(db, module, False, utc_now())
    assert "No module that imports is switched on" in text_of(imports.browser.get("/admin/imports"))
    imports.browser.post(
        "/admin/imports/upload", token, upload_files=[("file", "s.csv", report(2))], status=404
    )
    assert "not switched on" in text_of(imports.apply(page))
    assert imports.students() == {}


def test_who_may_not_import(school: SchoolForTests, web: Callable[..., Any]) -> None:
    """USR-12.7, ADM-06: without the administration permission, or without the key, there is nothing there."""
    school.viewer("admin")
    for browser in (web(school, "head"), web(school, "teacher"), web(school, "admin", elevated=False)):
        browser.get("/admin/imports", status=404)
        token = {"csrf_token": browser.csrf("/")}
        browser.post("/admin/imports/upload", token, upload_files=[("file", "s.csv", report(2))], status=404)


def test_runs_of_another_school(
    imports: Imports, other_school: SchoolForTests, web: Callable[..., Any]
) -> None:
    """USR-12.7: another school's run is not there, for any of its pages."""
    imports.upload(report(2))
    run = imports.runs()[0]
    other = web(other_school, "admin")
    other.get(f"/admin/imports/{run.id}", status=404)
    for deed in ("apply", "drop"):
        other.submit(f"/admin/imports/{run.id}/{deed}", status=404)
    other.get("/admin/imports/not-an-id", status=404)
    assert imports.runs()[0].state == "previewed"


def test_history_is_paged_by_key(imports: Imports) -> None:
    """ADM-06: newest first, 25 a page, in as many queries for a page of 25 as for one of 3."""
    for number in range(27):
        imports.upload(b"nothing\n", f"file{number}.csv")
    first = imports.browser.get("/admin/imports")
    assert "file26.csv" in first.text and "file1.csv" not in first.text
    more = BeautifulSoup(first.text, "html.parser").find(id="runs-next")
    assert more is not None
    second = imports.browser.get(str(more["href"]))
    assert "file1.csv" in second.text and "file0.csv" in second.text and "file26.csv" not in second.text
    with imports.school.app.session(imports.school.id, writes=False) as db:
        assert db.scalar(select(func.count()).select_from(ImportRun)) == 27
