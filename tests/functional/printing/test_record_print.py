"""INC-14, STU-07: a chronology as it is shown, and the student report."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pikepdf
import pytest
from browsing import Browser, Web
from paper import facts_of, opened, pages_of, text_of
from recorded import recorded
from sqlalchemy import delete, select

from cpoms_core.access.models import GroupPermission
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Linked
from cpoms_core.incidents.services.student_parts import plant_part
from cpoms_core.printing.opening import offered
from cpoms_core.printing.services import RecordWanted, plan_record
from cpoms_core.students.models import Contact, Student
from cpoms_core.testing.records import as_imported
from cpoms_core.testing.schools import SchoolForTests


def words(pdf: bytes, password: str = "") -> str:
    return " ".join(text_of(pdf, password=password).split())


def report(browser: Browser, school: SchoolForTests, **ticks: Any) -> Any:
    """The form of Aoife's report, sent with some of its fields changed."""
    page = browser.get(f"/students/{school.students['aoife']}/report")
    form = next(one for one in page.forms.values() if "incidents" in one.fields)
    for name, value in ticks.items():
        form[name] = value
    return form.submit(expect_errors=True)


def entries(school: SchoolForTests, event: str) -> list[AuditEntry]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(AuditEntry).where(AuditEntry.event == event)))


# --- INC-14 ----------------------------------------------------------------------------------------------


def test_a_chronology_is_printed_as_it_is_shown(school: SchoolForTests, web: Web) -> None:
    """INC-14: newest first, pinned ones on top, with the filters of the page; who printed what is known."""
    now = utc_now()
    old = recorded(school, "The oldest of them.", occurred_at=now - dt.timedelta(days=90))
    recorded(school, "A fight at lunch.", occurred_at=now - dt.timedelta(days=40))
    new = recorded(school, "The newest of them.")
    with school.app.transaction(school.id) as db:
        db.get_one(Incident, (school.id, old.id)).pinned_at = now
    lead = web(school, "lead")
    address = f"/students/{school.students['aoife']}/incidents/print"
    answer = lead.submit(address)
    assert answer.content_type == "application/pdf"
    read = words(answer.body)
    assert read.index("The oldest") < read.index("The newest") < read.index("A fight")
    assert "Incidents of Aoife O'Connor" in read and "3 incidents, newest first." in read
    narrowed = words(lead.submit(address, {"words": "fight lunch"}).body)
    assert "A fight at lunch." in narrowed and "newest" not in narrowed.replace("newest first", "")
    assert "Only with the words: fight lunch." in narrowed
    assert "1 incident," in narrowed
    found = entries(school, "incidents.printed")
    assert sorted(len(one.subjects) for one in found) == [2, 4]
    assert str(new.id) in {subject for one in found for subject in one.subjects}
    assert {"filters": ["words"], "incidents": 1} in [one.details for one in found]
    assert "fight" not in str([one.details for one in found])


def test_only_what_the_person_may_see_is_printed(school: SchoolForTests, web: Web) -> None:
    """USR-12.7: the head sees no Child Protection, and is not told that there is any."""
    recorded(school, "About behaviour.")
    recorded(school, "Something secret.", category_ids=[school.categories["Child Protection"]])
    read = words(web(school, "head").submit(f"/students/{school.students['aoife']}/incidents/print").body)
    assert "About behaviour." in read and "1 incident," in read
    assert "secret" not in read and "Child Protection" not in read


def test_a_linked_student_gets_what_was_shared(school: SchoolForTests, web: Web) -> None:
    """INC-04, ACT-01: on the record of a linked student neither action nor files that were not shared."""
    recorded(school, "Seen by both.")
    read = words(web(school, "lead").submit(f"/students/{school.students['björn']}/incidents/print").body)
    assert "Seen by both." in read
    assert "Rang home at noon." not in read and "drawing.png" not in read


def test_the_whole_school_is_printed_too(school: SchoolForTests, web: Web) -> None:
    """INC-14: on no student's record."""
    recorded(school, "A stranger at the gate.", student_id=None, linked=[])
    read = words(web(school, "lead").submit("/incidents/whole-school/print").body)
    assert "A stranger at the gate." in read and "Incidents of the whole school" in read
    aoife = web(school, "lead").submit(f"/students/{school.students['aoife']}/incidents/print").body
    assert "stranger" not in words(aoife)


def test_a_print_names_the_part_of_each(school: SchoolForTests, web: Web) -> None:
    """INC-15: the record's own student's, and the others' beside their names."""
    with school.app.transaction(school.id) as db:
        harmed, saw = (plant_part(db, name).id for name in ("Harmed", "Witness"))
    recorded(school, part_id=harmed, linked=[Linked(school.students["chloe"], part_id=saw)])
    read = words(web(school, "lead").submit(f"/students/{school.students['aoife']}/incidents/print").body)
    assert "Harmed" in read and "Chloë Martin-Smith (Witness)" in read


