"""USR-05: deleting user groups."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.access.models import ClassAccess, GroupCategory, GroupPermission, User, UserGroup
from cpoms_core.access.viewer import utc_now
from cpoms_core.students.models import StudentGroup
from cpoms_core.tenancy.services import add_group
from cpoms_core.testing.schools import ALL, SchoolForTests


def governors(school: SchoolForTests) -> uuid.UUID:
    """A user group with rights, permissions and classes, and nobody in it."""
    with school.app.transaction(school.id) as db:
        group_id = add_group(db, "Governors", ("students:list",), {school.categories["Medical"]: ALL})
        tutor = db.scalars(select(StudentGroup.id).where(StudentGroup.name == "7A")).one()
        db.add(ClassAccess(school_id=school.id, student_group_id=tutor, holder_id=group_id))
    return group_id


def rows_of(school: SchoolForTests, group_id: uuid.UUID) -> int:
    """How many rows belong to a user group, itself included."""
    with school.app.session(school.id, writes=False) as db:
        return sum(
            len(db.execute(select(column).where(column == group_id)).all())
            for column in (
                UserGroup.id, GroupCategory.group_id, GroupPermission.group_id, ClassAccess.holder_id,
            )
        )  # fmt: skip


def test_a_group_that_nobody_is_in_can_be_deleted(
    school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """USR-05: after a page that says what goes with it: rights, permissions, access to classes."""
    group_id = governors(school)
    lead = web(school, "lead")
    assert rows_of(school, group_id) == 4
    page = lead.get(f"/admin/groups/{group_id}").click("Delete this user group")
    assert "Nobody is in this user group." in pages.text(page)
    done = pages.form(page).submit(status=303).follow()
    assert "The user group is deleted." in done.text and "Governors" not in pages.text(done)
    assert rows_of(school, group_id) == 0
    (entry,) = audited(school, "group.deleted")
    assert entry.subjects == [str(group_id)] and entry.user_id == school.users["lead"]
    lead.submit(f"/admin/groups/{group_id}/delete", status=404)


def test_a_group_with_users_stays_and_they_are_named(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-05: deactivated users count, and the page says that they are."""
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["teacher"])).deactivated_at = utc_now()
    lead, at = web(school, "lead"), f"/admin/groups/{school.groups['Teachers']}/delete"
    before = rows_of(school, school.groups["Teachers"])
    for page in (lead.get(at), lead.submit(at, status=422)):
        names = [" ".join(row.get_text(" ").split()) for row in page.html.select("main .rows li")]
        assert names == ["Cleo Colleague", "Tariq Teacher Deactivated"]
        assert page.html.select_one(f'a[href="/admin/users/{school.users["teacher"]}"]')
    assert "cannot be deleted" in lead.submit(at, status=422).html.select_one(".notices").get_text()
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["colleague"])).deactivated_at = utc_now()
    lead.submit(at, status=422)
    assert rows_of(school, school.groups["Teachers"]) == before


def test_another_schools_group_is_not_there(
    school: SchoolForTests, other_school: SchoolForTests, web: Any
) -> None:
    """USR-05: neither to look at nor to delete."""
    theirs = governors(other_school)
    lead = web(school, "lead")
    lead.get(f"/admin/groups/{theirs}/delete", status=404)
    lead.submit(f"/admin/groups/{theirs}/delete", status=404)
    assert rows_of(other_school, theirs) == 4
