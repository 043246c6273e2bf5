"""USR-09: class restrictions, the classes with who may see them, and the notice of a new one."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import ClassAccess, ClassRestriction, NewClass, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.admin.services.class_access import change_class, listed_now
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere
from cpoms_core.students.models import GroupMember, StudentGroup
from cpoms_core.testing.schools import SchoolForTests

AT = "/admin/classes"


def class_id(school: SchoolForTests, name: str = "7A") -> uuid.UUID:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(StudentGroup.id).where(StudentGroup.name == name)).one()


def listed(school: SchoolForTests, name: str = "7A") -> set[uuid.UUID]:
    with school.app.session(school.id, writes=False) as db:
        query = select(ClassAccess.holder_id).where(ClassAccess.student_group_id == class_id(school, name))
        return set(db.scalars(query))


def restrict(school: SchoolForTests, *kinds: str) -> None:
    with school.app.transaction(school.id) as db:
        for kind in kinds:
            db.add(ClassRestriction(school_id=school.id, kind=kind))


def save(browser: Any, school: SchoolForTests, pages: Any, *holders: uuid.UUID, name: str = "7A") -> Any:
    at = f"{AT}/{class_id(school, name)}"
    seen = pages.form(browser.get(at))["seen"].value
    return browser.submit(at, {"seen": seen, "holders": [str(one) for one in holders]}, status=303)


def sees(school: SchoolForTests, web: Any, who: str, student: str = "aoife") -> bool:
    at = f"/students/{school.students[student]}/incidents"
    return bool(web(school, who).get(at, expect_errors=True).status_int == 200)


def new_class(school: SchoolForTests, name: str, kind: str = "tutor") -> uuid.UUID:
    """As an import leaves it."""
    made = new_id()
    with school.app.transaction(school.id) as db:
        db.add(StudentGroup(school_id=school.id, id=made, kind=kind, name=name))
        db.flush()
        db.add(NewClass(school_id=school.id, student_group_id=made, noticed_at=utc_now()))
    return made


def test_while_off_it_says_so_and_lists_can_be_prepared(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-09: "While off, every key holder sees every class"; a list made meanwhile narrows nothing."""
    lead = web(school, "lead")
    text = pages.text(lead.get(AT))
    assert (
        "Class restrictions are off: everyone who has used their key sees the students of every class" in text
    )
    assert "Tutor groups Not restricted Restrict access by tutor group 7A Nobody is listed" in text
    save(lead, school, pages, school.users["head"])
    assert "counts for nothing yet" in pages.text(lead.get(f"{AT}/{class_id(school)}"))
    assert sees(school, web, "head") and sees(school, web, "lead")


