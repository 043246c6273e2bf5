"""What an incident is about, for asking who is told of it and who could see it: while it is typed, and once
it is recorded (INC-07, USR-07)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import and_, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.queries import About
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import Incident, IncidentCategory, IncidentStudent
from cpoms_core.incidents.services.parts import usable_with_parents
from cpoms_core.students import queries as students
from cpoms_core.tenancy.scope import SchoolSession


def about_typed(
    db: SchoolSession,
    viewer: Viewer,
    *,
    student_id: uuid.UUID | None,
    whole_school: bool,
    linked_ids: Sequence[uuid.UUID],
    category_ids: Sequence[uuid.UUID],
) -> About:
    """What is on the Add incident form so far, as it would be recorded: with the parents of sub-categories,
    and without what the viewer may not choose: nobody learns who is told of what they cannot record."""
    asked = [one for one in (student_id, *linked_ids) if one]
    known = {one: student.id for one, student in students.chosen_now(db, viewer, asked).items()}
    return About(
        known.get(student_id) if student_id else None,
        [known[one] for one in linked_ids if one in known],
        usable_with_parents(db, viewer, category_ids),
        chosen=whole_school or student_id in known,
    )


def about_recorded(db: SchoolSession, incident_id: uuid.UUID) -> About:
    """What a recorded incident is about; the viewer's right to it was asked before. Raises NothingThere."""
    its_linked = and_(IncidentStudent.incident_id == Incident.id, IncidentStudent.linked)
    rows = db.execute(
        select(Incident.student_id, IncidentStudent.student_id.label("linked_id"))
        .outerjoin(IncidentStudent, its_linked)
        .where(Incident.id == incident_id)
    ).all()
    if not rows:
        raise NothingThere
    linked = [row.linked_id for row in rows if row.linked_id is not None]
    categories = select(IncidentCategory.category_id).where(IncidentCategory.incident_id == incident_id)
    return About(rows[0].student_id, linked, list(db.scalars(categories)))


def widened(about: About, chosen: Iterable[uuid.UUID]) -> tuple[About, list[uuid.UUID]]:
    """An incident with the categories that an action adds to it, and those that are new to it."""
    added = [one for one in chosen if one not in about.category_ids]
    return replace(about, category_ids=[*about.category_ids, *added]), added
