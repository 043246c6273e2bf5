"""Siblings by the MIS (STU-03), each link kept in both directions. Links by staff are never touched."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select

from cpoms_core.imports.changes import LinkChanges, PeopleChanges
from cpoms_core.imports.records import StudentRecord
from cpoms_core.students.models import StudentLink
from cpoms_core.tenancy.scope import SchoolSession

SIBLING = "sibling"
Pair = tuple[uuid.UUID, uuid.UUID]


def compare_links(
    db: SchoolSession, students: PeopleChanges, records: Sequence[StudentRecord], fields: Collection[str]
) -> LinkChanges:
    """New sibling links, and those that neither of two students of this delivery names any more. One with a
    student who has left stays: brothers and sisters do not cease to be that. One query."""
    found = LinkChanges()
    if "siblings" not in fields:
        return found
    wanted = _wanted(students, records)
    rows = db.execute(
        select(StudentLink.student_id, StudentLink.other_id).where(StudentLink.from_mis.is_(True))
    )
    present: set[Pair] = {(row.student_id, row.other_id) for row in rows}
    for student_id, other_id in sorted(wanted - present):
        found.new.append(
            {
                "school_id": db.school_id, "student_id": student_id, "other_id": other_id, "kind": SIBLING,
                "from_mis": True,
            }
        )  # fmt: skip
    here = {students.ids[record.mis_id] for record in records}
    for pair in sorted(present - wanted):
        if here.issuperset(pair):
            found.gone.setdefault(pair[0], []).append(pair[1])
    return found


def _wanted(students: PeopleChanges, records: Sequence[StudentRecord]) -> set[Pair]:
    wanted: set[Pair] = set()
    for record in records:
        own = students.ids[record.mis_id]
        for sibling in record.siblings:
            other = students.ids.get(sibling)
            if other is not None and other != own:
                wanted |= {(own, other), (other, own)}
    return wanted
