"""A field of the form that adds an action."""

import uuid

from wtforms import IntegerField
from wtforms.validators import Optional

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import FormField


@hookimpl
def action_form_fields(incident_id: uuid.UUID) -> list[FormField]:
    return [FormField("example-minutes", IntegerField("Minutes", [Optional()]), 75)]
