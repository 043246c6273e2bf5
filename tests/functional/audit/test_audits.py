"""USR-03, Audits: every request of a user, readable, narrowed, exported; and only what the reader may see."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import openpyxl
import pytest
from browsing import text_of
from sqlalchemy import select, update

from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.audit import queries
from cpoms_core.audit.models import AuditEntry
from cpoms_core.audit.subjects import HIDDEN
from cpoms_core.audit.wording import EVENTS
from cpoms_core.database.types import new_id
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def record(school: SchoolForTests, category: str = "Behaviour") -> Any:
    return add_incident(school, "A concern.", category_ids=[school.categories[category]])


def page_of(school: SchoolForTests, who: str, tail: str = "audits") -> str:
    return f"/admin/users/{school.users[who]}/{tail}"


def entries(school: SchoolForTests, event: str) -> list[AuditEntry]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(AuditEntry).where(AuditEntry.event == event)))


def exported(answer: Any) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(answer.body))
    return [tuple(cell.value for cell in row) for row in book.active.iter_rows()]


def test_what_a_user_did_is_readable_views_included(school: SchoolForTests, web: Any, rows: Any) -> None:
    """USR-03: each request in words, with links to what it was about, how and from where; newest first."""
    incident = record(school)
    head = web(school, "head")
    head.get("/")
    head.submit("/", {"q": "aoife"})
    head.get(f"/students/{school.students['aoife']}/incidents")
    head.get(f"/incidents/{incident.id}")
    head.get("/admin", expect_errors=True)
    page = web(school, "lead").get(page_of(school, "head"))
    read = [one.split(" with a key")[0] for one in rows(page)]
    assert [one.partition(":")[0].partition(" (")[0] for one in read][:3] == [
        "Asked for what is not there, or not theirs to see",
        "Opened an incident",
        "Opened a student's incidents",
    ]
    assert "(page: admin)" in read[0]
    assert read[1].startswith("Opened an incident: incident 1")
    assert read[2].startswith("Opened a student's incidents: Aoife O'Connor, incident 1")
    assert read[3].startswith("Searched for students")
    assert read[-1].startswith("Opened the dashboard")
    assert "with a key, 127.0.0.1" in rows(page)[1]
    links = [link["href"] for link in page.html.select("#entries a")]
    assert f"/incidents/{incident.id}" in links
    assert f"/students/{school.students['aoife']}/incidents" in links


def test_the_reader_is_told_only_of_what_they_may_see(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, write: Any, rows: Any
) -> None:
    """USR-03, USR-12.7: the administrator reads that an incident was opened, not which, nor about whom; a
    record of another school is the same as one that never was."""
    incident = record(school, "Child Protection")
    for subjects in ([incident.id, school.students["aoife"]], [other_school.students["aoife"]], [new_id()]):
        write("lead", "incident.viewed", subjects, number=incident.number)
    with school.app.transaction(school.id) as db:
        # classes aside: the administrator lists students, and opens none
        db.execute(update(User).where(User.id == school.users["admin"]).values(sees_ungrouped=True))
    for_admin = web(school, "admin").get(page_of(school, "lead"))
    hidden, elsewhere, mixed = rows(for_admin)[:3]
    assert f": {HIDDEN}" in hidden and f": {HIDDEN}" in elsewhere
    assert f": Aoife O'Connor, {HIDDEN}" in mixed
    assert "incident 1" not in for_admin.text and str(incident.id) not in for_admin.text
    assert f"/students/{school.students['aoife']}" not in for_admin.text
    for_lead = rows(web(school, "lead").get(page_of(school, "lead")))
    assert any("incident 1, Aoife O'Connor" in one for one in for_lead)


def test_names_are_written_as_the_reader_may_see_them(
    school: SchoolForTests, web: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """USR-03: on the page and in the export, names go through the viewer, so that they can be hidden."""
    write("head", "incidents.viewed", [school.students["aoife"]])
    monkeypatch.setattr(Viewer, "name", lambda _self, _student: "A. O.")
    lead = web(school, "lead")
    assert "Aoife" not in lead.get(page_of(school, "head")).text
    answer = lead.submit(page_of(school, "head", "audits/export"))
    assert "A. O." in str(exported(answer)) and "Aoife" not in str(exported(answer))


def test_filters_by_day_kind_and_event(school: SchoolForTests, web: Any, write: Any, rows: Any) -> None:
    """USR-03: days are the school's, both included; what was filtered stands in no address."""
    zone = dt.timezone(dt.timedelta(hours=1))  # Europe/London in July
    for hour, event in ((0, "incident.viewed"), (23, "students.searched")):
        write("head", event, at=dt.datetime(2026, 7, 10, hour, 30, tzinfo=zone))
    write("head", "incident.recorded", at=dt.datetime(2026, 7, 11, 0, 0, tzinfo=zone))
    write("head", "refused", at=dt.datetime(2026, 7, 9, 23, 59, tzinfo=zone), route="admin", asked=[])
    write("head", "logout", at=dt.datetime(2026, 7, 12, 12, 0, tzinfo=zone))
    lead, where = web(school, "lead"), page_of(school, "head")

    def found(**fields: str) -> list[str]:
        page = lead.submit(where, fields)
        assert page.request.path_qs == where
        return [one.partition(" ")[0] for one in rows(page)]

    assert found(first="2026-07-10", last="2026-07-10") == ["Searched", "Opened"]
    assert found(first="2026-07-11") == ["Logged", "Recorded"]
    assert found(last="2026-07-09") == ["Asked"]
    assert found(kind="viewed") == ["Opened"]
    assert found(kind="changed") == ["Recorded"]
    assert found(kind="searched") == ["Searched"]
    assert found(kind="logged in") == ["Logged"]
    assert found(kind="refused") == ["Asked"]
    assert found(event="incident.viewed") == ["Opened"]
    assert found(event="incident.viewed", kind="changed") == []
    assert found(event="incident.viewed", last="2026-07-09") == []
    nothing = lead.submit(where, {"event": "group.added"})
    assert "There is nothing to show." in text_of(nothing)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"first": "yesterday"}, "Give a whole date: day, month and year."),
        ({"first": "0001-01-01"}, "Give a day of this century."),
        ({"last": "9999-12-31"}, "Give a day of this century."),
        ({"first": "2026-07-11", "last": "2026-07-10"}, "This is before the first day."),
        ({"event": "made.up"}, "This cannot be chosen."),
        ({"kind": "everything"}, "This cannot be chosen."),
    ],
)
def test_a_filter_that_is_none_is_refused_beside_its_field(
    school: SchoolForTests, web: Any, write: Any, rows: Any, fields: dict[str, str], message: str
) -> None:
    """USR-03: the page says what is wrong and shows nothing; the export makes no file of it."""
    write("head", "incident.viewed")
    lead = web(school, "lead")
    for tail in ("audits", "audits/export"):
        page = lead.submit(page_of(school, "head", tail), fields, status=422)
        assert message in page.html.select_one(".field-error").get_text()
        assert rows(page) == []
    assert entries(school, "user.audits-viewed") == entries(school, "user.audits-exported") == []


