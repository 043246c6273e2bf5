"""Reading the forms' plans and the school's own fields."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Placing
from cpoms_core.incidents.models import Category
from cpoms_formbuilder import plans
from cpoms_formbuilder.kinds import Choice, Definition
from cpoms_formbuilder.models import CustomField, CustomOption, Draft, Layout


@dataclass(frozen=True, slots=True)
class Working:
    """A form as administrators are making it. version: the newest that staff have, 0 for the product's own;
    revision: of the draft, 0 for none; by, at: who changed it last, and when (UTC)."""

    plan: plans.Plan
    version: int = 0
    revision: int = 0
    published: bool = True
    by: str = ""
    at: dt.datetime | None = None


def newest_layout(db: PluginSession, form: str) -> Layout | None:
    """The version of a form that staff have, or None for the product's own."""
    found: Layout | None = db.scalars(
        select(Layout).where(Layout.form == form).order_by(Layout.version.desc()).limit(1)
    ).first()
    return found


def placings(db: PluginSession, form: str) -> list[Placing]:
    """Where the fields of a form stand, and the advice under them (FRM-01)."""
    layout = newest_layout(db, form)
    if layout is None:
        return []
    advice = layout.content["advice"]
    return [Placing(name, one, advice.get(name, "")) for name, one in layout.content["weights"].items()]


def working(db: PluginSession, form: str) -> Working:
    """A form as administrators are making it: the draft, or what staff have where there is none."""
    layout = newest_layout(db, form)
    draft = db.execute(
        select(Draft, staff_name())
        .outerjoin(User, and_(User.school_id == Draft.school_id, User.id == Draft.changed_by))
        .where(Draft.form == form)
        .execution_options(populate_existing=True)
    ).first()
    had = plans.empty() if layout is None else plan_of(layout)
    version = layout.version if layout else 0
    if draft is None:
        return Working(had, version)
    kept, by = draft
    return Working(kept.content, version, kept.revision, kept.content == had, by or "", kept.changed_at)


def versions(db: PluginSession, form: str, most: int = 50) -> list[tuple[int, dt.datetime, str]]:
    """The versions of a form, newest first: number, when (UTC), who."""
    rows = db.execute(
        select(Layout.version, Layout.made_at, staff_name())
        .outerjoin(User, and_(User.school_id == Layout.school_id, User.id == Layout.made_by))
        .where(Layout.form == form)
        .order_by(Layout.version.desc())
        .limit(most)
    )
    return [(row[0], row[1], row[2] or "") for row in rows]


def definitions(
    db: PluginSession, *, form: str = "", ids: Collection[uuid.UUID] | None = None, deleted: bool = False
) -> list[Definition]:
    """The school's own fields with their options, in the order of the form. One query. form: of one form
    only; ids: only these; deleted: those too that staff do not have any more."""
    statement = (
        select(CustomField, CustomOption)
        .outerjoin(CustomOption, CustomOption.field_id == CustomField.id)
        .order_by(CustomField.form, CustomField.position, CustomField.id, CustomOption.position)
    )
    if form:
        statement = statement.where(CustomField.form == form)
    if ids is not None:
        statement = statement.where(CustomField.id.in_(ids))
    if not deleted:
        statement = statement.where(CustomField.deleted_at.is_(None))
    found: dict[uuid.UUID, Definition] = {}
    for field, option in db.execute(statement):
        if field.id not in found:
            found[field.id] = Definition(
                field.id,
                field.form,
                field.kind,
                field.label,
                field.required,
                field.many,
                frozenset(uuid.UUID(one) for one in field.categories),
                deleted=field.deleted_at is not None,
            )
        if option is not None:
            choice = Choice(option.id, option.label, option.removed_at is not None)
            found[field.id].options.append(choice)
    return list(found.values())


def known_to(db: PluginSession, viewer: Viewer, asked: Sequence[Definition]) -> list[Definition]:
    """Those fields that a viewer may hear of: one for some categories only names what those are about, so
    that it is for who adds or views incidents of one of them. A query where a field is for some only."""
    wanted = {category for one in asked for category in one.categories}
    if not wanted:
        return list(asked)
    own = select(User.id).where(User.id == viewer.user_id, policy.category_seen_by_user())
    known = or_(policy.addable_categories(viewer), own.correlate(Category).exists())
    there = set(db.scalars(select(Category.id).where(Category.id.in_(wanted), known)))
    return [one for one in asked if not one.categories or one.categories & there]


def plan_of(layout: Layout) -> plans.Plan:
    """The plan that a version was made of."""
    return {name: layout.content[name] for name in ("order", "advice", "fields")}
