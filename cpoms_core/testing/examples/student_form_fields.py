"""A field of Edit information, with what is kept now as its default."""

import uuid

from wtforms import StringField

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import FormField


@hookimpl
def student_form_fields(student_id: uuid.UUID) -> list[FormField]:
    return [FormField("example-house", StringField("House", default=""), 500)]
