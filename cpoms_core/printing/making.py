"""Long prints, made by the worker (`documents.prepared`)."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.documents.prepared import Made, Maker, Making
from cpoms_core.errors import NothingThere
from cpoms_core.printing.queries import record_student, still_visible
from cpoms_core.printing.services import RecordWanted, make_long, plan_record
from cpoms_core.students.models import Student
from cpoms_core.tenancy.scope import SchoolSession

PDF = "application/pdf"
REPORTS = "reports:run"


def _make(making: Making) -> Made:
    app, school_id = making.app, making.viewer.school_id
    wanted = RecordWanted.from_json(making.wanted)
    needs = REPORTS if wanted.report else ""
    if needs and not making.viewer.may(needs):
        raise NothingThere
    with app.session(school_id, writes=False) as db:
        plan = plan_record(db, making.viewer, wanted, password=bool(making.secret))
    content = make_long(
        lambda: app.transaction(school_id, writes=False),
        plan,
        password=making.secret,
        progress=making.progress,
    )
    return Made(
        plan.file_name,
        PDF,
        io.BytesIO(content),
        plan.event,
        plan.subjects,
        plan.details,
        needs,
        _asked_at(wanted),
    )


def _asked_at(wanted: RecordWanted) -> tuple[str, dict[str, str]]:
    """The page that such a print is asked for on."""
    if wanted.student_id is None:
        return "whole-school", {}
    return "student-report" if wanted.report else "student-incidents", {"student_id": str(wanted.student_id)}


def _may_fetch(db: SchoolSession, viewer: Viewer, subjects: Sequence[uuid.UUID]) -> bool:
    """Every one of the record's incidents must still be the viewer's to see: what was moved out of their
    sight since must not be fetched from a file. Raises NothingThere where the record itself was."""
    students = set(db.scalars(select(Student.id).where(Student.id.in_(subjects[:1]))))
    for student_id in students:
        record_student(db, viewer, student_id)
    return still_visible(db, viewer, [one for one in subjects if one not in students])


RECORD_PRINT = Maker("record print", _make, _may_fetch)
