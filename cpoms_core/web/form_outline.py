"""The three forms in outline: what a page that arranges them shows (FRM-01)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pyramid.request import Request

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.hooks.types import FormField, FormName
from cpoms_core.incidents import entry
from cpoms_core.incidents.forms import action_fields, incident_fields
from cpoms_core.incidents.student_fields import student_fields
from cpoms_core.students import information_form
from cpoms_core.web.arranged import placings_of
from cpoms_core.web.forms import build_form, in_order

TOGETHER: Mapping[FormName, Mapping[str, str]] = {
    "incident": entry.TOGETHER,
    "action": {},
    "student": information_form.TOGETHER,
}


@dataclass(frozen=True, slots=True)
class OutlinedField:
    """A field of a form. module: the name of the module that adds it, empty for the core's. weight: its own,
    where nobody places it. advice: the line under it that it came with."""

    name: str
    label: str
    module: str
    weight: int
    advice: str = ""


def form_outline(request: Request, form: FormName) -> list[OutlinedField]:
    """The fields of a form in their present order: all that anybody is given, whatever the viewer of the
    request may do themselves, because they arrange it for everybody. What stands with another field goes
    where that goes, and is not listed."""
    anybody = replace(request.viewer, permissions=frozenset(request.app.permissions))
    fields = [*_core(request, anybody, form), *_of_modules(request, anybody, form)]
    leaders = [one for one in fields if one.name not in TOGETHER[form]]
    made = build_form(leaders, None)
    return [
        OutlinedField(
            part.name,
            made.part(part.name).label.text,
            part.name.partition("-")[0] if "-" in part.name else "",
            part.weight,
            part.advice,
        )
        for part in in_order(leaders, placings_of(request.db, request.viewer, form), {})
    ]


def _core(request: Request, anybody: Viewer, form: FormName) -> Iterable[FormField]:
    if form == "incident":
        return [*student_fields(request), *incident_fields(anybody)]
    if form == "action":
        return action_fields(anybody, has_linked=True)
    return information_form.core_fields()


def _of_modules(request: Request, anybody: Viewer, form: FormName) -> Iterable[FormField]:
    """The modules are asked as for a student or an incident of which they know nothing yet."""
    hooks, db = request.app.hooks, request.db
    if form == "incident":
        return hooks.collect("incident_form_fields", db, anybody)
    if form == "action":
        return hooks.collect("action_form_fields", db, anybody, incident_id=new_id())
    return hooks.collect("student_form_fields", db, anybody, student_id=new_id())
