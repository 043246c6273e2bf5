"""Keeps tutor and year groups in step with the delivery's students. A student is in one group of each kind;
one that left is in none, so that only users who may see students without a group find them (STU-11)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select

from cpoms_core.database.types import new_id
from cpoms_core.imports.changes import GroupChanges, PeopleChanges
from cpoms_core.imports.records import StudentRecord
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.tenancy.scope import SchoolSession

KINDS = {"tutor": "tutor_group", "year": "year_group"}  # kind of group -> field of the record
Members = dict[uuid.UUID, set[uuid.UUID]]  # student -> groups


def compare_groups(
    db: SchoolSession,
    source: str,
    students: PeopleChanges,
    records: Sequence[StudentRecord],
    fields: Collection[str],
) -> GroupChanges:
    """Who joins and leaves which group, and which groups are new. Two queries."""
    found = GroupChanges()
    groups = {
        (kind, name): id
        for id, kind, name in db.execute(select(StudentGroup.id, StudentGroup.kind, StudentGroup.name))
    }
    kinds = {id: kind for (kind, _name), id in groups.items()}
    members = _members(db, source)
    spoken = {kind: field for kind, field in KINDS.items() if field in fields}
    for record in records:
        student_id = students.ids[record.mis_id]
        wanted = {
            _group(db, found, groups, kind, getattr(record, field))
            for kind, field in spoken.items()
            if getattr(record, field)
        }
        present = {group for group in members.get(student_id, ()) if kinds[group] in spoken}
        for group in wanted - present:
            found.joined.append({"school_id": db.school_id, "group_id": group, "student_id": student_id})
        for group in present - wanted:
            found.left.setdefault(group, []).append(student_id)
    for student_id in students.archived:
        for group in members.get(student_id, ()):
            found.left.setdefault(group, []).append(student_id)
    return found


def _members(db: SchoolSession, source: str) -> Members:
    rows = db.execute(
        select(GroupMember.student_id, GroupMember.group_id)
        .join(Student, Student.id == GroupMember.student_id)
        .where(Student.mis_source == source)
    )
    found: Members = {}
    for student_id, group_id in rows:
        found.setdefault(student_id, set()).add(group_id)
    return found


def _group(
    db: SchoolSession, found: GroupChanges, groups: dict[tuple[str, str], uuid.UUID], kind: str, name: str
) -> uuid.UUID:
    """The group's id; a new group is noted."""
    if (kind, name) not in groups:
        groups[kind, name] = new_id()
        found.groups.append({"school_id": db.school_id, "id": groups[kind, name], "kind": kind, "name": name})
    return groups[kind, name]
