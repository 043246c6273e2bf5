"""The forms of the administration."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from webob.multidict import MultiDict
from wtforms import BooleanField, Form, SelectField, SelectMultipleField, StringField, validators
from wtforms.widgets import NumberInput

from cpoms_core.admin.rights import RIGHTS, GroupState
from cpoms_core.errors import Refused
from cpoms_core.hooks.types import FormField, SettingSpec
from cpoms_core.web.forms import BuiltForm, as_id, build_form

LONGEST_SETTING = 500  # characters


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _name(example: str) -> StringField:
    return StringField(
        "Name",
        [validators.DataRequired("Give it a name."), validators.Length(max=80)],
        description=f"For example {example}.",
        filters=[_stripped],
    )


def _id(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


class GroupForm(Form):
    """The name of a user group; its ticks are read by `wanted_group`."""

    name = _name("Heads of year")


class AlertGroupForm(Form):
    """An alert group: its name and who is in it."""

    name = _name("Designated safeguarding leads")
    members = SelectMultipleField(
        "Users",
        [validators.InputRequired("Choose at least one user.")],
        coerce=_id,
        validate_choice=False,  # the service refuses, in words, whoever is not an active user
        description="Type a part of a name or of a user group. "
        "The buttons add everyone who is in a user group now.",
    )


def wanted_group(posted: MultiDict[str, Any]) -> GroupState:
    """The ticks of a user group's page. Raises Refused for what is no category."""
    return GroupState(
        posted.get("name", ""),
        frozenset(posted.getall("permission")),
        {right: frozenset(_ids(posted.getall(right))) for right in RIGHTS},
    )


def _ids(texts: Iterable[str]) -> Iterable[uuid.UUID]:
    for text in texts:
        found = as_id(text)
        if found is None:
            raise Refused("The form names a category that the school does not have. Open the page again.")
        yield found


# --- settings --------------------------------------------------------------------------------------------


def settings_form(
    specs: Mapping[str, SettingSpec], posted: MultiDict[str, Any] | None, values: Mapping[str, Any]
) -> BuiltForm:
    """The settings as a form: each with its help, its default, and the input that fits it."""
    fields = [FormField(name, _setting_field(spec), at) for at, (name, spec) in enumerate(specs.items())]
    return build_form(fields, posted, dict(values))


def _setting_field(spec: SettingSpec) -> Any:
    said = {"label": spec.title, "description": f"{spec.help} Default: {_words(spec)}."}
    if spec.choices:
        return SelectField(choices=list(spec.choices), validators=[_Parsed(spec)], **said)
    if isinstance(spec.default, bool):
        return BooleanField(**said)
    bounds = [validators.Length(max=LONGEST_SETTING), _Parsed(spec)]
    if isinstance(spec.default, int):
        return StringField(widget=NumberInput(step=1), validators=bounds, filters=[_stripped], **said)
    return StringField(validators=bounds, filters=[_stripped], **said)


def _words(spec: SettingSpec) -> str:
    if isinstance(spec.default, bool):
        return "yes" if spec.default else "no"
    text = str(dict(spec.choices).get(spec.default, spec.default)).rstrip(".")
    return text or "empty"


class _Parsed:
    """Puts the setting's own objection beside its field."""

    def __init__(self, spec: SettingSpec) -> None:
        self._spec = spec

    def __call__(self, _form: Form, field: Any) -> None:
        try:
            self._spec.parse(field.data or "")
        except ValueError as error:
            raise validators.ValidationError(str(error)) from None


def typed_settings(form: BuiltForm) -> dict[str, str]:
    """What was typed, by the setting's name."""
    typed = {}
    for part in form.parts:
        data = form.part(part.name).data
        typed[part.name] = ("y" if data else "") if isinstance(data, bool) else data or ""
    return typed
