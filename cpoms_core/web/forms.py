"""The one builder that turns the core's and the modules' fields into a form."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webob.multidict import MultiDict

from cpoms_core.hooks.guarded_fields import Broke, guard_checks, is_of_module, that_can_be_made
from cpoms_core.hooks.types import FieldError, FormField, Placing
from cpoms_core.web.form_words import Form

DIGITS = 10
LARGEST_NUMBER = 2**31 - 1
"""Of incidents, versions and documents: the largest whole number of both databases' integer columns."""


DRAWN = "drawn"
"""What a form says of the fields that a module's own template drew, each by name: one whose template failed
was not there to be filled in, and what is kept under it must not be taken for emptied."""
CATEGORIES = "categories"
"""The field of a form on which the fields for some categories only wait."""


@dataclass(frozen=True, slots=True)
class ForCategories:
    """What fields that are there for some categories only wait for. there: categories that the incident has
    already, whatever the form says. names: of the categories that can be chosen on the form. parents: of
    sub-categories, by id: whoever chooses one chooses its parent."""

    there: Collection[uuid.UUID] = frozenset()
    names: Mapping[uuid.UUID, str] = field(default_factory=dict)
    parents: Mapping[uuid.UUID, uuid.UUID] = field(default_factory=dict)

    def chosen(self, ticked: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
        """All categories that count, where these are ticked."""
        ids = {*ticked, *self.there}
        return frozenset(ids | {self.parents[one] for one in ids if one in self.parents})


@dataclass(slots=True)
class BuiltForm:
    """A WTForms form with the fields in their order, and what drew or declared each of them.

    advice: what a school says under its fields, by name. idle: the names of those that do not count, because
    no category that they are for is chosen. missing: of those that the page could not show. broke: is told
    of a module's field that breaks later. posted: what the form was filled with, or None.
    """

    form: Form
    parts: Sequence[FormField]
    advice: Mapping[str, str] = field(default_factory=dict)
    categories: ForCategories = field(default_factory=ForCategories)
    idle: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    broke: Broke | None = None
    posted: MultiDict[str, Any] | None = None

    def part(self, name: str) -> Any:
        """The WTForms field of a name."""
        return self.form[name]

    def has(self, name: str) -> bool:
        return name in self.form

    def object_to(self, errors: Iterable[FieldError]) -> None:
        """Puts objections beside their fields, or on top where the form has no such field."""
        for error in errors:
            if error.field in self.form:
                field = self.form[error.field]
                field.errors = [*field.errors, error.message]
            else:
                self.form.form_errors.append(error.message)

    def module_values(self) -> dict[str, Any]:
        """What was typed in the modules' fields, as plain JSON values by field name: None for one that is not
        for the categories that were chosen, and nothing for one that the page could not show."""
        names = [part.name for part in self.parts if is_of_module(part) and part.name not in self.missing]
        return {name: None if name in self.idle else plain(self.form[name].data) for name in names}

    def not_taken(self, posted: MultiDict[str, Any], modules: Collection[str]) -> dict[str, list[str]]:
        """What was typed in fields of the installed `modules` that the form no longer has, by field name: the
        module was switched off, or its field deleted or broken, while somebody was writing."""
        left: dict[str, list[str]] = {}
        for name, value in posted.items():
            if not isinstance(value, str) or not value.strip() or name.partition("-")[0] not in modules:
                continue
            parts = name.split("-")  # a field may have several boxes: `maps-markers-note`
            if not any("-".join(parts[:many]) in self.form for many in range(2, len(parts) + 1)):
                left.setdefault(name, []).append(value)
        return left


def build_form(
    fields: Iterable[FormField],
    posted: MultiDict[str, Any] | None,
    given: dict[str, Any] | None = None,
    *,
    placings: Mapping[str, Placing] | None = None,
    together: Mapping[str, str] | None = None,
    categories: ForCategories | None = None,
    broke: Broke | None = None,
) -> BuiltForm:
    """Builds a form. `posted`: what came in, or None; `given`: values to start with; `placings`: of the
    fields that do not stand at their own weight, by name; `together`: fields that stand right behind another,
    by name; `categories`: what the fields for some categories wait for; `broke`: is told of each field of a
    module's that breaks, which then costs itself and not the form.

    Raises ValueError for two fields of one name: an unprefixed one would silently replace the core's.
    """
    placings, parts = placings or {}, list(fields)
    names = [part.name for part in parts]
    if len(set(names)) != len(names):
        raise ValueError(f"two fields of one form have the same name: {sorted(names)}")
    parts = in_order(parts, placings, together or {})
    values = {attribute(name): value for name, value in (given or {}).items()}

    def make(some: Sequence[FormField]) -> Any:
        made = type("BuiltFields", (Form,), {attribute(part.name): _named(part) for part in some})
        return _Renamed(made(posted, data=values))

    try:
        form = make(parts)
    except Exception:
        if broke is None:
            raise
        parts = that_can_be_made(parts, make, broke)
        form = make(parts)
    advice = {part.name: part.advice for part in parts if part.advice}
    advice |= {name: one.advice for name, one in placings.items() if one.advice}
    built = BuiltForm(form, parts, advice, categories or ForCategories(), broke=broke, posted=posted)
    for part in parts:
        if broke is not None and is_of_module(part):
            guard_checks(form[part.name], part.name, broke)
    built.idle, built.missing = _idle(built), _missing(parts, posted)
    for name in built.idle | built.missing:
        _let_pass(form[name])
    for name in built.missing:
        form[name].process(None)  # as it is kept, should the page be able to show it now
    return built


def in_order(
    fields: Iterable[FormField], placings: Mapping[str, Placing], together: Mapping[str, str]
) -> list[FormField]:
    """Fields in the order of their weights, or of their placings; what belongs to another field stands right
    behind it, wherever that is placed."""
    parts = list(fields)
    there = {part.name for part in parts}

    def weight(part: FormField) -> int:
        return placings[part.name].weight if part.name in placings else part.weight

    found: list[FormField] = []
    for part in sorted(parts, key=weight):
        if together.get(part.name) not in there:
            behind = [one for one in parts if together.get(one.name) == part.name]
            found += [part, *sorted(behind, key=lambda one: one.weight)]
    return found


def _idle(built: BuiltForm) -> frozenset[str]:
    """The fields for some categories only, none of which is chosen."""
    limited = [part for part in built.parts if part.categories]
    if not limited or not built.has(CATEGORIES):
        return frozenset()
    chosen = built.categories.chosen(built.part(CATEGORIES).data or ())
    return frozenset(part.name for part in limited if not part.categories & chosen)


def _missing(parts: Sequence[FormField], posted: MultiDict[str, Any] | None) -> frozenset[str]:
    """The fields with a template of their own that a posted form did not have."""
    own = [part.name for part in parts if part.template]
    if posted is None or not own:
        return frozenset()
    drawn = set(posted.getall(DRAWN))
    return frozenset(name for name in own if name not in drawn and name not in posted)


def _let_pass(field: Any) -> None:
    """Nothing is wrong with a field that does not count."""
    field.validate = lambda *_arguments, **_named: True
    field.errors, field.process_errors = (), []


def attribute(name: str) -> str:
    return name.replace("-", "__")


def _named(part: FormField) -> Any:
    """The field under its own name: `cases-status` cannot be a Python attribute."""
    field = part.field
    return field.field_class(*field.args, **{**field.kwargs, "name": part.name, "id": part.name})


class _Renamed:
    """A form whose fields are reached by the names that the page uses."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.form_errors: list[str] = form.form_errors  # type: ignore[assignment]

    def __getitem__(self, name: str) -> Any:
        return self._form[attribute(name)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._form, attribute(name))

    def __contains__(self, name: str) -> bool:
        return attribute(name) in self._form

    def __iter__(self) -> Any:
        return iter(self._form)


def plain(value: Any) -> Any:
    """A field's value as JSON has it; as a text where JSON has none, such as for decimal numbers. What cannot
    be written would take the whole record with it."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    return str(value)


def as_number(text: Any) -> int | None:
    """The number of a record or a version that came in from outside, or None where it is none, or larger than
    the database's numbers. Its length is asked first: Python refuses to read thousands of digits."""
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= DIGITS):
        return None
    found = int(text)
    return found if found <= LARGEST_NUMBER else None


def as_id(text: Any) -> uuid.UUID | None:
    """An id that came in from outside, or None where it is none."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None
