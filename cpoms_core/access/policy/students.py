"""Whom a viewer may see, open and choose of the students (USR-09, USR-12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import aliased

from cpoms_core.access.models import ClassAccess, ClassRestriction
from cpoms_core.access.policy.sight import Condition, Eyes, Sight, eyes_of, for_viewer, there_is
from cpoms_core.students.models import GroupMember, Student, StudentGroup


@dataclass(frozen=True, slots=True)
class ClassParts:
    """What class access to one student rests on (USR-09), as conditions; `in_class` says how they combine.

    grouped: the student is in a student group. in_restricted: in one of a kind that is restricted. listed:
    one of these lists the user, or their whole user group. unrestricted: restrictions are off.
    sees_ungrouped: the user may see students who have no group. typed_in: staff typed the student in, and no
    import has matched it yet.
    """

    grouped: Condition
    in_restricted: Condition
    listed: Condition
    unrestricted: Condition
    sees_ungrouped: Condition
    typed_in: Condition


def listing(eyes: Eyes, student_id: Any) -> list[Condition]:
    """What ties a student to the class lists that name whoever looks: for `GroupMember`, `StudentGroup`,
    `ClassRestriction` and `ClassAccess` together."""
    return [
        *_in_restricted(student_id),
        ClassAccess.student_group_id == StudentGroup.id,
        ClassAccess.holder_id.in_([eyes.user_id, eyes.group_id]),
    ]


def _in_restricted(student_id: Any) -> list[Condition]:
    """What ties a student to their groups of a kind that is restricted."""
    return [
        GroupMember.student_id == student_id,
        StudentGroup.id == GroupMember.group_id,
        ClassRestriction.kind == StudentGroup.kind,
    ]


def class_parts(eyes: Eyes, student_id: ColumnElement[Any]) -> ClassParts:
    child = aliased(Student)  # the enclosing statement may select students itself
    return ClassParts(
        grouped=there_is(GroupMember, where=[GroupMember.student_id == student_id]),
        in_restricted=there_is(GroupMember, StudentGroup, ClassRestriction, where=_in_restricted(student_id)),
        listed=there_is(
            GroupMember, StudentGroup, ClassRestriction, ClassAccess, where=listing(eyes, student_id)
        ),
        unrestricted=~there_is(ClassRestriction, where=[]),
        sees_ungrouped=eyes.sees_ungrouped,
        typed_in=there_is(
            child, where=[child.id == student_id, child.mis_source.is_(None), child.archived_at.is_(None)]
        ),
    )


def in_class(eyes: Eyes, student_id: ColumnElement[Any]) -> Condition:
    """USR-09: with class restrictions off every class; with them on the listed users and groups only, and
    administrators are no exception; either kind of group suffices. A student without a group is for those
    who may see such students, but one typed in by staff is for everyone until an import matches it. A student
    in no group of a kind that is restricted, whom no list could name, is without a group in this sense: a new
    starter who has no tutor group yet must not be out of everybody's sight."""
    parts = class_parts(eyes, student_id)
    ungrouped = or_(parts.sees_ungrouped, parts.typed_in)
    return or_(
        and_(parts.unrestricted, or_(parts.grouped, ungrouped)),
        and_(~parts.unrestricted, or_(parts.listed, and_(~parts.in_restricted, ungrouped))),
    )


@for_viewer
def visible_students(viewer: Sight) -> Condition:
    """Condition on Student: may appear in the viewer's lists and searches."""
    eyes = eyes_of(viewer)
    return and_(
        true() if viewer.elevated else false(),
        eyes.permits("students:list"),
        in_class(eyes, Student.id),  # type: ignore[arg-type]
    )


@for_viewer
def student_records(viewer: Sight) -> Condition:
    """Condition on Student: the viewer may open the student's record."""
    return and_(visible_students(viewer), eyes_of(viewer).permits("students:details"))


@for_viewer
def editable_students(viewer: Sight) -> Condition:
    """Condition on Student: the viewer may change what the school itself keeps on the student: Edit
    information and own contacts (STU-03, STU-04). Who may edit what was written on a record may edit this."""
    return and_(student_records(viewer), eyes_of(viewer).permits("incidents:edit"))


@for_viewer
def matched_records(viewer: Sight) -> Condition:
    """Condition on Student: staff typed it in, and it was matched with a student whom the viewer may edit:
    its versions are part of that one's history (INC-02, STU-03)."""
    return Student.matched_to.in_(select(Student.id).where(editable_students(viewer)).correlate(None))


@for_viewer
def choosable_students(viewer: Sight) -> Condition:
    """Condition on Student: may be chosen on the Add incident form. Whoever may record a concern may record
    it about any child on roll; the form shows a name and a year only (INC-01). Who was typed in and matched
    with a child of the MIS is chosen as that child (INC-02)."""
    return and_(
        eyes_of(viewer).permits("incidents:add"),
        Student.matched_to.is_(None),
        or_(Student.archived_at.is_(None), visible_students(viewer)),
    )
