"""The five kinds of fields: what draws and checks each, and how its values are kept and read."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from wtforms import (
    DateField,
    DateTimeLocalField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms import ValidationError as Invalid
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import FormField
from cpoms_core.incidents.filter_form import FIRST_YEAR, LAST_YEAR
from cpoms_core.incidents.forms import FORMAT, in_utc

DROPDOWN, TEXT, MULTILINE, DAY, MOMENT = "dropdown", "text", "multiline", "date", "moment"
KINDS = {
    DROPDOWN: "Dropdown",
    TEXT: "Text",
    MULTILINE: "Multiline text",
    DAY: "Date",
    MOMENT: "Date/time",
}
"""The kinds with the words that people see."""
LONGEST = {TEXT: 1_000, MULTILINE: 100_000}  # characters
WEIGHT = 55
"""Where a new field stands by itself: between Linked students and Date and time (INC-01)."""
PREFIX = "formbuilder-f"


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a dropdown."""

    id: uuid.UUID
    label: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A field of the school's own."""

    id: uuid.UUID
    form: str
    kind: str
    label: str
    required: bool = False
    many: bool = False
    categories: frozenset[uuid.UUID] = frozenset()
    options: list[Choice] = field(default_factory=list)
    deleted: bool = False

    @property
    def name(self) -> str:
        return field_name(self.id)


Kept = tuple[uuid.UUID | None, str]
"""A value as it is stored: the option that was chosen, or the text."""


def field_name(field_id: uuid.UUID) -> str:
    """The name of a field on its form."""
    return f"{PREFIX}{field_id.hex}"


def id_in(name: str) -> uuid.UUID | None:
    """The field that a name on a form stands for, or None for a field that is not the school's own."""
    try:
        return uuid.UUID(hex=name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
    except ValueError:
        return None


def form_field(definition: Definition, viewer: Viewer, now: Sequence[Kept] = ()) -> FormField:
    """The field as the form has it, with what is kept now."""
    made = _MADE[definition.kind](definition, viewer, now)
    return FormField(definition.name, made, WEIGHT, categories=definition.categories)


def _dropdown(definition: Definition, _viewer: Viewer, now: Sequence[Kept]) -> Any:
    chosen = [option.hex for option, _text in now if option]
    offered = [
        (one.id.hex, one.label + (" (no longer offered)" if one.removed else ""))
        for one in definition.options
        if not one.removed or one.id.hex in chosen
    ]
    asked = [InputRequired("Choose an option.")] if definition.required else [Optional()]
    if definition.many:
        return SelectMultipleField(
            definition.label,
            asked,
            choices=offered,
            default=chosen,
            widget=ListWidget(prefix_label=False),
            option_widget=CheckboxInput(),
        )
    first = chosen[0] if chosen else ""
    return SelectField(definition.label, asked, choices=[("", "Not chosen"), *offered], default=first)


def _text(definition: Definition, _viewer: Viewer, now: Sequence[Kept]) -> Any:
    most = LONGEST[definition.kind]
    made = StringField if definition.kind == TEXT else TextAreaField
    kwargs: dict[str, Any] = {"render_kw": {"rows": 4}} if definition.kind == MULTILINE else {}
    checks = [Length(max=most, message=f"Use at most {most:,} characters.")]
    filters = [lambda text: text.replace("\r\n", "\n") if text else text]
    return made(definition.label, checks, default=now[0][1] if now else "", filters=filters, **kwargs)


def _day(definition: Definition, _viewer: Viewer, now: Sequence[Kept]) -> Any:
    default = dt.date.fromisoformat(now[0][1]) if now else None
    return DateField(definition.label, [Optional(), a_year_of_people], default=default)


def _moment(definition: Definition, viewer: Viewer, now: Sequence[Kept]) -> Any:
    default = viewer.local(dt.datetime.fromisoformat(now[0][1])).replace(tzinfo=None) if now else None
    formats = [FORMAT, "%Y-%m-%dT%H:%M:%S"]
    return DateTimeLocalField(
        definition.label, [Optional(), a_year_of_people], format=formats, default=default
    )


_MADE = {DROPDOWN: _dropdown, TEXT: _text, MULTILINE: _text, DAY: _day, MOMENT: _moment}


def a_year_of_people(_form: Any, field: Any) -> None:
    """A validator of days: of the years that calendars and time zones know."""
    if field.data is not None and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
        raise Invalid(f"Give a year from {FIRST_YEAR} to {LAST_YEAR}.")


def to_keep(definition: Definition, typed: Any, viewer: Viewer) -> list[Kept]:
    """What came in, as it is stored; nothing where nothing was put in. A moment becomes one in UTC."""
    if typed in (None, "", []):
        return []
    if definition.kind == DROPDOWN:
        chosen = typed if isinstance(typed, list) else [typed]
        return [(one.id, one.label) for one in definition.options if one.id.hex in chosen]
    if definition.kind == MOMENT:
        return [(None, in_utc(dt.datetime.fromisoformat(typed), viewer).isoformat())]
    text = str(typed).strip() if definition.kind in LONGEST else str(typed)
    return [(None, text)] if text else []


def to_read(kind: str, text: str, viewer: Viewer) -> str:
    """A stored text as people read it; what they wrote goes through `viewer.text`."""
    if kind == DAY:
        return _in_words(dt.date.fromisoformat(text))
    if kind == MOMENT:
        moment = viewer.local(dt.datetime.fromisoformat(text))
        return f"{_in_words(moment.date())}, {moment:%H:%M}"
    return text if kind == DROPDOWN else viewer.text(text)


def _in_words(day: dt.date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
