"""The form of a custom field: its name, kind, options, categories and advice (FRM-02)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from webob.multidict import MultiDict
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from cpoms_core.hooks.types import FormField
from cpoms_core.incidents.forms import Ids
from cpoms_core.web.forms import BuiltForm, build_form
from cpoms_formbuilder.kinds import DROPDOWN, KINDS
from cpoms_formbuilder.models import LONGEST_LABEL
from cpoms_formbuilder.plans import LONGEST_ADVICE


def field_form(
    posted: MultiDict[str, Any] | None, form: str, kept: Mapping[str, Any] | None, advice: str = ""
) -> BuiltForm:
    """The form as it came in, or filled with a field that is there. form: which of the three it is on; those
    of students have no categories."""
    longest = Length(max=LONGEST_LABEL, message=f"Use at most {LONGEST_LABEL} characters.")
    named = [DataRequired("Give the field a name."), longest]
    fields = [
        FormField("label", StringField("Name of the field", named), 10),
        FormField("required", BooleanField("Enforce an option is chosen?"), 30),
        FormField("many", BooleanField("Allow multiple options to be selected?"), 31),
        FormField("options", StringField("Options"), 40),
        FormField(
            "advice",
            TextAreaField(
                "Advice message",
                [Length(max=LONGEST_ADVICE, message=f"Use at most {LONGEST_ADVICE:,} characters.")],
                description="Stands under the field, for all who fill it in. Empty: none.",
                render_kw={"rows": 2},
            ),
            60,
        ),
    ]
    if kept is None:
        kinds = list(KINDS.items())
        kind = RadioField("Kind of field", [DataRequired("Choose what kind of field it is.")], choices=kinds)
        fields.append(FormField("kind", kind, 20))
    if form != "student":
        chosen = Ids("Categories", description="The field comes up with one of these. None ticked: always.")
        fields.append(FormField("categories", chosen, 50))
    given: dict[str, Any] = {"advice": advice, "kind": DROPDOWN}
    if kept is not None:
        given |= {"label": kept["label"], "required": kept["required"], "many": kept["many"]}
        given["categories"] = [uuid.UUID(one) for one in kept["categories"]]
    made = build_form(fields, posted, given)
    made.form.kept_kind = kept["kind"] if kept else ""
    return made


def typed(
    made: BuiltForm, options: Sequence[tuple[str, str]], categories: Sequence[uuid.UUID]
) -> dict[str, Any]:
    """What was typed, as `plans.with_field` takes it."""
    return {
        "label": made.part("label").data or "",
        "kind": made.part("kind").data if made.has("kind") else made.form.kept_kind,
        "required": made.part("required").data,
        "many": made.part("many").data,
        "categories": categories,
        "options": options,
    }
