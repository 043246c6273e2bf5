"""The form of the school's settings (ADM-02)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webob.multidict import MultiDict
from wtforms import BooleanField, SelectField, StringField, validators
from wtforms.widgets import NumberInput

from cpoms_core.admin.forms.fields import stripped
from cpoms_core.hooks.types import FormField, SettingSpec
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import BuiltForm, build_form

LONGEST_SETTING = 500  # characters


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
        return StringField(widget=NumberInput(step=1), validators=bounds, filters=[stripped], **said)
    return StringField(validators=bounds, filters=[stripped], **said)


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
