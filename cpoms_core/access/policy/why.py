"""The parts of the rules, for saying which of them decides what a user sees (USR-13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_

from cpoms_core.access.policy.categories import sees_category
from cpoms_core.access.policy.incidents import alerted
from cpoms_core.access.policy.sight import Condition, eyes_of_users
from cpoms_core.access.policy.students import ClassParts, class_parts, in_class, listing
from cpoms_core.access.policy.users import account_in_use, can_be_elevated
from cpoms_core.incidents.models import Incident, IncidentCategory, IncidentStudent


@dataclass(frozen=True, slots=True)
class Parts:
    """What `full_sight`, `alerted` and `key_holders` are made of, each by itself. The statement has `User`
    and `Incident`; `category` needs `IncidentCategory` too, `classes` and `lists` need `IncidentStudent`.
    `lists` ties in `GroupMember`, `StudentGroup`, `ClassRestriction` and `ClassAccess`: a row for each list
    that names the user or their user group."""

    active: Condition
    key: Condition
    details: Condition
    alerted: Condition
    deleted: Condition
    category: Condition
    classes: ClassParts
    in_class: Condition
    lists: Condition


def parts() -> Parts:
    """The parts of the rules, for saying which of them decides what a user sees (USR-13)."""
    eyes = eyes_of_users()
    student_id: ColumnElement[Any] = IncidentStudent.student_id  # type: ignore[assignment]
    return Parts(
        active=account_in_use(),
        key=can_be_elevated(),
        details=eyes.permits("students:details"),
        alerted=alerted(eyes),
        deleted=Incident.deleted_at.is_not(None),
        category=sees_category(eyes, IncidentCategory.category_id),  # type: ignore[arg-type]
        classes=class_parts(eyes, student_id),
        in_class=in_class(eyes, student_id),
        lists=and_(*listing(eyes, student_id)),
    )
