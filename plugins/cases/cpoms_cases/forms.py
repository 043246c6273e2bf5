"""The module's fields of the Add incident form (CAS-01), between Date and time and Files."""

from __future__ import annotations

import uuid

from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from cpoms_cases import queries
from cpoms_cases.models import ACTIVE, STATUSES
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import FormField

STATUS, ASSIGNEE = "cases-status", "cases-assignee"


def _id_or_nobody(text: str | uuid.UUID | None) -> uuid.UUID | None:
    """What was chosen; ValueError, which WTForms shows beside the field, where it is no id."""
    return uuid.UUID(str(text)) if text else None


def incident_fields(db: PluginSession) -> list[FormField]:
    """Status and Assign to. Who could see the incident is known once its categories are, so that every key
    holder is offered here, and `validate_incident` asks."""
    statuses = [SelectChoice(value, label) for value, label in STATUSES.items()]
    people = [SelectChoice(str(person.id), person.name) for person in queries.key_holders(db)]
    return [
        FormField(STATUS, SelectField("Status", choices=statuses, default=ACTIVE), 70),
        FormField(
            ASSIGNEE,
            SelectField(
                "Assign to",
                choices=[SelectChoice("", queries.NOBODY), *people],
                coerce=_id_or_nobody,
                validate_choice=False,
                description="A colleague with a key who can see this incident. They get an e-mail at once.",
            ),
            71,
        ),
    ]
