"""The modules' questions of the filters (FRM-04): asked on the page, and again for a later print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement
from webob.multidict import MultiDict
from wtforms import Form

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.guarded_fields import Broke, can_be_drawn, noting
from cpoms_core.hooks.types import Filter
from cpoms_core.incidents.filters import ChronologyFilter, ModuleFilter
from cpoms_core.tenancy.scope import SchoolSession

NOTHING: tuple[Any, ...] = (None, "", [], False)
"""What a field holds where nothing was chosen."""


def questions(db: SchoolSession, viewer: Viewer) -> dict[str, Filter]:
    """The questions of the modules that are on, by the names that their fields have in Python, by weight."""
    broke = noting(db)
    return {
        one.name.replace("-", "__"): one
        for one in db.app.hooks.collect("report_filters", db, viewer)
        if _can_be_asked(one, broke)
    }


def _can_be_asked(one: Filter, broke: Broke) -> bool:
    """Whether a form can be made and drawn with a question: one that breaks costs itself, and not the record
    that it stands on (MOD-04)."""
    name = one.name.replace("-", "__")
    try:
        form = type("Trial", (Form,), fields_of({name: one}))()
    except Exception as error:  # a module's fault must never become the page's
        broke(one.name, error)
        return False
    return can_be_drawn(form[name], one.name, broke)


def fields_of(modules: Mapping[str, Filter]) -> dict[str, Any]:
    """Their fields, under the names that the page uses."""
    found = {}
    for name, one in modules.items():
        named = {**one.field.kwargs, "name": one.name, "id": f"filter-{one.name}"}
        found[name] = one.field.field_class(*one.field.args, **named)
    return found


def asked_of(one: Filter, field: Any, condition: ColumnElement[bool]) -> ModuleFilter:
    """A question that was asked: what came in, and the same in words."""
    typed = tuple(str(text) for text in field.raw_data or ())
    if hasattr(field, "iter_choices"):
        chosen = [str(choice[1]) for choice in field.iter_choices() if choice[2]]
    else:
        chosen = list(typed)
    return ModuleFilter(one.name, typed, f"{field.label.text}: {', '.join(chosen)}", condition)


def asked_again(db: SchoolSession, viewer: Viewer, only: ChronologyFilter) -> ChronologyFilter:
    """A filter that was kept as text, with what its modules' questions leave now; one that cannot be asked
    any more leaves nothing. An error of a module's passes through: such a print is not made."""
    if not only.modules:
        return only
    modules = questions(db, viewer)
    form = type("AskedAgain", (Form,), fields_of(modules))(
        MultiDict((one.name, text) for one in only.modules for text in one.typed)
    )
    form.validate()
    found = {}
    for name, one in modules.items():
        field = form[name]
        if not field.errors and field.data not in NOTHING:
            found[one.name] = asked_of(one, field, one.condition(field.data))
    again = tuple(found.get(one.name, replace(one, condition=None)) for one in only.modules)
    return replace(only, modules=again)
