"""An incident as a page shows it, and all that stands in it; `beside.fill` makes them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam

from cpoms_core.alerts.passed_on import PassedOn
from cpoms_core.database.types import Id
from cpoms_core.hooks.types import Option
from cpoms_core.incidents.gone import Gone

INCIDENTS = bindparam("incidents", expanding=True, type_=Id())
"""The ids of the incidents of a page, in statements that are built once."""


@dataclass(frozen=True, slots=True)
class CategoryShown:
    """A category lozenge."""

    id: uuid.UUID
    name: str
    parent_name: str | None
    colour: str


@dataclass(frozen=True, slots=True)
class FileShown:
    """A file on an incident or action; `number`: its document ID (EDT-10); `size` in bytes."""

    id: uuid.UUID
    number: int
    name: str
    size: int
    picture: bool = False  # it can be shown, drawn anew


@dataclass(slots=True)
class ActionShown:
    """An action under its incident."""

    id: uuid.UUID
    author_name: str
    text: str
    occurred: dt.datetime
    created: dt.datetime
    shares_files: bool = True  # on the record that is shown
    on_linked: bool = False  # on the record of every linked student
    was_incident: uuid.UUID | None = None  # merged (EDT-04): modules' panels of it are this action's
    was_number: int | None = None
    training: bool = False  # recorded in training mode (TRN-01)
    files: list[FileShown] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    categories: list[CategoryShown] = field(default_factory=list)  # those it added to the incident
    open_alerts: list[uuid.UUID] = field(default_factory=list)
    panels: list[Any] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)  # modules' links (EDT-08)


@dataclass(frozen=True, slots=True)
class StudentIn:
    """A student of an incident, by the name that the viewer may see; `part`: "" where it was not said."""

    id: uuid.UUID
    name: str
    linked: bool
    part: str

    @property
    def with_part(self) -> str:
        return f"{self.name} ({self.part})" if self.part else self.name


@dataclass(slots=True)
class IncidentShown:
    """An incident as a page shows it; times are the school's, names and texts the viewer's to see."""

    id: uuid.UUID
    number: int
    author_name: str
    text: str
    occurred: dt.datetime
    created: dt.datetime
    subject_id: uuid.UUID | None
    rightful: bool  # seen by the viewer's own rights, not only through an alert
    pinned: bool = False
    training: bool = False  # recorded in training mode (TRN-01)
    cursor: str = ""
    students: list[StudentIn] = field(default_factory=list)
    record: uuid.UUID | None = None  # the student on whose record it is shown
    student_names: list[str] = field(default_factory=list)
    linked_names: list[str] = field(default_factory=list)
    categories: list[CategoryShown] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    files: list[FileShown] = field(default_factory=list)
    actions: list[ActionShown] = field(default_factory=list)
    open_alerts: list[uuid.UUID] = field(default_factory=list)
    read_count: int = 0
    passed_on: list[PassedOn] = field(default_factory=list)  # alerts that were not read in time (INC-16)
    panels: list[Any] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)  # modules' links (EDT-08)
    deleted_actions: list[Gone] = field(default_factory=list)  # for who may restore them (EDT-02)