def test_filters_that_cannot_be_used_are_told(school: SchoolForTests, web: Web) -> None:
    """INC-14: the page comes back and says what is wrong."""
    recorded(school)
    fields = {"since": "2026-02-02", "until": "2026-01-01"}
    for address in (f"/students/{school.students['aoife']}/incidents/print", "/incidents/whole-school/print"):
        page = web(school, "lead").submit(address, fields, status=422)
        assert "This is before the first day." in page


# --- STU-07 ----------------------------------------------------------------------------------------------


def test_a_report_begins_with_basic_data(school: SchoolForTests, web: Web) -> None:
    """STU-07: each part can be unticked; incidents come only when they are ticked; files are only listed."""
    as_imported(school)
    recorded(school, "What happened.")
    lead = web(school, "lead")
    answer = report(lead, school)
    assert answer.headers["Content-Disposition"].startswith(
        "attachment; filename*=UTF-8''Student%20report%20Aoife"
    )
    read = words(answer.body)
    for said in ("14 March 2014", "7 Harbour Row", "Asthma", "SEN support", "Maeve O'Connor", "07700"):
        assert said in read, said
    assert "What happened." not in read
    less = words(report(lead, school, basic_0=["Age"], basic_4=[], incidents=True).body)
    assert "14 March 2014" not in less and "7 Harbour Row" not in less and "Maeve" not in less
    assert "12 years" in less and "What happened." in less and "drawing.png (document D-1" in less


def test_nothing_ticked_is_no_report(school: SchoolForTests, web: Web) -> None:
    """STU-07: what is missing is said."""
    none: dict[str, Any] = {f"basic_{at}": [] for at in range(5)}
    answer = report(web(school, "lead"), school, **none)
    assert answer.status_int == 422 and "Tick something to include" in answer


def test_the_incidents_of_a_report_are_filtered(school: SchoolForTests, web: Web) -> None:
    """STU-07: dates, categories, linked ones, order."""
    now = utc_now()
    recorded(school, "About behaviour.", occurred_at=now - dt.timedelta(days=3))
    medical = [school.categories["Medical"]]
    recorded(school, "About health.", category_ids=medical, occurred_at=now - dt.timedelta(days=2))
    of_bjorn = {"student_id": school.students["björn"], "linked": [Linked(school.students["aoife"])]}
    recorded(school, "About Björn.", occurred_at=now - dt.timedelta(days=1), **of_bjorn)
    lead = web(school, "lead")
    read = words(report(lead, school, incidents=True).body)
    assert read.index("About behaviour.") < read.index("About health.") < read.index("About Björn.")
    read = words(report(lead, school, incidents=True, linked=False, order="newest").body)
    assert read.index("About health.") < read.index("About behaviour.")
    assert "About Björn." not in read and "Without incidents of others" in read
    read = words(report(lead, school, incidents=True, categories=[str(medical[0])]).body)
    assert "About health." in read and "About behaviour." not in read
    assert "Only of the category: Medical." in read
    day = school.viewer("lead").local(now - dt.timedelta(days=2)).date().isoformat()
    read = words(report(lead, school, incidents=True, since=day, until=day).body)
    assert "About health." in read and "About behaviour." not in read and "About Björn." not in read
    assert report(lead, school, incidents=True, since=day, until="2020-01-01").status_int == 422


def test_names_of_students_are_hidden(school: SchoolForTests, web: Web) -> None:
    """STU-07, REP-10: the student's own names and those of the linked, whole words, in texts, headings, title
    and file name; staff stay."""
    as_imported(school)
    text = "Aoife pushed Björn Ångström. Mrs O'Connor rang. Aoifelike. Lena Lead saw it."
    recorded(school, text)
    answer = report(web(school, "lead"), school, incidents=True, hide_students=True)
    read = words(answer.body)
    for name in ("Björn", "Ångström", "O'Connor", "Connor"):
        assert name not in read, name
    assert "Aoife" not in read.replace("Aoifelike", "")
    assert "A*** pushed B*** Å***. Mrs O*** rang. Aoifelike. Lena Lead saw it." in read
    assert "Lena Lead" in read and "Names of students are hidden." in read
    assert "Aoife" not in answer.headers["Content-Disposition"]
    assert facts_of(answer.body)["Title"] == "Student report: A*** O***"
    assert b"Aoife" not in answer.body
    with opened(answer.body) as pdf, pdf.open_outline() as outline:
        assert all("Aoife" not in item.title for item in outline.root)


