"""Who could see it: the same rules asked of every user of the school (INC-07, USR-07)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, and_, false, literal, or_, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import SQLCoreOperations

from cpoms_core.access.models import GroupCategory, User
from cpoms_core.access.policy.categories import sees_category
from cpoms_core.access.policy.incidents import full_sight
from cpoms_core.access.policy.sight import Condition, eyes_of_users, kept_expressions, there_is
from cpoms_core.access.policy.students import in_class
from cpoms_core.access.policy.users import account_in_use, can_be_elevated, key_holders
from cpoms_core.database.types import Id
from cpoms_core.incidents.models import Category, Incident
from cpoms_core.students.models import Student


@lru_cache(maxsize=256)
def who_sees(incident_id: uuid.UUID | SQLCoreOperations[uuid.UUID]) -> Condition:
    """Condition on User: could see this incident with their key (who may be assigned, who is not red).
    `incident_id` may be a column of the enclosing statement."""
    there = [Incident.id == incident_id, Incident.deleted_at.is_(None)]
    seen = there_is(Incident, where=[*there, full_sight(eyes_of_users())])
    return and_(key_holders(), seen)


kept_expressions.append(who_sees)


def who_opens(student_id: uuid.UUID) -> Condition:
    """Condition on User: could open this student's record with their key, and so the files in its vault."""
    eyes = eyes_of_users()
    opens = and_(eyes.permits("students:list"), eyes.permits("students:details"))
    return and_(key_holders(), opens, in_class(eyes, literal(student_id, Id)))


def who_would_see(
    category_ids: Collection[uuid.UUID], student_ids: Collection[uuid.UUID], *, whole_school: bool = False
) -> Condition:
    """Condition on User: could see an incident with these categories and students, which need not be recorded
    yet (INC-07). `whole_school`: it is about nobody in particular, and the students are linked ones; without
    any student the same."""
    everywhere = true() if whole_school or not student_ids else false()
    would = _would_have_sight(category_ids, student_ids, everywhere, [GroupCategory.view_incidents])
    return and_(key_holders(), would)


LACKING = {
    "account": "their account is switched off",
    "key": "they have no key",
    "details": "their user group does not open students’ records",
    "classes": "the students are not in their classes",
}
"""Why somebody would not see an incident, the categories aside, in words that follow "because"."""


def lacking(student_ids: Collection[uuid.UUID], *, whole_school: bool) -> dict[str, Condition]:
    """Conditions on User, by the names of `LACKING`: what keeps them from an incident about these students.
    Together with `category_seen_by_user` they are what `who_would_see` is made of, each by itself."""
    eyes = eyes_of_users()
    student = aliased(Student)
    own_student = there_is(
        student,
        where=[student.id.in_(student_ids), in_class(eyes, student.id)],  # type: ignore[arg-type]
    )
    everywhere = whole_school or not student_ids
    return {
        "account": ~account_in_use(),
        "key": ~can_be_elevated(),
        "details": ~eyes.permits("students:details"),
        "classes": false() if everywhere else ~own_student,
    }


def category_seen_by_user() -> Condition:
    """Condition on User and Category: their user group has View incidents on it."""
    return sees_category(eyes_of_users(), Category.id)  # type: ignore[arg-type]


Ids = Collection[uuid.UUID] | BindParameter[Any]


def told_automatically(category_ids: Ids, student_ids: Ids, everywhere: Condition) -> Condition:
    """Condition on User: automatic alerts reach them for an incident with these categories and students
    (USR-07): by USR-12.3, and with View students on all of its categories as well. `everywhere`: it is about
    the whole school, or no student is chosen yet, so that classes do not apply. All three may be parameters
    of the statement.

    A key is not asked for: who lost theirs is told all the same, and an open alert lets them read that one
    incident (USR-12.4)."""
    rights = [GroupCategory.view_incidents, GroupCategory.view_students]
    would = _would_have_sight(category_ids, student_ids, everywhere, rights)
    return and_(User.deactivated_at.is_(None), would)


def _would_have_sight(
    category_ids: Ids, student_ids: Ids, everywhere: Condition, rights: Collection[Any]
) -> Condition:
    """Condition on User: USR-12.3 for an incident not yet recorded, with `rights` on all its categories."""
    eyes = eyes_of_users()
    category, student = aliased(Category), aliased(Student)
    given = there_is(
        GroupCategory,
        where=[GroupCategory.group_id == eyes.group_id, GroupCategory.category_id == category.id, *rights],
    )
    hidden_category = there_is(category, where=[category.id.in_(category_ids), ~given])
    own_student = there_is(
        student,
        where=[student.id.in_(student_ids), in_class(eyes, student.id)],  # type: ignore[arg-type]
    )
    return and_(eyes.permits("students:details"), ~hidden_category, or_(everywhere, own_student))
