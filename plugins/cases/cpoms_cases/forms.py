"""The module's fields of the Add incident form (CAS-01), between Date and time and Files, and the forms of
its own pages."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField
from wtforms import ValidationError as Invalid
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from cpoms_cases import outcomes, queries
from cpoms_cases.models import ACTIVE, CLOSED, STATUSES, Outcome
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import FieldError, FormField
from cpoms_core.web.form_words import Form

STATUS, ASSIGNEE = "cases-status", "cases-assignee"
OUTCOME, REASON = "cases-outcome", "cases-reason"
WHY = "If it is closed already"
FIRST_YEAR, LAST_YEAR = 1900, 2199


def _id_or_nobody(text: str | uuid.UUID | None) -> uuid.UUID | None:
    """What was chosen; ValueError, which WTForms shows beside the field, where it is no id."""
    return uuid.UUID(str(text)) if text else None


def incident_fields(db: PluginSession, viewer: Viewer) -> list[FormField]:
    """Status and Assign to, and where the school asks, why one is closed at once. Who could see the incident
    is known once its categories are, so that every key holder is offered here, and `validate_incident`
    asks."""
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
        *(_why_fields(outcomes.usable(db)) if outcomes.asks(viewer) else ()),
    ]


def _why_fields(usable: Sequence[Outcome]) -> list[FormField]:
    """Behind a word, because few incidents are closed on the day they are recorded."""
    only = "Needed where the status is Closed."
    reason = FormField(REASON, TextAreaField("Reason", description=only), 73, fold=WHY)
    return (
        [FormField(OUTCOME, _outcome(usable, description=only), 72, fold=WHY), reason] if usable else [reason]
    )


def _outcome(usable: Iterable[Outcome], **options: Any) -> Any:
    choices = [SelectChoice(str(outcome.id), outcome.name) for outcome in usable]
    first = SelectChoice("", "Choose an outcome")
    return SelectField(
        "Outcome", choices=[first, *choices], coerce=_id_or_nobody, validate_choice=False, **options
    )


def why_form(usable: Sequence[Outcome], status: str, about: str, posted: Any = None) -> Form:
    """What a change to a status asks for. about: a word that tells its fields from others on the page."""
    fields: dict[str, Any] = {}
    if status == CLOSED and usable:
        fields[outcomes.OUTCOME] = _outcome(usable, id=f"outcome-{about}")
    again = "It is kept in the incident's history, and printed with it."
    fields[outcomes.REASON] = TextAreaField("Reason", description=again, id=f"reason-{about}")
    made: Any = type("WhyForm", (Form,), fields)
    form: Form = made(posted)
    for field in form:
        field.flags.required = True
    return form


def object_to(form: Form, errors: Iterable[FieldError]) -> None:
    """Puts what is wrong beside the fields."""
    for error in errors:
        form[error.field].errors = [error.message]


def _in_reach(_form: Form, field: DateField) -> None:
    if field.data is not None and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
        raise Invalid(f"Give a year from {FIRST_YEAR} to {LAST_YEAR}.")


class DaysForm(Form):
    """Which days' incidents are to be closed."""

    first = DateField("From", [InputRequired("Give the first day."), _in_reach])
    last = DateField("To", [InputRequired("Give the last day."), _in_reach])

    def validate_last(self, field: DateField) -> None:
        """The days in their order."""
        first: dt.date | None = self.first.data
        if first and field.data and field.data < first:
            raise Invalid("This is before the first day. Change one of the two.")


class SureForm(Form):
    """The tick without which nothing is closed."""

    sure = BooleanField("Close them. This cannot be undone here")


class OutcomeForm(Form):
    """A new outcome."""

    name = StringField("New outcome", description="For example: Parents spoken to. It is offered at once.")
