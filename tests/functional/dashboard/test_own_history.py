"""My history (DSH-04) after others merged, split off or recategorised what the user wrote: it stands as they
wrote it, and tells of nothing that they may not see (USR-12.7)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import ClassAccess, ClassRestriction
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import (
    Linked,
    Merge,
    NewAction,
    Split,
    delete_action,
    merge_incident,
    record_action,
    restore_action,
    split_action,
)
from cpoms_core.students.models import StudentGroup
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def lines(browser: Browser) -> list[str]:
    """My history, line by line, without how long ago each was."""
    rows = browser.get("/").html.select('section[aria-labelledby="history"] .rows > li')
    for row in rows:
        row.select_one("time").extract()
    return [" ".join(row.get_text(" ").split()) for row in rows]


def now(school: SchoolForTests, incident: Incident) -> Incident:
    with school.app.session(school.id, writes=False) as db:
        return db.get_one(Incident, (school.id, incident.id))


def act(school: SchoolForTests, incident: Incident, who: str, text: str = "Rang home.") -> uuid.UUID:
    with school.app.transaction(school.id) as db:
        new = NewAction(new_id(), incident.id, text, utc_now())
        return record_action(db, school.viewer(who), new).id


def alert(school: SchoolForTests, incident: Incident, who: str, *, read: bool = False) -> None:
    with school.app.transaction(school.id) as db:
        db.add(
            Alert(
                school_id=school.id, id=new_id(), incident_id=incident.id, recipient_id=school.users[who],
                created_at=utc_now(), read_at=utc_now() if read else None,
            )
        )  # fmt: skip


def mark_read(school: SchoolForTests) -> None:
    with school.app.transaction(school.id) as db:
        for one in db.scalars(select(Alert).where(Alert.read_at.is_(None))):
            one.read_at = utc_now()


def merge(school: SchoolForTests, incident: Incident, into: Incident) -> uuid.UUID:
    one, other = now(school, incident), now(school, into)
    with school.app.transaction(school.id) as db:
        found = Merge(one.id, one.version, other.id, other.version)
        return merge_incident(db, school.viewer("lead"), found).id


def split(school: SchoolForTests, action_id: uuid.UUID, category: str) -> uuid.UUID:
    with school.app.transaction(school.id) as db:
        version = db.get_one(Action, (school.id, action_id)).version
        wanted = Split(action_id, version, [school.categories[category]])
        return split_action(db, school.viewer("lead"), wanted).id


def hidden(school: SchoolForTests, text: str = "Secret.") -> Incident:
    """An incident about another child that neither the teacher nor the head of year sees."""
    return add_incident(
        school, text, student_id=school.students["chloe"],
        category_ids=[school.categories["Child Protection"]],
    )  # fmt: skip


@pytest.fixture
def teacher(school: SchoolForTests, web: Any) -> Browser:
    browser: Browser = web(school, "teacher")
    return browser


def test_an_incident_that_was_merged_stands_as_it_was_written(
    school: SchoolForTests, teacher: Browser
) -> None:
    """Neither the other child, nor its readers; those who read what the author wrote are still counted."""
    mine, other = add_incident(school, "She cried.", "teacher"), hidden(school)
    alert(school, mine, "lead", read=True)
    alert(school, other, "lead", read=True)
    alert(school, other, "head", read=True)
    before = lines(teacher)
    assert before == ["You added an incident for Aoife O'Connor Behaviour Read by 1"]
    merge(school, mine, other)
    assert lines(teacher) == before
    merge(school, other, hidden(school, "Another."))
    assert lines(teacher) == before


def test_an_action_that_a_merge_moved_stands_where_it_was_written(
    school: SchoolForTests, teacher: Browser
) -> None:
    """Also one that was deleted when it moved and restored since, and after a second merge."""
    theirs, other = add_incident(school, "A quarrel."), hidden(school)
    alert(school, theirs, "teacher")
    for text in ("Rang home.", "Spoke to both."):
        last = act(school, theirs, "teacher", text)
    mark_read(school)
    alert(school, other, "head", read=True)
    before = lines(teacher)
    assert before == ["You added an action for Aoife O'Connor Read by 1"] * 2
    with school.app.transaction(school.id) as db:
        delete_action(db, school.viewer("lead"), last, "twice", opened=1)
    merge(school, theirs, other)
    assert lines(teacher) == before[:1]
    with school.app.transaction(school.id) as db:
        restore_action(db, school.viewer("lead"), last)
    assert lines(teacher) == before
    merge(school, other, hidden(school, "Another."))
    assert lines(teacher) == before


def test_an_action_that_was_split_off_stands_as_an_action(school: SchoolForTests, web: Any) -> None:
    """The incident that it became is hidden from its author, who still sees the one they wrote under."""
    incident = add_incident(school, "A quarrel.")
    action_id = act(school, incident, "head")
    head = web(school, "head")
    before = lines(head)
    assert before == ["You added an action for Aoife O'Connor Behaviour Read by 0"]
    became = split(school, action_id, "Child Protection")
    assert lines(head) == before
    assert str(became) not in head.get("/").text
    with school.app.session(school.id, writes=False) as db:
        merge(school, db.get_one(Incident, (school.id, became)), hidden(school))
    assert lines(head) == before


def test_what_the_author_sees_is_told_as_it_is(school: SchoolForTests, web: Any) -> None:
    """An elevated author who sees the incident that theirs was merged into reads what became of it."""
    mine = add_incident(school, "She cried.", "head")
    other = add_incident(school, "The other one.", student_id=school.students["chloe"])
    merge(school, mine, other)
    assert lines(web(school, "head")) == ["You added an action for Chloë Martin-Smith Behaviour Read by 0"]


def test_merged_and_split_off_again_it_is_an_incident(school: SchoolForTests, teacher: Browser) -> None:
    mine, other = add_incident(school, "She cried.", "teacher"), hidden(school)
    alert(school, mine, "teacher")
    act(school, mine, "teacher")
    mark_read(school)
    before = lines(teacher)
    action_id = merge(school, mine, other)
    assert lines(teacher) == before
    split(school, action_id, "Behaviour")
    assert lines(teacher) == before


def test_a_child_outside_the_classes_stays_unnamed_when_sight_is_lost(
    school: SchoolForTests, web: Any
) -> None:
    """USR-12.3: who wrote an action under an incident that they saw through a linked student was never told
    whom it is about, and is not told by losing sight of it."""
    incident = add_incident(
        school, student_id=school.students["chloe"], linked=[Linked(school.students["aoife"])]
    )
    with school.app.transaction(school.id) as db:
        tutor = select(StudentGroup.id).where(StudentGroup.kind == "tutor", StudentGroup.name == "7A")
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        for who in ("head", "lead"):
            db.add(
                ClassAccess(
                    school_id=school.id, student_group_id=db.scalar(tutor), holder_id=school.users[who]
                )
            )
    act(school, incident, "head")
    head = web(school, "head")
    assert lines(head)[0].startswith("You added an action for another student")
    merge(school, incident, add_incident(
        school, "Hidden.", category_ids=[school.categories["Child Protection"]]
    ))  # fmt: skip
    assert lines(head)[0].startswith("You added an action for another student")


def test_the_number_of_queries_does_not_grow_with_what_was_merged(
    school: SchoolForTests, teacher: Browser
) -> None:
    other = hidden(school)

    def write_and_merge(times: int) -> int:
        for _ in range(times):
            mine = add_incident(school, "She cried.", "teacher")
            alert(school, mine, "teacher")
            act(school, mine, "teacher")
            mark_read(school)
            merge(school, mine, other)
        teacher.get("/")
        with counted(school.app.engines) as ran:
            assert "Chlo" not in teacher.get("/").text
        return ran.number

    assert write_and_merge(1) == write_and_merge(4)
