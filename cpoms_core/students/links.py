"""Links between students: siblings by the MIS, and what staff noted (STU-03). Every link is kept in both
directions, so that either record shows it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.students.models import Student, StudentLink
from cpoms_core.students.queries import SHOWN, note_of
from cpoms_core.tenancy.scope import SchoolSession

KINDS = ("friend", "cousin", "neighbour", "sibling")
"""What the form offers; any other word may be typed."""


@dataclass(frozen=True, slots=True)
class LinkShown:
    """A linked student; outside the viewer's classes "another student", without a name (USR-12.3)."""

    other_id: uuid.UUID
    name: str
    note: str
    kind: str
    from_mis: bool
    opens: bool  # the viewer may open that record
    visible: bool
    archived: bool = False


@policy.for_rights
def _links(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *SHOWN,
            StudentLink.kind,
            StudentLink.from_mis,
            policy.student_records(sight).label("opens"),
            policy.visible_students(sight).label("visible"),
        )
        .join(StudentLink, StudentLink.other_id == Student.id)
        .where(StudentLink.student_id == bindparam("student", type_=Id))
        .order_by(StudentLink.from_mis.desc(), Student.surname_key, Student.forename_key, Student.id)
    )


def links_of(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> list[LinkShown]:
    """A student's links, the MIS's first. One query."""
    return [
        LinkShown(
            other_id=row.id,
            name=viewer.name(row) if row.visible else "another student",
            note=note_of(row) if row.visible else "",
            kind=viewer.text(row.kind),
            from_mis=row.from_mis,
            opens=bool(row.opens),
            visible=bool(row.visible),
            archived=bool(row.visible) and row.archived_at is not None,
        )
        for row in db.execute(_links(viewer), policy.who(viewer, student=student_id))
    ]
