"""The same field when the action is edited, filled with what is kept."""

import uuid

from wtforms import IntegerField
from wtforms.validators import Optional

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import FormField


@hookimpl
def action_edit_fields(db: PluginSession, action_id: uuid.UUID) -> list[FormField]:
    return [FormField("example-minutes", IntegerField("Minutes", [Optional()], default=None), 75)]
