"""The order of lists: by the names that the school shows (STU-12)."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from cpoms_core.students.models import Student
from cpoms_core.students.names import keys_of
from cpoms_core.tenancy.scope import SchoolSession


def order_lists(db: SchoolSession, *, legal: bool) -> int:
    """Orders the lists by legal names, or by preferred ones, from now on: one query and one update of those
    who have both. Answers how many students moved."""
    both = or_(Student.preferred_forename != "", Student.preferred_surname != "")
    rows = []
    for student in db.execute(select(Student).where(both)).scalars():
        keys = keys_of(student, student.middle_names, student.upn, legal=legal)
        if keys["surname_key"] != student.surname_key or keys["forename_key"] != student.forename_key:
            del keys["search_text"]  # of every name, whichever is shown
            rows.append({"school_id": db.school_id, "id": student.id, **keys})
    if rows:
        db.execute(update(Student), rows)
    return len(rows)
