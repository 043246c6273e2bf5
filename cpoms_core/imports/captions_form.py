"""The form of a source's captions: a box for each field (MIS-05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from webob.multidict import MultiDict
from wtforms import StringField

from cpoms_core.imports.captions import CaptionedField
from cpoms_core.web.form_words import Form

FIELD = "caption-"
"""Begins the name of each box, before that of its field."""
BETWEEN = ";"
"""Stands between several captions. None needs it: captions are compared without punctuation."""


def captions_form(
    fields: Sequence[CaptionedField],
    posted: MultiDict[str, Any] | None = None,
    given: Mapping[str, str] | None = None,
) -> Form:
    """The form of a source's fields. given: what stands in the boxes at first, by field."""
    boxes = {FIELD + field.name: _box(field) for field in fields}
    first = {FIELD + name: text for name, text in (given or {}).items()}
    form: Form = type("CaptionsForm", (Form,), boxes)(posted, data=first)
    return form


def typed_captions(form: Form) -> dict[str, list[str]]:
    """What was typed, by field."""
    return {
        box.name.removeprefix(FIELD): [one for one in (box.data or "").split(BETWEEN) if one.strip()]
        for box in form
    }


def as_typed(captions: Sequence[str]) -> str:
    """Captions as they stand in a box."""
    return f"{BETWEEN} ".join(captions)


def _box(field: CaptionedField) -> StringField:
    which = " All of these are read, also numbered ones." if field.several else ""
    return StringField(field.title, description=f"Usual: {', '.join(field.usual)}.{which}")
