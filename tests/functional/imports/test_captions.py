"""Admin > Imports > Captions, as an administrator uses it (MIS-05)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.tenancy.services import change_setting, switch_module
from cpoms_core.testing.browsing import Browser, text_of
from cpoms_core.testing.schools import SchoolForTests

PAGE = "/admin/imports/captions/sims"
REPORT = "Nr,Nachname,Legal Forename,Geburtstag,Mentor group\n1,Stone,Ann,03/02/2014,M7\n"
"""A students report of a school with words of its own."""


class Captions:
    """The page, and imports beside it."""

    def __init__(self, school: SchoolForTests, browser: Browser) -> None:
        self.school, self.browser = school, browser
        with school.app.transaction(school.id) as db:
            change_setting(db, "import_archive_guard", "100")  # the fixture's own students are in no file

    def upload(self, content: str = REPORT) -> Any:
        fields = {"csrf_token": self.browser.csrf("/admin/imports")}
        files = [("file", "students.csv", content.encode())]
        return self.browser.post("/admin/imports/upload", fields, upload_files=files, status=303).follow()

    def save(self, page: Any = None, status: int = 303, **typed: str) -> Any:
        form = (page or self.browser.get(PAGE)).forms["captions"]
        for name, text in typed.items():
            form[f"caption-{name}"] = text
        answer = form.submit(status=status)
        return answer.follow() if status == 303 else answer

    def imported(self) -> tuple[list[str], list[str]]:
        """The surnames that came with the file, and the tutor groups."""
        with self.school.app.session(self.school.id, writes=False) as db:
            surnames = select(Student.legal_surname).where(Student.mis_id == "1")
            member = select(GroupMember.group_id).join(Student, Student.id == GroupMember.student_id)
            groups = select(StudentGroup.name).where(StudentGroup.id.in_(member.where(Student.mis_id == "1")))
            return list(db.scalars(surnames)), list(db.scalars(groups))


@pytest.fixture
def captions(school: SchoolForTests, web: Any) -> Captions:
    return Captions(school, web(school, "admin"))


def test_a_school_names_its_own_captions_and_the_import_works(captions: Captions) -> None:
    """MIS-05: the file is refused and says where; its captions are named; then the same file is read."""
    refused = captions.upload()
    assert "cannot be told" in text_of(refused) and "Admin > Imports > Captions of SIMS" in text_of(refused)
    page = refused.click("Captions of SIMS")
    assert "Usual: Reg, Reg group, Registration group" in text_of(page)
    saved = captions.save(page, student_id="Nr", legal_surname="Nachname; Familienname", tutor_group="Mentor")
    assert "Saved." in text_of(saved)
    preview = captions.upload()
    assert "Legal Surname" not in text_of(preview)
    # what is misspelt, and what is still not known, is said beside the counts, with its line
    assert "Tutor group is “Mentor”, and no report has such a column" in text_of(preview)
    assert "not read: “Geburtstag”, “Mentor group”" in text_of(preview) and "line 1" in text_of(preview)
    captions.save(tutor_group="mentor_group", date_of_birth="Geburtstag")
    # the preview that waits is not applied as it was, but made again
    form = next(form for form in preview.forms.values() if "Apply this import" in form.text)
    again = form.submit(status=200)
    assert "changed the captions meanwhile" in text_of(again) and "not read" not in text_of(again)
    next(form for form in again.forms.values() if "Apply this import" in form.text).submit(status=303)
    assert captions.imported() == (["Stone"], ["M7"])
    assert "your own for 4 fields" in text_of(captions.browser.get("/admin/imports"))


def test_what_is_wrong_is_said_beside_its_field_and_stays_typed(captions: Captions) -> None:
    """MIS-05: a caption of two fields of a report; nothing is kept."""
    page = captions.save(status=422, year_group="Group", tutor_group="GROUP", upn="Number", gender="-")
    for name, words in (
        ("year_group", "“Group” is given for Tutor group, too"),
        ("tutor_group", "“GROUP” is given for Year group, too"),
        ("gender", "no letter and no digit"),
    ):
        assert words in page.html.select_one(f"#caption-{name}-error").get_text()
        assert page.html.select_one(f'.errors a[href="#caption-{name}"]')
    assert page.html.select_one("#caption-upn-error") is None
    assert page.forms["captions"]["caption-upn"].value == "Number"
    assert captions.browser.get(PAGE).forms["captions"]["caption-upn"].value == ""


def test_it_is_removed_again_and_a_taken_caption_is_pointed_out(captions: Captions) -> None:
    """MIS-05: "Year" is usually the year group."""
    page = captions.save(tutor_group="Year")
    assert "“Year” is usually Year group" in page.html.select_one("#caption-tutor_group-advice").get_text()
    captions.save(tutor_group=" ")
    assert "the usual ones" in text_of(captions.browser.get("/admin/imports"))


def test_a_colleagues_captions_are_not_overwritten(captions: Captions) -> None:
    """MIS-05, lost updates: what is stored is shown, and why."""
    old = captions.browser.get(PAGE)
    captions.save(upn="Number")
    page = captions.save(old, status=422, gender="Sex of child")
    assert "Somebody else changed the captions" in text_of(page)
    assert page.forms["captions"]["caption-upn"].value == "Number"


def test_it_is_there_while_its_module_is_on(captions: Captions, web: Any) -> None:
    """MIS-05, MOD-01: no page and no way to it for a source that is off, or that has no captions."""
    school, browser = captions.school, captions.browser
    browser.get("/admin/imports/captions/nowhere", status=404)
    captions.save(upn="Number")
    with school.app.transaction(school.id) as db:
        switch_module(db, "mis_sims", False, utc_now())
    browser.get(PAGE, status=404)
    assert "Captions" not in text_of(browser.get("/admin/imports"))
    with school.app.transaction(school.id) as db:
        switch_module(db, "mis_sims", True, utc_now())
    assert browser.get(PAGE).forms["captions"]["caption-upn"].value == "Number"


def test_it_is_in_the_audit(captions: Captions) -> None:
    """OPS-09: who looked and who changed, with the fields' names."""
    captions.save(upn="Number")
    with captions.school.app.session(captions.school.id, writes=False) as db:
        of_captions = AuditEntry.event.startswith("import.captions")
        entries = list(db.scalars(select(AuditEntry).where(of_captions).order_by(AuditEntry.id)))
    assert [one.event.partition("-")[2] for one in entries] == ["viewed", "changed", "viewed"]
    assert entries[1].details == {"source": "sims", "fields": ["upn"]}
