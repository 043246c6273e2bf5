"""The versions of what the school keeps on a student, in words: who changed what, and when (STU-03, 04)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import Agency
from cpoms_core.modules.kept_fields import FieldsInWords
from cpoms_core.students.models import Student, StudentVersion
from cpoms_core.students.versions import NOTHING
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 20  # versions
PARTS = {
    "summary": "Summary",
    "keywords": "Keywords",
    "agencies": "Agencies involved",
    "links": "Links",
    "contacts": "Own contacts",
    "photo": "Photo",
}
NONE = "nothing"


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a version that differs from the version before, both in words."""

    label: str
    before: Sequence[str]
    after: Sequence[str]


@dataclass(frozen=True, slots=True)
class VersionShown:
    """A version with what it changed; `at` in the school's time zone."""

    version: int
    by_name: str
    at: dt.datetime
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in versions are called, as the viewer may know it: agencies, and linked students; and the
    words of modules' fields."""

    agencies: Mapping[str, str]
    students: Mapping[str, str]
    fields: FieldsInWords


def names_in(db: SchoolSession, viewer: Viewer, contents: Sequence[Mapping[str, Any]]) -> Names:
    """The names of everything that versions mention, in two queries; modules are asked for the words of what
    was put into their fields, once."""
    agencies = {uuid.UUID(one) for content in contents for one in content["agencies"]}
    students = {uuid.UUID(one["student"]) for content in contents for one in content["links"]}
    named = db.execute(select(Agency.id, Agency.name).where(Agency.id.in_(agencies)))
    seen = db.scalars(select(Student).where(Student.id.in_(students), policy.visible_students(viewer)))
    return Names(
        {str(row.id): row.name for row in named},
        {str(one.id): viewer.name(one) for one in seen},
        FieldsInWords(db, viewer, contents),
    )


def in_words(viewer: Viewer, names: Names, part: str, content: Mapping[str, Any]) -> list[str]:
    """One part of a version as lines for a person."""
    value = content[part]
    if part == "agencies":
        return sorted(names.agencies[one] for one in value if one in names.agencies)
    if part == "links":
        return sorted(
            f"{names.students.get(one['student'], 'another student')} ({viewer.text(one['kind'])})"
            for one in value
        )
    if part == "contacts":
        return [_contact(viewer, one) for one in value]
    if part == "photo":
        return ["a photo"] if value else []
    if isinstance(value, list):
        return [viewer.text(one) for one in value]
    return viewer.text(value).splitlines()


def _contact(viewer: Viewer, contact: Mapping[str, Any]) -> str:
    responsible = contact["parental_responsibility"]
    facts = [
        contact["relationship"],
        *(contact.get("phones") or []),
        contact.get("email"),
        ", ".join((contact.get("address") or "").splitlines()),
        f"priority {contact['priority']}" if contact["priority"] is not None else "",
        "" if responsible is None else f"{'with' if responsible else 'without'} parental responsibility",
        "ended" if contact["ended"] else "",
    ]
    return viewer.text(" · ".join([contact["name"], *filter(None, facts)]))


def history_of(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, *, before: int | None = None
) -> tuple[list[VersionShown], int | None]:
    """A page of a student's versions, newest first, and the version to go on before (None at the end); for
    who may edit them, or the child that a record was matched with (INC-02). `before`: as answered with the
    page before. Four queries. Raises NothingThere."""
    may = or_(policy.editable_students(viewer), policy.matched_records(viewer))
    allowed = select(Student.id).where(Student.id == student_id, may)
    if db.scalar(allowed) is None:
        raise NothingThere
    statement = (
        select(
            StudentVersion.version,
            StudentVersion.content,
            StudentVersion.made_at,
            staff_name().label("by_name"),
        )
        .outerjoin(User, User.id == StudentVersion.made_by)
        .where(StudentVersion.student_id == student_id)
        .order_by(StudentVersion.version.desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        statement = statement.where(StudentVersion.version < before)
    rows = db.execute(statement).all()
    contents = [{**NOTHING, **row.content} for row in rows] + [NOTHING]
    names = names_in(db, viewer, contents)
    shown = [
        VersionShown(
            row.version,
            row.by_name or "Somebody",
            viewer.local(row.made_at),
            changes_between(viewer, names, contents[place + 1], contents[place]),
        )
        for place, row in enumerate(rows[:PAGE])
    ]
    return shown, rows[PAGE - 1].version if len(rows) > PAGE else None


def earlier_records(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """The records that staff typed in and that were matched with a student, with their names: those on which
    the school kept something then, for who may edit the student."""
    kept = select(StudentVersion.student_id)
    rows = db.scalars(
        select(Student)
        .where(Student.matched_to == student_id, Student.id.in_(kept), policy.matched_records(viewer))
        .order_by(Student.created_at, Student.id)
    )
    return {one.id: viewer.name(one) for one in rows}


def changes_between(
    viewer: Viewer, names: Names, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Change]:
    """The parts that differ between two versions, and what was put into fields of modules that are on
    (FRM-03). Another photo is a change, though both are called a photo."""
    own = [
        Change(
            label,
            in_words(viewer, names, part, before) or [NONE],
            in_words(viewer, names, part, after) or [NONE],
        )
        for part, label in PARTS.items()
        if before[part] != after[part]
    ]
    fields = [*names.fields.changed(before, after), *names.fields.not_taken(after)]
    return own + [
        Change(one.label, one.was.splitlines() or [NONE], one.now.splitlines() or [NONE]) for one in fields
    ]
