"""The one builder that turns the core's and the modules' fields into a form."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from webob.multidict import MultiDict

from cpoms_core.hooks.types import FieldError, FormField
from cpoms_core.web.form_words import Form

DIGITS = 10
LARGEST_NUMBER = 2**31 - 1
"""Of incidents, versions and documents: the largest whole number of both databases' integer columns."""


@dataclass(slots=True)
class BuiltForm:
    """A WTForms form with the fields in their order, and what drew or declared each of them."""

    form: Form
    parts: Sequence[FormField]

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
        """What was typed in the modules' fields, as plain JSON values by field name."""
        return {part.name: plain(self.form[part.name].data) for part in self.parts if "-" in part.name}


def build_form(
    fields: Iterable[FormField], posted: MultiDict[str, Any] | None, given: dict[str, Any] | None = None
) -> BuiltForm:
    """Builds a form. `posted`: what came in, or None; `given`: values to start with.

    Raises ValueError for two fields of one name: an unprefixed one would silently replace the core's.
    """
    parts = sorted(fields, key=lambda part: part.weight)
    names = [part.name for part in parts]
    if len(set(names)) != len(names):
        raise ValueError(f"two fields of one form have the same name: {sorted(names)}")
    made = type("BuiltFields", (Form,), {attribute(part.name): _named(part) for part in parts})
    values = {attribute(name): value for name, value in (given or {}).items()}
    return BuiltForm(_Renamed(made(posted, data=values)), parts)  # type: ignore[arg-type]


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
    """A field's value as JSON has it."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    return value


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
