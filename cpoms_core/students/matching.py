"""Matching students whom staff typed in with those of the MIS (INC-02)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import Incident, IncidentStudent
from cpoms_core.students.models import Student
from cpoms_core.students.moving import hold_incidents, move_everything
from cpoms_core.students.names import fold, full_names
from cpoms_core.students.queries import SHOWN, note_of
from cpoms_core.tenancy.scope import SchoolSession

NEAR = 0.78
"""From here on two names are near (1 is equal): a slip or two, a nickname, a missing second surname."""
MOST = 5  # candidates shown of each student


@dataclass(frozen=True, slots=True)
class Candidate:
    """A child of the MIS who may be the one that was typed in. `why`: in words, best reason first."""

    id: uuid.UUID
    name: str
    note: str
    born: dt.date | None
    archived: bool
    why: str


@dataclass(frozen=True, slots=True)
class TypedIn:
    """A student typed in by staff, whom nobody matched yet. `created`: in the school's time. `incidents`: how
    many the viewer sees."""

    id: uuid.UUID
    name: str
    born: dt.date | None
    created: dt.datetime
    incidents: int
    candidates: Sequence[Candidate]


def unmatched(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Student: typed in by staff, neither matched nor said to be no child of the MIS, and the
    viewer's to see."""
    return and_(
        Student.mis_source.is_(None),
        Student.archived_at.is_(None),
        Student.not_in_mis_at.is_(None),
        policy.visible_students(viewer),
    )


def count_unmatched(db: SchoolSession, viewer: Viewer) -> int:
    """How many wait to be matched, for the overview of the administration."""
    return db.scalar(select(func.count()).select_from(Student).where(unmatched(viewer))) or 0


def typed_in(db: SchoolSession, viewer: Viewer) -> list[TypedIn]:
    """Every student who waits to be matched, oldest first, each with the likeliest children of the MIS."""
    if not viewer.may("admin"):
        raise NothingThere
    on = (
        select(func.count())
        .select_from(IncidentStudent)
        .join(Incident, Incident.id == IncidentStudent.incident_id)
        .where(IncidentStudent.student_id == Student.id, policy.visible_incidents(viewer))
        .correlate(Student)
    )
    rows = db.execute(
        select(*SHOWN, Student.date_of_birth, Student.created_at, on.scalar_subquery().label("incidents"))
        .where(unmatched(viewer))
        .order_by(Student.created_at, Student.id)
    ).all()
    pool = _pool(db, viewer) if rows else []
    return [
        TypedIn(
            row.id,
            viewer.name(row),
            row.date_of_birth,
            viewer.local(row.created_at),
            row.incidents,
            _candidates(viewer, row, pool),
        )
        for row in rows
    ]


def _pool(db: SchoolSession, viewer: Viewer) -> list[tuple[Any, set[str]]]:
    """The children of the MIS whom the viewer sees, with their names folded."""
    rows = db.execute(
        select(*SHOWN, Student.date_of_birth).where(
            Student.mis_source.is_not(None), policy.visible_students(viewer)
        )
    )
    return [(row, full_names(row)) for row in rows]


def _candidates(viewer: Viewer, typed: Any, pool: Sequence[tuple[Any, set[str]]]) -> list[Candidate]:
    wanted = fold(f"{typed.legal_forename} {typed.legal_surname}")
    found = []
    for row, names in pool:
        same_day = typed.date_of_birth is not None and typed.date_of_birth == row.date_of_birth
        likeness = likeness_of(wanted, names)
        if likeness < NEAR and not (same_day and likeness >= NEAR / 2):
            continue
        weight = likeness + same_day - (row.archived_at is not None) / 10
        found.append((weight, _candidate(viewer, row, likeness, same_day)))
    found.sort(key=lambda pair: (-pair[0], pair[1].name))
    return [candidate for _, candidate in found[:MOST]]


