"""Incidents about the whole school: on a record of their own, and on no student's but a linked one's."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Linked
from cpoms_core.incidents.services.student_parts import plant_part
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

PAGE = "/incidents/whole-school"


def record(school: SchoolForTests, text: str, who: str = "lead", **changes: Any) -> Incident:
    values = {"student_id": None, **changes}
    return add_incident(school, text, who, **values)


def found(page: Any) -> list[str]:
    return [part.get_text(strip=True) for part in page.html.select(".incident-body > .incident-text")]


def test_it_is_there_and_on_no_students_record(school: SchoolForTests, web: Any) -> None:
    """INC-02: newest first, without those about a student; every student's record stays as it was."""
    record(school, "A stranger at the gate.", occurred_at=utc_now() - dt.timedelta(days=2))
    record(school, "Graffiti on the wall.")
    record(school, "About Aoife.", student_id=school.students["aoife"])
    lead = web(school, "lead")
    page = lead.get(PAGE)
    assert page.html.select_one("h1").get_text(strip=True) == "Whole school"
    assert found(page) == ["Graffiti on the wall.", "A stranger at the gate."]
    for student, texts in (("aoife", ["About Aoife."]), ("björn", []), ("chloe", [])):
        assert found(lead.get(f"/students/{school.students[student]}/incidents")) == texts


def test_linked_students_have_it_on_their_records_too(school: SchoolForTests, web: Any) -> None:
    """INC-02, INC-04, INC-15: with their part in it; on nobody else's record."""
    with school.app.transaction(school.id) as db:
        witness = plant_part(db, "Witness").id
    record(school, "A fight.", linked=[Linked(school.students["chloe"], part_id=witness)])
    lead = web(school, "lead")
    (margin,) = lead.get(PAGE).html.select(".incident-facts")
    assert "With Chloë Martin-Smith (Witness)" in margin.get_text(" ", strip=True)
    assert found(lead.get(f"/students/{school.students['chloe']}/incidents")) == ["A fight."]
    assert found(lead.get(f"/students/{school.students['aoife']}/incidents")) == []
    opened = lead.get(f"{PAGE}?filter=open").html
    assert [one.get_text() for one in opened.select("#filter-part option")] == ["Any part", "Witness"]
    record(school, "Another day.")
    assert found(lead.submit(PAGE, {"part": str(witness)})) == ["A fight."]


def test_a_lead_lands_there_with_the_new_one_marked(school: SchoolForTests, web: Any) -> None:
    """INC-11, INC-02: as on a student's record."""
    fields = typed_incident(school, student="whole-school", text="A stranger at the gate.")
    record(school, "Graffiti on the wall.")
    page = web(school, "lead").submit("/incidents/add", fields, status=302)
    while page.status_int == 302:
        page = page.follow()
    assert page.request.path == PAGE
    (marked,) = page.html.select("article.incident-marked")
    assert "A stranger at the gate." in marked.get_text() and "New" in marked.get_text()


def test_dashboards_name_it(school: SchoolForTests, web: Any) -> None:
    """INC-02, DSH-02, DSH-04: among the alerts of who was told, and in the history of who recorded it; its
    link opens it, on a page of its own for who reads it through the alert alone."""
    people = [school.users["teacher"], school.users["head"]]
    record(school, "A stranger at the gate.", alert_ids=people)
    history = web(school, "lead").get("/").html.select_one("[aria-labelledby=history] .rows-main")
    assert "You added an incident for Whole school" in history.get_text(" ", strip=True)
    for who, where in (("teacher", "/incidents/"), ("head", PAGE)):
        browser = web(school, who)
        (link,) = browser.get("/").html.select("[aria-labelledby=alerts] .rows-main a")
        assert link.get_text(" ", strip=True) == "Incident for Whole school"
        page = browser.get(link["href"])
        page = page.follow() if page.status_int == 302 else page
        assert page.request.path.startswith(where) and "A stranger at the gate." in page.text
        assert (page.request.path == PAGE) == (who == "head")


def test_the_dashboard_leads_there_who_may_read_records(school: SchoolForTests, web: Any) -> None:
    """INC-02, DSH-06, USR-12.1: not the restricted, nor an administrator without "view student details"."""
    link = f'a[href$="{PAGE}"]'
    for who, elevated, sees in (
        ("lead", None, True),
        ("head", None, True),
        ("lead", False, False),
        ("teacher", None, False),
        ("admin", None, False),
    ):
        page = web(school, who, elevated=elevated).get("/")
        assert bool(page.html.select(link)) == sees, (who, elevated)


def test_categories_count_and_classes_do_not(school: SchoolForTests, web: Any) -> None:
    """USR-12.3: the head reads what is about Behaviour, and is told nothing of Child Protection: neither its
    text, nor its category or author in the filters."""
    record(school, "For both.", "head")
    record(school, "Not for the head.", category_ids=[school.categories["Child Protection"]])
    page = web(school, "head").get(f"{PAGE}?filter=open")
    assert found(page) == ["For both."]
    assert "Child Protection" not in page.text
    assert [one.get_text() for one in page.html.select("#filter-author option")] == ["Anybody", "Hugo Head"]


def test_filters_pages_and_pins_as_on_a_record(school: SchoolForTests, web: Any) -> None:
    """INC-13, INC-14, EDT-06: words, the next page by its key, and what is pinned on top."""
    now = utc_now()
    ids = [record(school, f"note {n}", occurred_at=now - dt.timedelta(hours=n)).id for n in range(27)]
    lead = web(school, "lead")
    lead.submit(f"/incidents/{ids[26]}/pin", status=302)
    first = lead.get(PAGE)
    assert found(first) == ["note 26", *(f"note {n}" for n in range(25))]
    (more,) = first.html.select("#incidents-more a, .more a")
    assert found(lead.get(more["href"])) == ["note 25"]
    assert found(lead.submit(PAGE, {"words": "NOTE 26"})) == ["note 26"]
    assert "No incident matches." in lead.submit(PAGE, {"words": "nothing like it"}).text


def test_a_deleted_one_leaves_its_marker_for_editors(school: SchoolForTests, web: Any) -> None:
    """EDT-02, INC-02: and is restored from there; for an administrator it never was."""
    incident = record(school, "Recorded twice.")
    lead = web(school, "lead")
    why = {"reason": "It was there already.", "version": "1"}
    page = lead.submit(f"/incidents/{incident.id}/delete", why, status=302)
    marker = page.follow()
    assert marker.request.path == PAGE and found(marker) == []
    assert "It was there already." in marker.text
    lead.submit(f"/incidents/{incident.id}/restore", status=302)
    assert found(lead.get(PAGE)) == ["Recorded twice."]


def test_a_look_is_in_its_audit_and_in_no_students(school: SchoolForTests, web: Any) -> None:
    """EDT-09, STU-08: the incidents that were shown, and no student."""
    incident = record(school, "A stranger at the gate.")
    web(school, "lead").get(PAGE)
    with school.app.session(school.id, writes=False) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.event == "incidents.viewed")).one()
    assert entry.subjects == [str(incident.id)]


def test_an_empty_one_says_what_it_is_for(school: SchoolForTests, web: Any) -> None:
    """INC-02: and leads to the form with the whole school chosen."""
    lead = web(school, "lead")
    page = lead.get(PAGE)
    assert "What concerns everybody, and no child in particular, is kept here." in page.text
    form = lead.get(page.html.select_one(".nothing a")["href"])
    assert form.html.select_one("#student option[selected]")["value"] == "whole-school"
