"""STU-08, Audit report: everything done on a student, in words, narrowed, exported; and nothing that tells of
what the reader may not see."""

from __future__ import annotations

import datetime as dt
import io
import random
import uuid
from typing import Any

import openpyxl
import pytest
from browsing import text_of
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit import of_student
from cpoms_core.audit.models import AuditEntry, AuditSubject
from cpoms_core.audit.queries import PAGE, Filters
from cpoms_core.audit.services import raw_entry, write_entries
from cpoms_core.audit.wording import EVENTS
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Linked, NewAction, record_action
from cpoms_core.students.monitoring_changes import Wish, update_monitoring
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

NOW = utc_now()


def record(school: SchoolForTests, *categories: str, about: str = "aoife", linked: str = "") -> Incident:
    return add_incident(
        school,
        "A concern.",
        student_id=school.students[about],
        category_ids=[school.categories[name] for name in categories],
        linked=[Linked(school.students[linked])] if linked else [],
    )


def page_of(school: SchoolForTests, tail: str = "") -> str:
    return f"/students/{school.students['aoife']}/audits{tail}"


def phrases(school: SchoolForTests, who: str, filters: Filters | None = None) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        found = of_student.every_audit_about(
            db, school.viewer(who), school.students["aoife"], filters or Filters()
        )
        return [one.phrase for one in found]


def test_everything_done_on_a_student_is_readable(school: SchoolForTests, web: Any, rows: Any) -> None:
    """STU-08: who, when, what and from where: searched, opened, recorded, an action, monitored; the page
    itself the next time it is opened."""
    incident = record(school, "Behaviour")
    with school.app.transaction(school.id) as db:
        record_action(db, school.viewer("head"), NewAction(new_id(), incident.id, "Spoke.", utc_now()))
        wish = Wish("add", school.categories["Medical"], utc_now().date())
        update_monitoring(db, school.viewer("lead"), [school.students["aoife"]], wish)
    head = web(school, "head")
    head.get(f"/students/{school.students['aoife']}/incidents")
    head.get(f"/incidents/{incident.id}")
    lead = web(school, "lead")
    lead.get(page_of(school))
    page = lead.get(page_of(school))
    read = rows(page)
    said = " | ".join(read)
    assert read[0].startswith("Lena Lead · Opened a student's audit report")
    assert "Hugo Head · Opened an incident: incident 1" in said
    assert "Hugo Head · Opened a student's incidents: incident 1" in said
    assert "Lena Lead · Began to monitor a student: category Medical" in said
    assert "Hugo Head · Recorded an action: incident 1, an action on incident 1" in said
    assert read[-1].startswith("Lena Lead · Recorded an incident: incident 1")
    assert "with a key, 127.0.0.1, local network" in said or "with a key, 2001:db8" in said
    assert f"/incidents/{incident.id}" in [link["href"] for link in page.html.select("#entries a")]
    other = lead.get(f"/students/{school.students['björn']}/audits")
    assert "Recorded an incident" not in " ".join(rows(other))


def test_nothing_tells_of_an_incident_that_the_reader_may_not_see(
    school: SchoolForTests, web: Any, rows: Any
) -> None:
    """STU-08, USR-12.7: recorded, opened, acted on, read: none of it is there for the head, who reads the
    same as if it never was; that the record was opened stays, without a hint of what was on the page."""
    record(school, "Behaviour")
    before = phrases(school, "head")
    hidden = record(school, "Child Protection")
    with school.app.transaction(school.id) as db:
        record_action(db, school.viewer("lead"), NewAction(new_id(), hidden.id, "Called.", utc_now()))
    lead = web(school, "lead")
    lead.get(f"/incidents/{hidden.id}")
    lead.get(f"/incidents/{hidden.id}/readers")
    assert phrases(school, "head") == before
    assert len(phrases(school, "lead")) > len(before) + 2
    lead.get(f"/students/{school.students['aoife']}/incidents")
    page = web(school, "head").get(page_of(school))
    (opened,) = [row for row in rows(page) if "Opened a student's incidents" in row]
    assert "incident 1" in opened and "incident 2" not in opened
    for word in ("may not see", str(hidden.id), "more"):
        assert word not in " ".join(rows(page))


def test_a_linked_students_incident_is_in_both_audits(school: SchoolForTests) -> None:
    """STU-08, INC-04."""
    record(school, "Behaviour", about="björn", linked="aoife")
    assert "Recorded an incident" in phrases(school, "lead")


