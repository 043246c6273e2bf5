"""Students by their full name, exactly: for who may not search (INC-01, INC-04), and so that nobody who is on
roll is typed in a second time (INC-02)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, literal, or_, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.students.models import Student
from cpoms_core.students.names import fold, full_names
from cpoms_core.tenancy.scope import SchoolSession

MOST_WORDS = 40
"""More are nobody's name; each is a condition of the statement."""


def of_full_name(db: SchoolSession, viewer: Viewer, name: str) -> list[Student]:
    """The students on roll, of those whom the viewer may choose, who are called exactly this, by their legal
    names or those they go by, with the forename first or the surname."""
    wanted = fold(name.replace(",", " "))
    if not 0 < len(wanted.split()) <= MOST_WORDS:
        return []
    rows = db.scalars(
        select(Student)
        .where(policy.choosable_students(viewer), Student.archived_at.is_(None), _among_names(wanted))
        .order_by(Student.surname_key, Student.forename_key, Student.id)
    )
    return [row for row in rows if wanted in full_names(row)]


def _among_names(wanted: str) -> ColumnElement[bool]:
    """Condition on Student: these whole words stand beside each other in the searched names, where forenames
    come first; the words may begin with the surname. Few others pass it, so that it needs no limit, which
    could cut off the one that is meant."""
    names = literal(" ").concat(Student.search_text).concat(" ")
    words = wanted.split()
    turned = (" ".join(words[at:] + words[:at]) for at in range(len(words)))
    return or_(*(names.contains(f" {one} ", autoescape=True) for one in dict.fromkeys(turned)))
