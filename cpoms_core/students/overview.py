"""A student's overview: the summary line, what the MIS says, what the school keeps itself, and figures
(STU-02)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import Agency
from cpoms_core.students.facts import Facts, facts_of
from cpoms_core.students.figures import Figure, figures
from cpoms_core.students.links import LinkShown, links_of
from cpoms_core.students.models import Student, StudentAgency
from cpoms_core.tenancy.scope import SchoolSession, built_once


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page shows beside the record's header; texts and names are the viewer's to see."""

    summary: str
    keywords: Sequence[str]
    agencies: Sequence[str]
    links: Sequence[LinkShown]
    parts: Sequence[Facts]
    figures: Sequence[Figure]
    typed_in: bool  # by staff, and no import has matched the child yet (INC-02)


AGENCIES = built_once(
    select(Agency.name)
    .join(StudentAgency, StudentAgency.agency_id == Agency.id)
    .where(StudentAgency.student_id == bindparam("student", type_=Id))
    .order_by(Agency.name)
)


@policy.for_rights
def _student(sight: policy.Sight) -> Select[Student]:
    return select(Student).where(Student.id == bindparam("student", type_=Id), policy.student_records(sight))


def overview(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> Overview:
    """The overview of a student whose record the viewer may open, in five queries. Raises NothingThere."""
    asked: dict[str, Any] = policy.who(viewer, student=student_id)
    student = db.scalars(_student(viewer), asked).first()
    if student is None:
        raise NothingThere
    return Overview(
        summary=viewer.text(student.summary),
        keywords=[viewer.text(word) for word in student.keywords],
        agencies=db.scalars(AGENCIES, {"student": student_id}).all(),
        links=links_of(db, viewer, student_id),
        parts=facts_of(viewer, student),
        figures=figures(db, viewer, student_id),
        typed_in=student.mis_source is None and student.matched_to is None,
    )
