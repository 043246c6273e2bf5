"""Which categories a viewer reads, adds and follows (USR-12.5, INC-03)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_
from sqlalchemy.orm import aliased

from cpoms_core.access.models import GroupCategory
from cpoms_core.access.policy.sight import Condition, Eyes, Sight, as_sql, eyes_of, for_viewer, there_is
from cpoms_core.incidents.models import Category


def sees_category(eyes: Eyes, category_id: ColumnElement[Any]) -> Condition:
    return there_is(
        GroupCategory,
        where=[
            GroupCategory.group_id == eyes.group_id,
            GroupCategory.category_id == category_id,
            GroupCategory.view_incidents,
        ],
    )


def _category_right(viewer: Sight, right: ColumnElement[bool]) -> Condition:
    return there_is(
        GroupCategory,
        where=[
            GroupCategory.group_id == as_sql(viewer.group_id),
            GroupCategory.category_id == Category.id,
            right,
        ],
    )


def _parent_is_disabled() -> Condition:
    parent = aliased(Category)
    return there_is(parent, where=[parent.id == Category.parent_id, parent.disabled_at.is_not(None)])


@for_viewer
def addable_categories(viewer: Sight) -> Condition:
    """Condition on Category: the viewer may choose it on a form (INC-03). A sub-category brings its parent
    along, so it goes with a disabled one (ADM-03). A parent that the group may not add to does come along: it
    is not chosen, and without it those would see the incident who may not view the parent's (USR-12.3)."""
    return and_(
        Category.disabled_at.is_(None),
        not_(_parent_is_disabled()),
        eyes_of(viewer).permits("incidents:add"),
        _category_right(viewer, GroupCategory.add_incidents),  # type: ignore[arg-type]
    )


@for_viewer
def readable_categories(viewer: Sight) -> Condition:
    """Condition on Category: incidents of it may be the viewer's to read (USR-12.3); with any other category,
    an incident is out of their sight."""
    return _category_right(viewer, GroupCategory.view_incidents)  # type: ignore[arg-type]


@for_viewer
def monitored_categories(viewer: Sight) -> Condition:
    """Condition on Category: the viewer may see who is monitored for it (USR-12.5)."""
    if not viewer.elevated:
        return false()
    return _category_right(viewer, GroupCategory.view_students)  # type: ignore[arg-type]
