"""The fields of the Add incident and Add action forms (INC-01, ACT-01), in the order of the guides. Modules
put theirs between them by weight."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from wtforms import DateTimeLocalField, MultipleFileField, SelectMultipleField, TextAreaField
from wtforms import ValidationError as Invalid
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import FormField

WHOLE_SCHOOL = "whole-school"
LONGEST_TEXT = 100_000  # characters
EARLIEST = 1900  # year: before it the calendars of time zones end
CLOCK_SLACK = dt.timedelta(minutes=2)  # a person's clock may be a little ahead of ours
FORMAT = "%Y-%m-%dT%H:%M"


def to_id(value: Any) -> uuid.UUID:
    """A choice's value as an id; ValueError, which makes it an invalid choice, where it is none."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


class Ids(SelectMultipleField):
    """Ids of rows; what may be chosen is for the service to ask of policy, not for this list."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, coerce=to_id, validate_choice=False, choices=[], **kwargs)


def _not_in_future(viewer: Viewer) -> Any:
    def check(_form: Any, field: Any) -> None:
        if field.data is None:
            return
        if field.data.year < EARLIEST:
            raise Invalid("This is too long ago. Give the date and time when it happened.")
        moment = field.data.replace(tzinfo=viewer.school.zone)
        if moment > viewer.now() + CLOCK_SLACK:
            raise Invalid("This is in the future. Give the date and time when it happened.")

    return check


def _plain_lines(text: str | None) -> str | None:
    """A browser sends two characters for the end of a line; its author typed, and counts, one."""
    return text.replace("\r\n", "\n") if text else text


def _text(label: str, message: str, help_text: str) -> Any:
    return TextAreaField(
        label,
        [DataRequired(message), Length(max=LONGEST_TEXT, message="Use at most 100,000 characters.")],
        filters=[_plain_lines],
        description=help_text,
        render_kw={"rows": 9},
    )


def _shared(viewer: Viewer, verb: str, *, agencies_at: int) -> list[FormField]:
    """The fields that both forms end with; `agencies_at`: the weight of theirs, which differs."""
    fields = [
        FormField(
            "occurred",
            DateTimeLocalField(
                "Date and time",
                [InputRequired("Give the date and time."), _not_in_future(viewer)],
                format=[FORMAT, "%Y-%m-%dT%H:%M:%S"],
                description=f"When it {verb}. Now, unless you set it back.",
            ),
            60,
        ),
        FormField(
            "alerts", Ids("Alert staff", description="Who should read this? They get an e-mail at once."), 90
        ),
        FormField("agencies", Ids("Agency involved"), agencies_at),
    ]
    if viewer.may("files:attach"):
        largest = viewer.school.setting("max_file_megabytes")
        fields.append(
            FormField(
                "files",
                MultipleFileField("Files", description=f"Letters, e-mails, notes. Up to {largest} MB each."),
                80,
            )
        )
    return fields


def incident_fields(viewer: Viewer) -> list[FormField]:
    """The core's fields of the Add incident form, but for the student (`student_fields`)."""
    return [
        FormField(
            "text",
            _text(
                "Incident",
                "Write down what happened.",
                "What you saw and heard, in the child's own words where you can. Be accurate and specific.",
            ),
            20,
        ),
        FormField("categories", Ids("Categories", description="Choose at least one."), 30),
        FormField(
            "linked",
            Ids("Linked students", description="Other students involved: it will be on their records too."),
            40,
        ),
        *_shared(viewer, "happened", agencies_at=100),
    ]


def action_fields(viewer: Viewer, *, has_linked: bool) -> list[FormField]:
    """The core's fields of the Add action form."""
    fields = [
        FormField(
            "text",
            _text(
                "Action taken",
                "Write down what was done.",
                "A call, a referral, a meeting: what was done, with whom, and what comes next.",
            ),
            20,
        ),
        FormField(
            "categories",
            Ids("Add categories", description="They will be shown on the incident from now on."),
            30,
        ),
        *_shared(viewer, "was done", agencies_at=50),
    ]
    if has_linked:
        fields.append(
            FormField(
                "linked_actions",
                SelectMultipleField(
                    "Linked students",
                    choices=[("show", "Add action to linked students"), ("share", "Share documents")],
                    widget=ListWidget(prefix_label=False),
                    option_widget=CheckboxInput(),
                ),
                40,
            )
        )
    return fields


def in_utc(local: dt.datetime, viewer: Viewer) -> dt.datetime:
    """What a person typed, as the moment that it was at the school. In the hour that the clocks repeat, the
    first of the two is meant; one in the hour they skip is the moment an hour later."""
    return local.replace(tzinfo=viewer.school.zone, fold=0).astimezone(dt.UTC)
