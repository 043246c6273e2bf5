"""Whoever looks, and how the rules are written and kept: the base of every other file here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVarTuple

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, false, literal, select, true

from cpoms_core.access.models import GroupPermission, User
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.tenancy.scope import built_once

Condition = ColumnElement[bool]
Rows = TypeVarTuple("Rows")
Shape = ParamSpec("Shape")


def there_is(*tables: Any, where: Collection[Any]) -> Condition:
    """EXISTS over `tables`, everything else being the enclosing statement's. Said outright: SQLAlchemy alone
    correlates with the nearest enclosing statement only, and two levels down `user` became another FROM, so
    that any user's rights would have counted."""
    return select(literal(1)).select_from(*tables).where(*where).correlate_except(*tables).exists()


@dataclass(frozen=True, slots=True)
class Eyes:
    """Whoever looks: the user, their group, and what their group permits, as SQL expressions."""

    user_id: ColumnElement[Any]
    group_id: ColumnElement[Any]
    sees_ungrouped: Condition
    permits: Callable[[str], Condition]


@dataclass(frozen=True, slots=True)
class Sight:
    """All of a viewer that the rules ask about: who they are and which permissions count in the session.
    Who they are may be left open, as parameters of the statement."""

    user_id: uuid.UUID | BindParameter[Any] | None
    group_id: uuid.UUID | BindParameter[Any] | None
    sees_ungrouped: bool
    elevated: bool
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        return permission in self.permissions


def sight_of(viewer: Viewer) -> Sight:
    """What counts of a viewer; one who reaches only their account is nobody to the rules (ACC-15)."""
    user_id = None if viewer.access == "account" else viewer.user_id
    return Sight(user_id, viewer.group_id, viewer.sees_ungrouped, viewer.elevated, viewer.permissions)


kept_expressions: list[Any] = []


def forget_what_is_kept() -> None:
    """For tests that replace a rule: expressions and statements are built anew, with what the rule is now."""
    for kept in kept_expressions:
        kept.cache_clear()


def for_viewer(rule: Callable[[Sight], Condition]) -> Callable[[Viewer | Sight], Condition]:
    """A rule's expression is kept for each sight: building it anew took longer than running its query. It
    holds no rows, only ids and permissions, so a change of either is another sight."""
    kept = lru_cache(maxsize=512)(rule)
    kept_expressions.append(kept)

    @wraps(rule)
    def condition(viewer: Viewer | Sight) -> Condition:
        return kept(viewer if isinstance(viewer, Sight) else sight_of(viewer))

    return condition


USER: BindParameter[Any] = bindparam("viewer", type_=Id())
GROUP: BindParameter[Any] = bindparam("viewers_group", type_=Id())


def for_rights(
    build: Callable[Concatenate[Sight, Shape], Select[*Rows]],
) -> Callable[Concatenate[Viewer, Shape], Select[*Rows]]:
    """A statement with rules in it, kept for each set of rights that viewers have (and for what else shapes
    it), and not for each viewer: who looks is told when it runs, by `who(viewer)` among its parameters."""

    @lru_cache(maxsize=256)
    def kept(sight: Sight, *shape: Any, **named: Any) -> Select[*Rows]:
        return built_once(build(sight, *shape, **named))

    kept_expressions.append(kept)

    @wraps(build)
    def statement(viewer: Viewer, *shape: Shape.args, **named: Shape.kwargs) -> Select[*Rows]:
        sight = replace(sight_of(viewer), user_id=USER, group_id=GROUP)
        return kept(sight, *shape, **named)  # type: ignore[arg-type]

    return statement


def who(viewer: Viewer, **others: Any) -> dict[str, Any]:
    """The parameters of a statement made by `for_rights`: who looks, and what else it asks for."""
    sight = sight_of(viewer)
    return {USER.key: sight.user_id, GROUP.key: sight.group_id, **others}


def as_sql(value: uuid.UUID | BindParameter[Any] | None) -> ColumnElement[Any]:
    return value if isinstance(value, BindParameter) else literal(value, Id)


def eyes_of(viewer: Sight) -> Eyes:
    """The viewer of a session; permissions are those that count in it."""
    return Eyes(
        as_sql(viewer.user_id),
        as_sql(viewer.group_id),
        true() if viewer.sees_ungrouped else false(),
        lambda permission: true() if viewer.may(permission) else false(),
    )


def eyes_of_users() -> Eyes:
    """Every user of the school, with what they have in an elevated session."""
    return Eyes(
        User.id,  # type: ignore[arg-type]
        User.group_id,  # type: ignore[arg-type]
        User.sees_ungrouped,  # type: ignore[arg-type]
        lambda permission: there_is(
            GroupPermission,
            where=[GroupPermission.group_id == User.group_id, GroupPermission.permission == permission],
        ),
    )
