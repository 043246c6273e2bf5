"""The forms that staff fill in: the core's and the modules' fields in the order that the school gave them
(FRM-01), and how each is drawn. Both the form that adds and the one that edits go through here."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from pyramid.request import Request
from sqlalchemy import or_, select
from webob.multidict import MultiDict

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.guarded_fields import can_be_drawn, is_of_module, noting
from cpoms_core.hooks.types import FormField, FormName, Placing
from cpoms_core.incidents.models import Category
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.web.forms import BuiltForm, ForCategories, build_form

Item = dict[str, Any]


def arranged_form(
    request: Request,
    name: FormName,
    core: Iterable[FormField],
    modules: Sequence[FormField],
    posted: MultiDict[str, Any] | None,
    given: dict[str, Any] | None = None,
    *,
    together: Mapping[str, str],
    there: Collection[uuid.UUID] = (),
    present: Collection[uuid.UUID] = (),
) -> BuiltForm:
    """Builds one of the three forms, or the one that edits what it recorded. together: fields that stand
    right behind another. there: categories that count whatever is chosen on the form. present: categories
    that the form offers though the viewer could not add them."""
    db, viewer = request.db, request.viewer
    categories = _for_categories(db, viewer, modules, there, present)
    offered = [one for one in modules if not one.categories or _offered(one, categories)]
    return build_form(
        [*core, *offered],
        posted,
        given,
        placings=placings_of(db, viewer, name),
        together=together,
        categories=categories,
        broke=noting(db),
    )


def placings_of(db: SchoolSession, viewer: Viewer, form: FormName) -> dict[str, Placing]:
    """Where the modules put the fields of a form, by the fields' names."""
    found: dict[str, Placing] = {}
    for placing in db.app.hooks.collect_by_module("arrange_form", db, viewer, form=form):
        found.setdefault(placing.name, placing)
    return found


def _for_categories(
    db: SchoolSession,
    viewer: Viewer,
    modules: Iterable[FormField],
    there: Collection[uuid.UUID],
    present: Collection[uuid.UUID],
) -> ForCategories:
    """One query where a field is for some categories only, and none where all are for all."""
    wanted = {one for part in modules for one in part.categories}
    if not wanted:
        return ForCategories(there)
    offered = or_(policy.addable_categories(viewer), Category.id.in_([*there, *present]))
    rows = db.execute(
        select(Category.id, Category.name, Category.parent_id).where(
            or_(Category.id.in_(wanted), Category.parent_id.in_(wanted)), offered
        )
    ).all()
    return ForCategories(
        there,
        {row.id: row.name for row in rows if row.id in wanted},
        {row.id: row.parent_id for row in rows if row.parent_id is not None},
    )


def _offered(part: FormField, categories: ForCategories) -> bool:
    """Whether a field could come up on the form: one for categories that its viewer does not know must not
    name them."""
    return bool(part.categories & ({*categories.names, *categories.parents.values(), *categories.there}))


def drawn(form: BuiltForm, kinds: Mapping[str, str], *, beside: Collection[str] = ()) -> list[Item]:
    """The fields in their order, each with how it is drawn: neighbours of one fold as one item of the kind
    `fold`. kinds: how the core's fields are drawn that are more than a plain one; beside: fields that are
    drawn with another."""
    items: list[Item] = []
    parts = [part for part in form.parts if part.name not in beside and _can_be_drawn(form, part)]
    for fold, group in groupby(parts, key=lambda part: part.fold):
        found = [_item(form, part, kinds) for part in group]
        items += [_fold(fold, found)] if fold else found
    return items


def _can_be_drawn(form: BuiltForm, part: FormField) -> bool:
    """The core's fields can; what a template of the module's draws is guarded there."""
    if form.broke is None or part.template or not is_of_module(part):
        return True
    return can_be_drawn(form.part(part.name), part.name, form.broke)


def _item(form: BuiltForm, part: FormField, kinds: Mapping[str, str]) -> Item:
    waits = part.categories - form.categories.chosen(()) if part.categories else frozenset()
    always = len(waits) < len(part.categories)  # the incident has one of them already
    known = [form.categories.names[one] for one in waits if one in form.categories.names]
    return {
        "kind": kinds.get(part.name, "field"),
        "field": form.part(part.name),
        "advice": form.advice.get(part.name),
        "only_for": "" if always else " ".join(sorted(str(one) for one in waits)),
        "only_for_names": [] if always else sorted(known),
        "template": part.template,
        "context": part.context,
    }


def _fold(word: str, items: list[Item]) -> Item:
    fields = [item["field"] for item in items]
    return {
        "kind": "fold",
        "field": None,
        "advice": None,
        "id": f"fold-{fields[0].id}",
        "label": word,
        "items": items,
        "open": any(field.errors or field.data not in (None, "", [], False) for field in fields),
    }