def _candidate(viewer: Viewer, row: Any, likeness: float, same_day: bool) -> Candidate:
    why = "same name" if likeness == 1 else ("similar name" if likeness >= NEAR else "")
    reasons = [why, "same date of birth" if same_day else ""]
    return Candidate(
        row.id,
        viewer.name(row),
        note_of(row),
        row.date_of_birth,
        row.archived_at is not None,
        ", ".join(filter(None, reasons)),
    )


def likeness_of(wanted: str, names: set[str]) -> float:
    """How near a folded name is to the nearest of a child's folded names: 1 for the same, 0 for nothing in
    common. The order of the words does not count, and a name left out of several counts little."""
    if wanted in names:
        return 1.0
    plain = " ".join(sorted(wanted.split()))
    best = 0.0
    for name in names:
        other = " ".join(sorted(name.split()))
        matcher = SequenceMatcher(None, plain, other, autojunk=False)
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            best = max(best, matcher.ratio())
        shorter, longer = sorted((set(wanted.split()), set(name.split())), key=len)
        if len(shorter) >= 2 and shorter < longer:
            best = max(best, 0.95)
    return min(best, 0.99)


def match(db: SchoolSession, viewer: Viewer, typed_id: uuid.UUID, child_id: uuid.UUID) -> Student:
    """Same child: everything that was recorded of the student who was typed in goes to the child of the
    MIS, modules' parts too; the row is kept, archived. All of it or nothing.

    Raises NothingThere, and Refused for one whom somebody else has matched meanwhile.
    """
    typed = waiting_one(db, viewer, typed_id)
    child = db.scalars(
        select(Student).where(
            Student.id == child_id, Student.mis_source.is_not(None), policy.visible_students(viewer)
        )
    ).first()
    if child is None:
        raise NothingThere
    _hold(db, typed_id, child_id)
    taken = db.execute(
        update(Student)
        .where(Student.id == typed_id, Student.matched_to.is_(None), Student.archived_at.is_(None))
        .values(matched_to=child_id, archived_at=viewer.now())
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("This student was matched by somebody else meanwhile.")
    db.expire_all()
    moved, incidents = move_everything(db, viewer, typed, child)
    of_modules = db.app.hooks.always("merge_students", db, viewer, kept_id=child_id, merged_id=typed_id)
    audit.record(
        db,
        viewer,
        "student.matched",
        [child_id, typed_id, *incidents],
        moved=moved,
        modules={name: answer for name, answer in of_modules.items() if answer},
    )
    return db.get_one(Student, (db.school_id, child_id), populate_existing=True)


def _hold(db: SchoolSession, typed_id: uuid.UUID, child_id: uuid.UUID) -> None:
    """Until the transaction ends nobody writes anything on either record; who is at it is waited for. The
    incidents first: whoever changes one holds it before its students."""
    hold_incidents(db, typed_id)
    both = select(Student.id).where(Student.id.in_([typed_id, child_id])).order_by(Student.id)
    db.execute(both.with_for_update(of=Student))


def keep_apart(db: SchoolSession, viewer: Viewer, typed_id: uuid.UUID) -> None:
    """Not in the MIS: the student stays as they were typed in, and is not asked about again. Raises
    NothingThere."""
    waiting_one(db, viewer, typed_id).not_in_mis_at = viewer.now()
    audit.record(db, viewer, "student.kept-apart", [typed_id])


def named(db: SchoolSession, viewer: Viewer, name: str) -> list[uuid.UUID]:
    """The children of the MIS whom the viewer sees with exactly this full name, in either order."""
    wanted = fold(name.replace(",", " "))
    return [row.id for row, names in _pool(db, viewer) if wanted in names]


def waiting_one(db: SchoolSession, viewer: Viewer, typed_id: uuid.UUID) -> Student:
    """A student typed in by staff who waits to be matched. Raises NothingThere."""
    if not viewer.may("admin"):
        raise NothingThere
    typed = db.scalars(select(Student).where(Student.id == typed_id, unmatched(viewer))).first()
    if typed is None:
        raise NothingThere
    return typed