def test_switching_on_says_what_it_does_and_warns_who_is_not_listed(
    school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """USR-09: while on the listed users only, administrators too, as whoever switches it on is told."""
    lead = web(school, "lead")
    save(lead, school, pages, school.users["head"])
    at = f"{AT}/kinds/tutor"
    text = pages.text(lead.get(at))
    assert "seen only by users who are listed for it" in text
    assert "Administrators are no exception" in text
    assert "You are not listed for any tutor group." in text
    assert "Nobody is listed for 1 of the 2 tutor groups" in text and "8B" in text
    done = lead.submit(at, {"on": "yes"}, status=303).follow()
    assert "Restrictions are on" in done.text and "Restricted" in pages.text(done)
    assert sees(school, web, "head"), "listed"
    assert not sees(school, web, "lead"), "an administrator who is not"
    assert not sees(school, web, "head", "chloe"), "nobody is listed for 8B"
    save(lead, school, pages, school.users["head"], school.users["lead"])
    assert sees(school, web, "lead")
    assert "You are not listed" not in pages.text(lead.get(at))
    lead.submit(at, {"on": "yes"}, status=303)
    (entry,) = audited(school, "class.restricted")
    assert entry.details == {"kind": "tutor", "on": True}, "a second time is no change"
    text = pages.text(lead.get(at))
    assert "everyone who has used their key sees the students of every class again" in text
    lead.submit(at, {"on": "no"}, status=303)
    assert sees(school, web, "head", "chloe") and listed(school) == {
        school.users["head"],
        school.users["lead"],
    }
    assert audited(school, "class.restricted")[-1].details == {"kind": "tutor", "on": False}


def test_with_both_kinds_on_either_suffices(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-09: "with both types on, either suffices", and the pages say so."""
    restrict(school, "tutor", "year")
    lead = web(school, "lead")
    assert "With both kinds restricted" in pages.text(lead.get(AT))
    save(lead, school, pages, school.users["head"], name="7")
    assert sees(school, web, "head") and not sees(school, web, "head", "chloe")
    save(lead, school, pages, name="7")
    save(lead, school, pages, school.users["head"], name="7A")
    assert sees(school, web, "head")
    assert "only the lists of year groups count" in pages.text(lead.get(f"{AT}/kinds/tutor"))


def test_a_student_whom_no_list_could_name_is_not_out_of_sight(school: SchoolForTests, web: Any) -> None:
    """USR-09: a new starter in Year 8 who has no tutor group yet is seen by those who may view students who
    have no group, as an archived one is; nobody else."""
    with school.app.transaction(school.id) as db:
        group = db.scalars(select(StudentGroup.id).where(StudentGroup.name == "8B")).one()
        db.delete(db.get_one(GroupMember, (school.id, group, school.students["chloe"])))
    restrict(school, "tutor")
    assert sees(school, web, "lead", "chloe") and not sees(school, web, "head", "chloe")


def test_a_user_group_as_such_stays_live(school: SchoolForTests, web: Any, pages: Any, audited: Any) -> None:
    """USR-09: whole user groups can be listed: who joins one later sees the class, who leaves it does not."""
    restrict(school, "tutor")
    lead, heads = web(school, "lead"), school.groups["Heads of year"]
    page = lead.get(f"{AT}/{class_id(school)}")
    whole = page.html.select("input[data-whole]")
    assert [box["data-text"] for box in whole] == [
        "All of Administrators (1 user now)", "All of Heads of year (1 user now)",
        "All of Safeguarding (1 user now)", "All of Teachers (2 users now)",
    ]  # fmt: skip
    save(lead, school, pages, heads)
    assert listed(school) == {heads} and "all of Heads of year" in pages.text(lead.get(AT))
    (entry,) = audited(school, "class.changed")
    assert entry.subjects == [str(class_id(school)), str(heads)] and entry.details["given"] == [str(heads)]
    assert sees(school, web, "head") and not sees(school, web, "lead")
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["lead"])).group_id = heads
        db.get_one(User, (school.id, school.users["head"])).group_id = school.groups["Safeguarding"]
    assert sees(school, web, "lead") and not sees(school, web, "head")


def test_only_who_is_there_can_be_listed(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, pages: Any
) -> None:
    """USR-09: deactivated, unknown and another school's users are refused and nothing is changed; one who is
    listed already and deactivated stays for the day they are back."""
    lead, at = web(school, "lead"), f"{AT}/{class_id(school)}"
    save(lead, school, pages, school.users["head"], school.users["colleague"])
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["head"])).deactivated_at = utc_now()
    page = lead.get(at)
    assert "1 user who is listed is deactivated" in pages.text(page)
    seen = pages.form(page)["seen"].value
    for one in (
        uuid.uuid4(),
        other_school.users["lead"],
        other_school.groups["Teachers"],
        school.users["head"],
    ):
        fields = {"seen": seen, "holders": [str(one), str(school.users["lead"])]}
        refused = lead.submit(at, fields, status=422)
        assert "not an active user any more" in pages.errors(refused)
        assert str(school.users["lead"]) in pages.ticked(refused, "holders"), "what was chosen is kept"
    assert listed(school) == {school.users["head"], school.users["colleague"]}
    save(lead, school, pages, school.users["lead"])
    assert listed(school) == {school.users["head"], school.users["lead"]}
    lead.submit(f"{AT}/{class_id(other_school)}", {"seen": seen}, status=404)


def test_a_colleagues_change_is_not_overwritten(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-09: who has another list in front of them than the one that is stored is told, and shown it."""
    lead, at = web(school, "lead"), f"{AT}/{class_id(school)}"
    seen = pages.form(lead.get(at))["seen"].value
    save(lead, school, pages, school.users["head"])
    refused = lead.submit(at, {"seen": seen, "holders": [str(school.users["lead"])]}, status=422)
    assert "Somebody else changed this class" in pages.errors(refused)
    assert pages.ticked(refused, "holders") == {str(school.users["head"])}
    assert listed(school) == {school.users["head"]}


def test_services_are_for_administrators(school: SchoolForTests) -> None:
    """USR-09: whoever calls them."""
    with school.app.transaction(school.id) as db, pytest.raises(NothingThere):
        change_class(db, school.viewer("head"), class_id(school), [school.users["head"]], "")
    with school.app.session(school.id, writes=False) as db:
        assert listed_now(db, class_id(school)) == frozenset()


# --- new classes


def notice(page: Any) -> str:
    part = page.html.select_one('section[aria-labelledby="new-classes"]')
    return " ".join(part.get_text(" ").split()) if part else ""


def test_administrators_are_told_of_a_new_class(
    school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """USR-09: on the dashboard, with a link, until somebody edits it; nobody else is told."""
    restrict(school, "tutor")
    new_class(school, "7C")
    lead = web(school, "lead")
    told = notice(lead.get("/"))
    assert "7C is new, and nobody is listed who may see its students yet." in told
    assert lead.get("/").html.select_one(f'a[href$="{AT}/{class_id(school, "7C")}"]')
    assert notice(web(school, "head").get("/")) == ""
    assert notice(web(school, "lead", elevated=False).get("/")) == ""
    assert "7C New Nobody is listed" in pages.text(lead.get(AT))
    save(lead, school, pages, school.users["head"], name="7C")
    assert notice(lead.get("/")) == ""


def test_a_new_class_can_be_marked_as_seen(school: SchoolForTests, web: Any, audited: Any) -> None:
    """USR-09: those that the notice showed, and none that came in between; nobody is listed by that."""
    restrict(school, "tutor")
    new_class(school, "7C")
    lead = web(school, "lead")
    page = lead.get("/")
    new_class(school, "7D")
    form = next(form for form in page.forms.values() if form.action.endswith("/admin/classes/seen"))
    done = form.submit(status=303).follow()
    assert "Marked as seen." in done.text
    assert "7D is new" in notice(done) and "7C" not in notice(done)
    assert listed(school, "7C") == set()
    (entry,) = audited(school, "new-classes.seen")
    assert entry.subjects == [str(class_id(school, "7C"))]


def test_the_notice_is_for_kinds_that_are_restricted(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-09: once restrictions are off again everyone sees the class; and listing a user for it in their own
    profile ends the notice, too."""
    restrict(school, "tutor")
    made = new_class(school, "7C")
    new_class(school, "12", "year")
    lead = web(school, "lead")
    assert "A class is new" in notice(lead.get("/")), "years are not restricted"
    at = f"/admin/users/{school.users['head']}/permissions"
    form = pages.form(lead.get(at))
    fields = {"seen": form["seen"].value, "group": form["group"].value, "classes": [str(made)]}
    lead.submit(at, fields, status=303)
    assert listed(school, "7C") == {school.users["head"]} and notice(lead.get("/")) == ""


def test_the_pages_cost_the_same_for_many(
    school: SchoolForTests, web: Any, pages: Any, statements: Any
) -> None:
    """USR-09: a fixed number of statements, whatever the number of classes and of those who are listed."""
    restrict(school, "tutor")
    lead, at = web(school, "lead"), f"{AT}/{class_id(school)}"
    asked = (AT, f"{AT}/kinds/tutor", at, "/")
    for path in asked:
        lead.get(path)
    few = [statements(lambda path=path: lead.get(path)) for path in asked]
    for number in range(15):
        made = new_class(school, f"9{number}")
        with school.app.transaction(school.id) as db:
            for who in ("lead", "head"):
                holder = school.users[who]
                db.add(ClassAccess(school_id=school.id, student_group_id=made, holder_id=holder))
    assert [statements(lambda path=path: lead.get(path)) for path in asked] == few