def test_monitoring_is_told_by_category(school: SchoolForTests, web: Any, rows: Any) -> None:
    """STU-08, USR-12.5: the head reads that Behaviour ended, and nothing of Child Protection, neither in an
    entry of its own nor among others."""
    ids = [school.students["aoife"]]
    today = utc_now().date()
    with school.app.transaction(school.id) as db:
        lead = school.viewer("lead")
        for name in ("Child Protection", "Behaviour"):
            update_monitoring(db, lead, ids, Wish("add", school.categories[name], today))
        update_monitoring(db, lead, ids, Wish("wipe", None, today))
    assert phrases(school, "head") == ["Ended the monitoring of a student", "Began to monitor a student"]
    page = web(school, "head").get(page_of(school))
    assert "Ended the monitoring of a student: category Behaviour (from" in " ".join(rows(page))
    assert "Child Protection" not in page.text


def test_filters(school: SchoolForTests, web: Any, write: Any, rows: Any) -> None:
    """STU-08: by kind, by event, by days of the school; what is wrong is said, and shows nothing."""
    student = school.students["aoife"]
    night = dt.datetime(2026, 6, 30, 23, 30, tzinfo=dt.UTC)  # in London the first of July
    write("head", "incidents.viewed", [student], at=night)
    write("head", "students.searched", [student], at=night - dt.timedelta(days=40))
    write("lead", "monitoring.begun", [student, school.categories["Behaviour"]], at=night, since="2026-07-01")
    lead = web(school, "lead")
    assert len(rows(lead.submit(page_of(school), {"kind": "changed"}))) == 1
    assert len(rows(lead.submit(page_of(school), {"event": "incidents.viewed"}))) == 1
    assert len(rows(lead.submit(page_of(school), {"first": "2026-07-01", "last": "2026-07-01"}))) == 2
    assert len(rows(lead.submit(page_of(school), {"last": "2026-06-30"}))) == 1
    wrong = lead.submit(page_of(school), {"first": "2026-07-02", "last": "2026-07-01"}, status=422)
    assert "This is before the first day." in text_of(wrong) and rows(wrong) == []
    assert lead.submit(page_of(school), {"kind": "refused"}, status=422)
    assert "login.restricted" not in lead.get(page_of(school)).text


def test_pages_are_whole_and_cost_the_same(school: SchoolForTests, web: Any, write: Any, rows: Any) -> None:
    """STU-08: each entry once, newest first, in a number of statements that does not grow."""
    student = school.students["aoife"]
    write("head", "incidents.viewed", [student, new_id()])
    lead = web(school, "lead")

    def statements() -> int:
        with counted(school.app.engines) as ran:
            lead.get(page_of(school))
        return ran.number

    statements()
    few = statements()
    entries = [
        raw_entry(school.id, school.users["head"], "incidents.viewed", [student, new_id()], {"n": n}, at=NOW)
        for n in range(2 * PAGE)
    ]
    with school.app.transaction(school.id) as db:
        write_entries(db, entries)
    assert statements() <= few
    found, opened, page = [], 1, lead.get(page_of(school))
    while True:
        found += rows(page)
        form = next((one for one in page.forms.values() if "before" in one.fields), None)
        if form is None:
            break
        page, opened = form.submit(), opened + 1
    assert len(found) == len(phrases(school, "lead")) - opened  # each page is an entry, too, once it is open
    assert len([row for row in found if "Hugo Head" in row]) == 2 * PAGE + 1


def test_the_export_says_who_and_leaves_a_trace(school: SchoolForTests, web: Any, write: Any) -> None:
    """STU-08: all of what the filters let through, as texts."""
    student = school.students["aoife"]
    write("head", "incidents.viewed", [student], ip="81.2.69.142")
    write(None, "student.imported-by-nobody", [student])
    answer = web(school, "lead").submit(page_of(school, "/export"), {"kind": "viewed"})
    assert "aoife" not in answer.headers["Content-Disposition"].lower()
    sheet = openpyxl.load_workbook(io.BytesIO(answer.body)).active
    titles = [cell.value for cell in sheet[1]]
    assert titles[1:] == ["Who", "Kind", "What", "About", "More", "Where", "IP address", "Place"]
    lines = [tuple(cell.value for cell in row) for row in sheet.iter_rows(min_row=2)]
    assert {line[1] for line in lines} == {"Hugo Head"}
    assert lines[0][-2:] == ("81.2.69.142", "United Kingdom")
    with school.app.session(school.id, writes=False) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.event == "student.audits-exported")).one()
    assert entry.subjects == [str(student)] and entry.details == {"entries": 1}