def test_pages_by_key_hold_each_entry_once(school: SchoolForTests, web: Any, write: Any, rows: Any) -> None:
    """USR-03: paged by moment and id, also where many entries are of one moment."""
    now = utc_now()
    for number in range(2 * queries.PAGE + 20):
        write("head", "settings.changed", at=now - dt.timedelta(seconds=number // 40), names=[f"n{number}"])
    write("head", "incident.viewed")
    lead, where = web(school, "lead"), page_of(school, "head")
    page, seen = lead.submit(where, {"kind": "changed"}), []
    while True:
        found = rows(page)
        seen += [one.partition("(")[2].partition(")")[0] for one in found]
        form = page.forms["entries-more"]
        if "before" not in form.fields:
            break
        assert len(found) == queries.PAGE
        page = form.submit()
        assert page.request.path_qs == where
        assert "Back to the newest" in page.text
    assert sorted(seen) == sorted(f"n{number}" for number in range(2 * queries.PAGE + 20))
    assert len(rows(lead.submit(where, {"before": "made~up"}))) == queries.PAGE


def test_the_export_holds_what_is_filtered_and_is_audited(
    school: SchoolForTests, web: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """USR-03: all pages of it in one Excel file, in the school's time; and the audit says how many."""
    monkeypatch.setattr(queries, "CHUNK", 7)
    moment = dt.datetime(2026, 7, 10, 11, 30, 15, 123456, tzinfo=dt.UTC)
    for _ in range(20):
        write("head", "incidents.viewed", [school.students["aoife"]], at=moment)
    write("head", "logout", at=moment)
    answer = web(school, "lead").submit(page_of(school, "head", "audits/export"), {"kind": "viewed"})
    assert answer.content_type.endswith("spreadsheetml.sheet")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=audits-20")
    head, *body = exported(answer)
    assert head[0] == "When (Europe/London)"
    assert len(body) == 20
    local = (moment + dt.timedelta(hours=1)).replace(tzinfo=None, microsecond=0)
    assert body[0][:4] == (local, "Viewed", "Opened a student's incidents", "Aoife O'Connor")
    assert body[0][5:] == ("with a key", "81.2.69.142")
    (entry,) = entries(school, "user.audits-exported")
    assert (entry.user_id, entry.subjects, entry.details) == (
        school.users["lead"], [str(school.users["head"])], {"entries": 20},
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["=1+1", "+44", "-2", "@SUM(A1)", "|cmd", "\t=1", "＝1+1", "http://x.example", "{=1}"]
)
def test_a_text_that_looks_like_a_formula_stays_a_text(
    school: SchoolForTests, web: Any, write: Any, name: str
) -> None:
    """USR-03: a user whose name is a formula computes nothing in the export."""
    with school.app.transaction(school.id) as db:
        user = db.get_one(User, (school.id, school.users["teacher"]))
        user.forename, user.surname = name, ""
    write("head", "user.audits-viewed", [school.users["teacher"]])
    answer = web(school, "lead").submit(page_of(school, "head", "audits/export"))
    cells = openpyxl.load_workbook(io.BytesIO(answer.body)).active["D"]
    assert [(cell.value, cell.data_type, cell.hyperlink) for cell in cells[1:]] == [
        (name.strip() if name.startswith("\t") else name, "s", None)
    ]


def test_opening_the_pages_is_itself_audited(school: SchoolForTests, web: Any) -> None:
    """USR-03: who reads what others did is read in turn."""
    admin = web(school, "admin")
    admin.get(page_of(school, "teacher"))
    admin.get(page_of(school, "teacher", "security-log"))
    admin.get("/admin/security-log")
    for event, subjects in (
        ("user.audits-viewed", [str(school.users["teacher"])]),
        ("user.security-log-viewed", [str(school.users["teacher"])]),
        ("security-log.viewed", []),
    ):
        (entry,) = entries(school, event)
        assert (entry.user_id, entry.subjects) == (school.users["admin"], subjects)


def test_an_event_of_a_module_has_its_words_on_and_off(
    school: SchoolForTests, web: Any, write: Any, rows: Any
) -> None:
    """USR-03, MOD-01: what was done with a module stays readable; that of one that is gone is named."""
    assert "case.assigned" in school.app.audit_words and "case.assigned" not in EVENTS
    write("head", "case.assigned")
    write("head", "vanished.done")
    lead = web(school, "lead")
    for enabled in ("no", "yes"):
        read = " ".join(rows(lead.get(page_of(school, "head"))))
        assert "Assigned an incident" in read and "vanished.done" in read
        lead.submit("/admin/modules/cases", {"enabled": enabled})


def test_a_user_of_another_school_has_no_audits_here(
    school: SchoolForTests, other_school: SchoolForTests, web: Any
) -> None:
    """USR-12.7: the same 404 as for nobody."""
    lead = web(school, "lead")
    for tail in ("audits", "security-log"):
        answers = [
            lead.get(f"/admin/users/{one}/{tail}", expect_errors=True)
            for one in (other_school.users["head"], new_id(), "x")
        ]
        assert {one.status_int for one in answers} == {404}
        assert len({one.body for one in answers}) == 1


def test_statements_do_not_grow_with_the_entries(school: SchoolForTests, web: Any, write: Any) -> None:
    """USR-03: one statement for each kind of record, whatever a page holds."""

    def fill(times: int) -> None:
        for _ in range(times):
            incident = record(school)
            write("head", "incident.viewed", [incident.id, school.students["aoife"], new_id()])
            write("head", "login.elevated", [school.users["head"]], key=str(school.keys["head"]))
            write("head", "refused", route="incident", asked=[str(incident.id)])

    lead = web(school, "lead")
    fill(2)
    for where in (page_of(school, "head"), page_of(school, "head", "security-log"), "/admin/security-log"):
        lead.get(where)
        with counted(school.app.engines) as few:
            lead.get(where)
        fill(8)
        with counted(school.app.engines) as many:
            lead.get(where)
        assert many.number <= few.number, f"{few}\n\n{many}"
        assert many.number <= 30
