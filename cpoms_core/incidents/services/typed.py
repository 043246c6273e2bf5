"""What was typed in the forms, as the services take it, and why a form is refused."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cpoms_core.documents.services import Incoming
from cpoms_core.hooks.types import FieldError
from cpoms_core.students.typed_in import TypedStudent


@dataclass(frozen=True, slots=True)
class Linked:
    """A further student on whose record the incident appears, with the two ticks of INC-04, and their part in
    it (INC-15; None: not said)."""

    student_id: uuid.UUID
    monitor: bool = False
    share_documents: bool = False
    part_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class NewIncident:
    """A concern as it was typed. `student_id`: None for the whole school, and where a `new_student` was typed
    in whom the list does not have. `part_id`: the student's part in it. `occurred_at`: UTC.

    `submission`: made with the form, so that a second click or the back button records nothing twice.
    `module_values`: what was typed in modules' fields, by field name. `not_taken`: the same of fields that
    are no longer there (`BuiltForm.not_taken`), which is kept with the version.
    """

    submission: uuid.UUID
    student_id: uuid.UUID | None
    text: str
    category_ids: Sequence[uuid.UUID]
    occurred_at: dt.datetime
    linked: Sequence[Linked] = ()
    alert_ids: Sequence[uuid.UUID] = ()
    agency_ids: Sequence[uuid.UUID] = ()
    documents: Sequence[Incoming] = ()
    module_values: Mapping[str, Any] = field(default_factory=dict)
    not_taken: Mapping[str, Sequence[str]] = field(default_factory=dict)
    draft: str = "incident"  # the draft that becomes this incident
    opened_in_training: bool | None = None  # as `in_training.is_training` has it (TRN-01)
    part_id: uuid.UUID | None = None
    new_student: TypedStudent | None = None


@dataclass(frozen=True, slots=True)
class NewAction:
    """A follow-up as it was typed; fields as for NewIncident. `on_linked`: shown on the linked students'
    records too."""

    submission: uuid.UUID
    incident_id: uuid.UUID
    text: str
    occurred_at: dt.datetime
    category_ids: Sequence[uuid.UUID] = ()
    alert_ids: Sequence[uuid.UUID] = ()
    agency_ids: Sequence[uuid.UUID] = ()
    documents: Sequence[Incoming] = ()
    on_linked: bool = False
    share_documents: bool = False
    module_values: Mapping[str, Any] = field(default_factory=dict)
    not_taken: Mapping[str, Sequence[str]] = field(default_factory=dict)
    opened_in_training: bool | None = None
    draft: str = ""  # the draft that becomes this action; its incident's where none is named


class FormRefused(Exception):
    """A form that cannot be accepted as it is: what is wrong, field by field. Nothing was saved."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("the form was refused")
        self.errors = errors


class AlreadySubmitted(FormRefused):
    """The form was submitted before with other words, which are kept (two tabs with one draft, or the back
    button and a change). This is another concern, and becomes one when it is sent again."""

    def __init__(self) -> None:
        message = (
            "You submitted this form a moment ago with other words, and they are recorded. What is written "
            "here now is not recorded yet: if it is another one, submit it again."
        )
        super().__init__([FieldError("", message)])
