"""What was typed to change an incident or action, and how a change finds what it changes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.documents.services import Incoming
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import Action, Incident, IncidentStudent
from cpoms_core.incidents.services.typed import Linked
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class IncidentEdit:
    """An incident as its form says it should be (EDT-01). `version`: the one that the form was opened with.
    `occurred_at`: UTC. `ticks`: of students linked already. `parts`: of any of its students (INC-15); those
    that are not named keep theirs. `documents`: files to add. `not_taken`: as of NewIncident."""

    incident_id: uuid.UUID
    version: int
    text: str
    occurred_at: dt.datetime
    category_ids: Sequence[uuid.UUID]
    agency_ids: Sequence[uuid.UUID] = ()
    ticks: Sequence[Linked] = ()
    parts: Mapping[uuid.UUID, uuid.UUID | None] = field(default_factory=dict)
    documents: Sequence[Incoming] = ()
    module_values: Mapping[str, Any] = field(default_factory=dict)
    not_taken: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionEdit:
    """An action as its form says it should be; fields as for IncidentEdit. `category_ids`: those that it adds
    to its incident."""

    action_id: uuid.UUID
    version: int
    text: str
    occurred_at: dt.datetime
    category_ids: Sequence[uuid.UUID] = ()
    agency_ids: Sequence[uuid.UUID] = ()
    on_linked: bool = False
    share_documents: bool = False
    documents: Sequence[Incoming] = ()
    module_values: Mapping[str, Any] = field(default_factory=dict)
    not_taken: Mapping[str, Sequence[str]] = field(default_factory=dict)


class ChangedMeanwhile(Exception):
    """Somebody else changed it after the form was opened: nothing is overwritten, the person is shown both.
    `version` is the newest one."""

    def __init__(self, version: int) -> None:
        super().__init__("changed meanwhile")
        self.version = version


def locked_incident(db: SchoolSession, incident_id: uuid.UUID, condition: ColumnElement[bool]) -> Incident:
    """An incident of which the condition is true, locked until the transaction ends. Raises NothingThere."""
    found = db.scalars(
        select(Incident)
        .where(Incident.id == incident_id, condition)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NothingThere
    return found


def locked_action(
    db: SchoolSession, viewer: Viewer, action_id: uuid.UUID, condition: ColumnElement[bool]
) -> tuple[Incident, Action]:
    """An action of which the condition is true with its incident, which is locked first: whatever changes
    either waits for the other. Raises NothingThere."""
    incident_id = db.scalar(select(Action.incident_id).where(Action.id == action_id, condition))
    if incident_id is None:
        raise NothingThere
    incident = locked_incident(db, incident_id, policy.editable_incidents(viewer))
    action = db.scalars(
        select(Action)
        .where(Action.id == action_id, Action.incident_id == incident_id, condition)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if action is None:
        raise NothingThere
    return incident, action


def subjects_of(db: SchoolSession, incident: Incident, *others: uuid.UUID) -> list[uuid.UUID]:
    """What an audit entry of a change names: the incident, its students, and what else it was about."""
    students = select(IncidentStudent.student_id).where(IncidentStudent.incident_id == incident.id)
    return [incident.id, *others, *db.scalars(students)]
