"""The dashboard: the student finder, alerts, history, and what a restricted user gets."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from sqlalchemy import select, update

from cpoms_core.access.models import ClassAccess, ClassRestriction
from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Linked
from cpoms_core.students.models import Student, StudentGroup
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests, add_student


def found(page: Any) -> list[str]:
    return [
        " ".join(row.select_one("span").get_text(" ").split()) for row in page.html.select("#found-list > li")
    ]


def record(school: SchoolForTests, who: str, student: str, category: str, **changes: Any) -> Incident:
    about = {"student_id": school.students[student], "category_ids": [school.categories[category]]}
    return add_incident(school, who=who, **about, **changes)


def test_any_part_of_any_name_finds_a_student(school: SchoolForTests, web: Any) -> None:
    """DSH-01: part of a first name or surname, without accents, two words in any order, apostrophes."""
    lead = web(school, "lead")
    for words, names in (
        ("ang", ["Björn Ångström Year 7, 7A"]),
        ("Å", ["Björn Ångström Year 7, 7A", "Chloë Martin-Smith Year 8, 8B"]),
        ("connor aoi", ["Aoife O'Connor Year 7, 7A"]),
        ("o'c", ["Aoife O'Connor Year 7, 7A"]),
        ("o’connor", ["Aoife O'Connor Year 7, 7A"]),
        ("smith", ["Chloë Martin-Smith Year 8, 8B"]),
        ("%", []),
        ("_", []),
        ("(((((a", []),
    ):
        page = lead.submit("/", {"q": words})
        if words == "Å":
            assert set(found(page)) >= {"Björn Ångström Year 7, 7A"}
        else:
            assert found(page) == names, words


def test_a_student_found_by_another_name_says_so(school: SchoolForTests, web: Any) -> None:
    """DSH-01, INC-01: nobody takes them for somebody else, and the other name is not told."""
    with school.app.transaction(school.id) as db:
        summer = db.get_one(Student, (school.id, add_student(db, "Summer", "Yarwood", tutor="9C")))
        summer.preferred_surname = "Barlow"
        summer.search_text = "summer barlow summer yarwood"
    lead = web(school, "lead")
    assert found(lead.submit("/", {"q": "yarw"})) == [
        "Summer Barlow Year 9, 9C · found by another name or a keyword"
    ]
    assert found(lead.submit("/", {"q": "barl"})) == ["Summer Barlow Year 9, 9C"]
    answer = lead.fetch(
        "POST",
        "/students/search",
        params=json.dumps({"q": "yarw"}),
        content_type="application/json",
        headers={"X-CSRF-Token": lead.csrf()},
    )
    assert [one["note"] for one in answer.json] == ["Year 9, 9C · found by another name or a keyword"]


def test_an_empty_search_lists_nobody(school: SchoolForTests, web: Any) -> None:
    """DSH-01: nothing was asked for."""
    page = web(school, "lead").submit("/", {"q": "  "})
    assert page.html.select("#found-list") == []


def test_a_name_stands_in_no_address(school: SchoolForTests, web: Any) -> None:
    """DSH-01: the finder posts; no form of the dashboard sends by its address."""
    page = web(school, "lead").get("/")
    assert {form["method"].lower() for form in page.html.select("form")} == {"post"}


def test_the_register_shows_what_each_is_monitored_for(school: SchoolForTests, web: Any) -> None:
    """DSH-01, USR-12.5: a class register, with the categories that the viewer may see."""
    record(school, "teacher", "aoife", "Child Protection")
    record(school, "teacher", "aoife", "Behaviour")
    with school.app.session(school.id, writes=False) as db:
        group = db.scalars(
            select(StudentGroup.id).where(StudentGroup.kind == "tutor", StudentGroup.name == "7A")
        ).one()
    register = web(school, "lead").submit("/", {"group": str(group)})
    assert found(register) == ["Björn Ångström Year 7, 7A", "Aoife O'Connor Year 7, 7A"]
    assert "Child Protection" in register.html.select_one("#found").get_text()
    head = web(school, "head").submit("/", {"group": str(group)}).html.select_one("#found").get_text()
    assert "Behaviour" in head and "Child Protection" not in head


def test_monitored_students_by_category(school: SchoolForTests, web: Any) -> None:
    """DSH-01: "Monitored students" and "Filter by category" count only what the viewer may see."""
    record(school, "teacher", "aoife", "Child Protection")
    record(school, "teacher", "björn", "Behaviour")
    lead, head = web(school, "lead"), web(school, "head")
    assert len(found(lead.submit("/", {"monitored": "1"}))) == 2
    assert found(head.submit("/", {"monitored": "1"})) == ["Björn Ångström Year 7, 7A"]
    hidden = {"category": str(school.categories["Child Protection"])}
    assert found(lead.submit("/", hidden)) == ["Aoife O'Connor Year 7, 7A"]
    assert found(head.submit("/", hidden)) == []


def test_archived_students_only_where_asked_and_allowed(school: SchoolForTests, web: Any) -> None:
    """DSH-01, STU-11: with the tick, by users who may see students without a group; counts for the
    monitored list too."""
    with school.app.transaction(school.id) as db:
        school.students["old"] = add_student(db, "Olwen", "Oldfield", archived=True)
    record(school, "lead", "old", "Behaviour")
    lead, head = web(school, "lead"), web(school, "head")
    assert found(lead.submit("/", {"q": "oldf"})) == []
    assert len(found(lead.submit("/", {"q": "oldf", "archived": "1"}))) == 1
    assert len(found(lead.submit("/", {"monitored": "1", "archived": "1"}))) == 1
    assert found(head.submit("/", {"q": "oldf", "archived": "1"})) == []


def test_class_restrictions_bound_the_finder(school: SchoolForTests, web: Any) -> None:
    """USR-09 in DSH-01: with them on, only the listed users see the class."""
    with school.app.transaction(school.id) as db:
        group = db.scalars(
            select(StudentGroup.id).where(StudentGroup.kind == "tutor", StudentGroup.name == "8B")
        ).one()
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        db.add(ClassAccess(school_id=school.id, student_group_id=group, holder_id=school.users["head"]))
    assert found(web(school, "head").submit("/", {"q": "a"})) == ["Chloë Martin-Smith Year 8, 8B"]
    assert found(web(school, "lead").submit("/", {"q": "a"})) == []


def test_long_lists_go_on_by_key(school: SchoolForTests, web: Any) -> None:
    """DSH-01: fifty at a time, each once, in the order of surnames, also where names are the same."""
    with school.app.transaction(school.id) as db:
        for number in range(120):
            add_student(db, "Same", f"Namely{number % 3}", tutor="9C")
    lead, seen, after = web(school, "lead"), [], ""
    for _ in range(3):
        page = lead.submit("/", {"q": "namely", "after": after})
        seen += [row["href"] for row in page.html.select("#found-list a.finder-add")]
        button = page.html.select_one("#found-more button")
        after = button["value"] if button else ""
    assert after == "" and len(seen) == len(set(seen)) == 120


def test_history_is_the_last_seven_days_with_readers(school: SchoolForTests, web: Any) -> None:
    """DSH-04: own incidents and actions of the last 7 days, with "Read by N"."""
    old = record(school, "teacher", "aoife", "Behaviour")
    with school.app.transaction(school.id) as db:
        db.execute(
            update(Incident)
            .where(Incident.id == old.id)
            .values(created_at=utc_now() - dt.timedelta(days=8))
            .execution_options(synchronize_session=False)
        )
    new = record(school, "teacher", "björn", "Medical", alert_ids=[school.users["lead"]])
    page = web(school, "teacher").get("/").text
    assert "Björn" in page and "Aoife" not in page and "Read by 0" in page
    lead = web(school, "lead")
    shown = lead.get(f"/incidents/{new.id}").follow()
    ids = [one["value"] for one in shown.html.select('input[name="alert"]')]
    lead.submit(f"/incidents/{new.id}/read", {"alert": ids})
    assert "Read by 1" in web(school, "teacher").get("/").text


def test_without_a_key_the_dashboard_is_restricted(school: SchoolForTests, web: Any) -> None:
    """DSH-06, USR-12.1: import health, alerts and history; no finder, no administration; a post to the
    finder finds nothing."""
    for who, elevated in (("teacher", None), ("lead", False)):
        browser = web(school, who, elevated=elevated)
        page = browser.get("/")
        assert page.html.select_one("#finder-form") is None
        assert "No import yet" in page.text and "Alerts" in page.text and "My history" in page.text
        assert page.html.select_one('nav[aria-label="Main"] a[href="/admin"]') is None
        browser.submit("/", {"q": "aoife"}, status=404)


def test_the_frame_shows_what_the_user_may_use(school: SchoolForTests, web: Any) -> None:
    """DSH-07, ACC-07: security message, school name, top bar; "Elevate your access" exactly while the session
    is restricted and the user has a key."""
    page = web(school, "lead").get("/")
    top = [link.get_text(strip=True) for link in page.html.select('nav[aria-label="Main"] a')]
    assert top == ["Dashboard", "Admin", "Account settings"]
    assert (
        "Remember to log out" in page.text and school.slug in page.html.select_one(".top-school").get_text()
    )
    assert {a["href"] for a in page.html.select(".side .help-links a")} >= {"/help#guide", "/help#support"}
    assert page.html.select_one('a[href="/elevate"]') is None
    assert web(school, "lead", elevated=False).get("/").html.select_one('a[href="/elevate"]') is not None
    assert web(school, "teacher").get("/").html.select_one('a[href="/elevate"]') is None
    assert "Record a concern" in web(school, "teacher").get("/help").text


def test_the_number_of_queries_does_not_grow(school: SchoolForTests, web: Any) -> None:
    """DSH-01, DSH-02, INC-13: as many statements for many rows as for a few."""
    lead = web(school, "lead")

    def statements() -> list[int]:
        token = lead.csrf("/")
        counts = []
        for ask in (
            lambda: lead.get("/"),
            lambda: lead.post("/", {"csrf_token": token, "q": "o"}),
            lambda: lead.get(f"/students/{school.students['aoife']}/incidents"),
        ):
            with counted(school.app.engines) as ran:
                ask()
            counts.append(ran.number)
        return counts

    record(school, "lead", "aoife", "Behaviour", alert_ids=[school.users["lead"]])
    statements()
    few = statements()
    for index in range(12):
        record(
            school,
            "lead",
            "aoife",
            ("Behaviour", "Medical")[index % 2],
            alert_ids=[school.users["lead"]],
            agency_ids=[school.agencies["Police"]],
        )
    with school.app.transaction(school.id) as db:
        for number in range(15):
            add_student(db, "Olaf", f"Other{number}", tutor="9C")
    # the first incident had no agency and no action: their queries may come once, and once only
    assert [many - one for many, one in zip(statements(), few, strict=True)] == [0, 0, 0]
    assert max(few) <= 30, few


def test_history_shows_no_category_that_a_colleague_added(school: SchoolForTests, web: Any) -> None:
    """DSH-04, USR-12.7: what the author may not open tells no more than they wrote."""
    incident = record(school, "teacher", "aoife", "Behaviour")
    web(school, "lead").submit(
        f"/incidents/{incident.id}/actions/add",
        {
            "submission": str(new_id()), "text": "More serious.", "occurred": "2026-01-05T10:40",
            "categories": str(school.categories["Child Protection"]),
        },
    )  # fmt: skip
    page = web(school, "teacher").get("/").html.select_one(".main").get_text()
    assert "Behaviour" in page and "Child Protection" not in page


def test_a_child_outside_the_classes_is_not_named(school: SchoolForTests, web: Any) -> None:
    """DSH-02, USR-12.3: who sees an incident through a linked student is told neither name nor class of the
    other, and can open it all the same."""
    incident = record(
        school, "lead", "chloe", "Behaviour", linked=[Linked(school.students["aoife"])],
        alert_ids=[school.users["head"]],
    )  # fmt: skip
    with school.app.transaction(school.id) as db:
        tutor = select(StudentGroup.id).where(StudentGroup.kind == "tutor", StudentGroup.name == "7A")
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        db.add(
            ClassAccess(
                school_id=school.id, student_group_id=db.scalars(tutor).one(), holder_id=school.users["head"]
            )
        )
    head = web(school, "head")
    alerts = head.get("/").html.select_one(".main").get_text()
    assert "another student" in alerts and "Chlo" not in alerts and "8B" not in alerts
    opened = head.get(f"/incidents/{incident.id}")
    assert opened.status_int == 200 and "Chlo" not in opened.text and "A note." in opened.text
