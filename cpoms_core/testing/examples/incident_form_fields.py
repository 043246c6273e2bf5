"""A field of the form that records an incident, between its date and its files."""

from wtforms import StringField
from wtforms.validators import Length

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import FormField


@hookimpl
def incident_form_fields() -> list[FormField]:
    checks = [Length(max=500, message="Use at most 500 characters.")]
    return [FormField("example-note", StringField("Example", checks), 75)]