def test_pages_of_users_are_for_administrators(
    school: SchoolForTests, web: Any, write: Any, rows: Any
) -> None:
    """STU-08: whoever is told of an automatic alert reads the colleague's name; administrators get a link."""
    write("lead", "automatic-alert.added", [school.users["teacher"], school.students["aoife"]])
    link = f"/admin/users/{school.users['teacher']}"
    for who, linked in (("lead", True), ("head", False)):
        page = web(school, who).get(page_of(school))
        assert "Set an automatic alert: Tariq Teacher" in rows(page)[-1]
        assert (link in page.text) is linked


def test_every_subject_finds_its_entries(school: SchoolForTests) -> None:
    """STU-08, EDT-09: what is found by and what the sealed entry says are the same, whoever wrote it."""
    record(school, "Behaviour", linked="björn")
    with school.app.session(school.id, writes=False) as db:
        said = {
            (entry.id, uuid.UUID(one)) for entry in db.scalars(select(AuditEntry)) for one in entry.subjects
        }
        found = {(row.entry_id, row.subject_id) for row in db.scalars(select(AuditSubject))}
    assert said == found and said


@pytest.mark.parametrize("seed", range(3))
def test_wild_entries_against_a_naive_reader(school: SchoolForTests, seed: int) -> None:
    """STU-08, USR-12.7: which entries each viewer reads, by a plain list of what each may know."""
    chance = random.Random(seed)
    aoife, other = school.students["aoife"], school.students["björn"]
    open_one, closed_one = record(school, "Behaviour"), record(school, "Behaviour", "Child Protection")
    others = record(school, "Behaviour", about="björn")
    linked = record(school, "Attendance", about="björn", linked="aoife")
    events = [
        "incident.viewed",
        "incidents.viewed",
        "students.searched",
        "student.changed",
        "monitoring.ended",
    ]
    events += ["document.downloaded", "case.assigned", "action.recorded", "alert.read"]
    pool = [aoife, aoife, other, open_one.id, closed_one.id, others.id, linked.id]
    nobodys = new_id()
    pool += [school.categories["Behaviour"], school.categories["Child Protection"], nobodys]
    entries = [
        raw_entry(
            school.id,
            school.users["lead"],
            chance.choice(events),
            chance.sample(pool, chance.randint(0, 4)),
            {},
            at=NOW - dt.timedelta(seconds=chance.randint(0, 50)),
        )
        for _ in range(120)
    ]
    with school.app.transaction(school.id) as db:
        write_entries(db, entries)
    seen = {"lead": {open_one.id, closed_one.id, linked.id}, "head": {open_one.id, linked.id}}
    named = {
        "lead": {school.categories["Behaviour"], school.categories["Child Protection"]},
        "head": {school.categories["Behaviour"]},
    }

    def reads(who: str, entry: dict[str, Any]) -> bool:
        about, event = {uuid.UUID(one) for one in entry["subjects"]}, entry["event"]
        if event not in EVENTS and who != "lead" and about & {closed_one.id, nobodys}:
            return False  # a module's deed, about what is named to nobody but the lead, who did it
        if about & seen[who]:
            return True
        if aoife not in about or event.startswith(("incident.", "action.", "alert.")):
            return False
        if event.startswith("monitoring.") and not about & named[who]:
            return False
        return event.startswith("student") or event == "incidents.viewed" or closed_one.id not in about

    for who in ("lead", "head"):
        with school.app.session(school.id, writes=False) as db:
            viewer = school.viewer(who)
            every = of_student.every_audit_about(db, viewer, aoife, Filters())
            shown = [(one.at, one.phrase) for one in every if one.at <= viewer.local(NOW)]
        words = school.app.audit_words
        wanted = [
            (viewer.local(entry["at"]), words[entry["event"]].phrase if entry["event"] in words else None)
            for entry in entries
            if reads(who, entry)
        ]
        assert len(shown) == len(wanted)
        assert sorted(at for at, _ in shown) == sorted(at for at, _ in wanted)
        known = sorted(phrase for _, phrase in wanted if phrase)
        assert sorted(phrase for _, phrase in shown if phrase in known) == known
    for who in ("teacher", "admin"):
        assert phrases(school, who) == []