def test_names_of_staff_are_hidden(school: SchoolForTests, web: Web) -> None:
    """STU-07, REP-10: authors, names in texts, and who printed it; students stay."""
    recorded(school, "Lena Lead and Mr Head saw Aoife.")
    read = words(report(web(school, "lead"), school, incidents=True, hide_staff=True).body)
    assert "Lena" not in read and "Lead" not in read and "Mr Head" not in read
    assert "Member of staff" in read and "saw Aoife." in read


def test_names_of_staff_are_hidden_in_the_basic_data(school: SchoolForTests, web: Web) -> None:
    """STU-07, REP-10: in what the school keeps itself as in the register's facts and the contacts."""
    as_imported(school)
    with school.app.transaction(school.id) as db:
        aoife = db.get_one(Student, (school.id, school.students["aoife"]))
        aoife.summary, aoife.keywords = "Ask Lena Lead first, says Aoife.", ["Lead knows"]
        contact = db.scalars(select(Contact).where(Contact.student_id == aoife.id)).first()
        assert contact
        contact.name = "Lena Lead"
    plan = {hides: plan_of(school, hides) for hides in (False, True)}
    assert plan[False].count("Lena Lead") == 2 and "Lead knows" in plan[False]
    assert "Lena" not in plan[True] and "Lead" not in plan[True]
    assert "L*** L*** first, says Aoife." in plan[True]


def plan_of(school: SchoolForTests, hide_staff: bool) -> str:
    """All words of the basic data of Aoife's report."""
    aoife = school.students["aoife"]
    viewer = school.viewer("lead")
    with school.app.session(school.id, writes=False) as db:
        names = [
            name for part in offered(viewer, db.get_one(Student, (school.id, aoife))) for name in part.names
        ]
        wanted = RecordWanted(aoife, None, tuple(names), hide_staff=hide_staff, report=True)
        opening = plan_record(db, viewer, wanted).opening
    return "\n".join(
        text
        for section in opening.sections
        for text in (*section.rows, *(value for fact in section.facts for value in fact.values))
    )


def test_a_session_with_hidden_names_prints_none(school: SchoolForTests, web: Web) -> None:
    """DSH-08: while names are hidden on the screen, a print has none, nor has its file name."""
    recorded(school, "Aoife and Chloë.")
    lead = web(school, "lead")
    lead.submit("/session/names", {"hidden": "yes", "next": "/"})
    answer = lead.submit(f"/students/{school.students['aoife']}/incidents/print")
    read = words(answer.body)
    assert "A*** and C***." in read and "Aoife" not in read
    assert "Aoife" not in answer.headers["Content-Disposition"]


def test_a_password_opens_the_report(school: SchoolForTests, web: Web) -> None:
    """STU-07: AES-256; typed twice, and written nowhere."""
    recorded(school, "What happened.")
    lead = web(school, "lead")
    wrong = report(lead, school, password="correct horse", password_again="correct house")
    assert wrong.status_int == 422 and "The two passwords differ." in wrong
    assert "correct" not in wrong.text
    answer = report(lead, school, incidents=True, password="correct horse", password_again="correct horse")
    with pytest.raises(pikepdf.PasswordError):
        opened(answer.body)
    with opened(answer.body, "correct horse") as pdf:
        assert pdf.encryption.R == 6
    assert "What happened." in words(answer.body, "correct horse")
    found = entries(school, "student.report-made")
    assert {"incidents": 1, "password": True} in [one.details for one in found]
    assert "correct" not in str([one.details for one in found])


def test_a_report_needs_the_right_to_reports(school: SchoolForTests, web: Web) -> None:
    """USR-04: Reporting. Without it there is no tab, and no page."""
    with school.app.transaction(school.id) as db:
        db.execute(
            delete(GroupPermission)
            .where(
                GroupPermission.group_id == school.groups["Heads of year"],
                GroupPermission.permission == "reports:run",
            )
            .execution_options(synchronize_session=False)
        )
    head, address = web(school, "head"), f"/students/{school.students['aoife']}"
    assert "Student report" not in head.get(f"{address}/incidents").text
    assert head.get(f"{address}/report", status=404)
    assert "Student report" in web(school, "lead").get(f"{address}/incidents").text


def test_a_name_of_any_script_is_in_the_file_name(school: SchoolForTests, web: Web) -> None:
    """Issue 4, bad input: right to left, combining characters, and what no file may be called."""
    with school.app.transaction(school.id) as db:
        aoife = db.get_one(Student, (school.id, school.students["aoife"]))
        aoife.legal_forename, aoife.legal_surname = "نور/..\u202e", "Nguye\u0302\u0303n\r\nX: y"
    answer = report(web(school, "lead"), school)
    name = answer.headers["Content-Disposition"]
    assert "\n" not in name and "/" not in name and "%E2%80%AE" not in name
    assert "X: y" not in str(answer.headers.get("X", ""))
    assert len(pages_of(answer.body)) >= 1
