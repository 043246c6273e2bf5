"""USR-07, STU-03: setting and removing automatic alerts as a service."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cpoms_core.access.models import ClassRestriction, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import AutomaticAlert
from cpoms_core.alerts.services import add_automatic, remove_automatic
from cpoms_core.audit.models import AuditEntry
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.students.models import StudentGroup
from cpoms_core.testing.schools import SchoolForTests


def stored(school: SchoolForTests) -> list[AutomaticAlert]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(AutomaticAlert)))


def test_one_is_set_once_and_removed(school: SchoolForTests) -> None:
    """USR-07, STU-03: by whoever may open the record; audited with both; a second time changes nothing."""
    head, user, child = school.viewer("head"), school.users["lead"], school.students["aoife"]
    with school.app.transaction(school.id) as db:
        add_automatic(db, head, user, student_id=child)
        add_automatic(db, head, user, student_id=child)
    (row,) = stored(school)
    assert (row.user_id, row.student_id, row.category_id) == (user, child, None)
    with school.app.transaction(school.id) as db:
        remove_automatic(db, head, user, student_id=school.students["chloe"])
        remove_automatic(db, head, user, student_id=child)
        remove_automatic(db, head, user, student_id=child)
        events = db.execute(
            select(AuditEntry.event, AuditEntry.subjects).where(AuditEntry.event.like("automatic%"))
        ).all()
    assert stored(school) == []
    assert [event for event, _ in events] == ["automatic-alert.added", "automatic-alert.removed"]
    assert all(subjects == [str(user), str(child)] for _, subjects in events)


def test_who_may_set_which(school: SchoolForTests, other_school: SchoolForTests) -> None:
    """USR-07, USR-12.7: a child outside the viewer's classes is not there; categories and classes are for
    administrators; what the school does not have is not there for anybody."""
    user = school.users["lead"]
    with school.app.transaction(school.id) as db:
        group = db.scalars(select(StudentGroup.id)).first()
        add_automatic(db, school.viewer("lead"), user, student_group_id=group)
        add_automatic(db, school.viewer("lead"), user, category_id=school.categories["Medical"])
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        db.flush()
        for who, target in (
            ("head", {"category_id": school.categories["Behaviour"]}),
            ("head", {"student_group_id": group}),
            ("head", {"student_id": school.students["aoife"]}),
            ("teacher", {"student_id": school.students["aoife"]}),
            ("lead", {"student_id": other_school.students["aoife"]}),
            ("lead", {"category_id": other_school.categories["Behaviour"]}),
        ):
            for change in (add_automatic, remove_automatic):
                with pytest.raises(NothingThere):
                    change(db, school.viewer(who), user, **target)
    assert len(stored(school)) == 2


def test_whom_and_what_it_cannot_be(school: SchoolForTests) -> None:
    """USR-07: a deactivated user; no target, or two."""
    lead, category = school.viewer("lead"), school.categories["Medical"]
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["head"])).deactivated_at = utc_now()
        db.flush()
        with pytest.raises(Refused):
            add_automatic(db, lead, school.users["head"], category_id=category)
        with pytest.raises(ValueError, match="one category"):
            add_automatic(db, lead, school.users["lead"])
        with pytest.raises(ValueError, match="one category"):
            add_automatic(
                db, lead, school.users["lead"], category_id=category, student_id=school.students["aoife"]
            )
