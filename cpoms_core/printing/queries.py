"""What a print is of: which incidents, in which order, and how long they are. Always through the policy."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.filters import EVERYTHING, ChronologyFilter, narrowed_to
from cpoms_core.incidents.models import Action, Incident, IncidentCategory, IncidentStudent
from cpoms_core.incidents.training import real_incidents
from cpoms_core.students.hiding import StudentNames
from cpoms_core.students.models import Student
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which incidents of a record are printed, and how.

    student_id: whose record; None: the whole school's. only: the filters of the page (INC-14). categories:
    any of these, or all. linked: also those that the student is linked to. newest_first: otherwise from the
    beginning on. pinned_first: as the page has them.
    """

    student_id: uuid.UUID | None
    only: ChronologyFilter = EVERYTHING
    categories: tuple[uuid.UUID, ...] = ()
    linked: bool = True
    newest_first: bool = True
    pinned_first: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """An incident that is to be printed, and the characters of its text and of its actions'."""

    id: uuid.UUID
    characters: int


def lengths(db: SchoolSession, viewer: Viewer, chosen: Chosen, *, real_only: bool = False) -> list[Length]:
    """The incidents that are printed, in their order. One query; ids and numbers only, so that a record of
    any length is read in parts later. `real_only`: without what was recorded in training mode (REP-05)."""
    said = select(func.coalesce(func.sum(func.length(Action.text)), 0)).where(
        Action.incident_id == Incident.id, Action.deleted_at.is_(None)
    )
    in_actions = said.correlate_except(Action).scalar_subquery()
    whole_school = chosen.student_id is None
    real = [real_incidents()] if real_only else []
    found = select(Incident.id, (func.length(Incident.text) + in_actions).label("characters")).where(
        policy.visible_incidents(viewer),
        *narrowed_to(chosen.only.shape, whole_school=whole_school),
        *chosen.only.conditions,
        *real,
    )
    if whole_school:
        found = found.where(Incident.student_id.is_(None))
    else:
        on_record = [IncidentStudent.student_id == chosen.student_id]
        if not chosen.linked:
            on_record.append(~IncidentStudent.linked)
        found = found.join(IncidentStudent, IncidentStudent.incident_id == Incident.id).where(*on_record)
    if chosen.categories:
        categorised = select(IncidentCategory.incident_id).where(
            IncidentCategory.category_id.in_(chosen.categories)
        )
        found = found.where(Incident.id.in_(categorised))
    place: list[Any] = [Incident.occurred_at, Incident.id]
    order = [one.desc() if chosen.newest_first else one.asc() for one in place]
    if chosen.pinned_first:
        order.insert(0, Incident.pinned_at.is_(None))
    narrowed = {**chosen.only.given(viewer), "filter_record": chosen.student_id}
    rows = db.execute(found.order_by(*order), narrowed)
    return [Length(row.id, row.characters) for row in rows]


def still_visible(db: SchoolSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> bool:
    """Whether the viewer may still read every one of the incidents."""
    for start in range(0, len(ids), 500):
        some = list(ids[start : start + 500])
        seen = select(func.count(Incident.id)).where(Incident.id.in_(some), policy.visible_incidents(viewer))
        if db.scalar(seen) != len(some):
            return False
    return True


def record_student(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> Student:
    """A student whose record the viewer may open. Raises NothingThere."""
    found = db.scalars(
        select(Student).where(Student.id == student_id, policy.student_records(viewer))
    ).first()
    if found is None:
        raise NothingThere
    return found


def names_in(
    db: SchoolSession, student_id: uuid.UUID | None, incident_ids: Sequence[uuid.UUID]
) -> list[StudentNames]:
    """Every name of a student and of those in the incidents: what a report hides in texts (REP-10)."""
    together = select(IncidentStudent.student_id).where(IncidentStudent.incident_id.in_(incident_ids))
    rows = db.execute(
        select(
            Student.legal_forename,
            Student.legal_surname,
            Student.preferred_forename,
            Student.preferred_surname,
            Student.middle_names,
        ).where((Student.id == student_id) | Student.id.in_(together))
    )
    return [StudentNames(*row) for row in rows]
