"""Beginning and ending to monitor students by hand: one or a whole class at once (STU-09, STU-10). What would
change is planned first, shown, and then done as it was shown. Nothing is taken away: an end is a date."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from sqlalchemy import case, select, update

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import Category, Incident
from cpoms_core.students.models import Monitoring, Student
from cpoms_core.tenancy.scope import SchoolSession

Deed = Literal["add", "remove", "wipe"]
DEEDS: tuple[Deed, ...] = get_args(Deed)
MOST = 400
"""Students of one update."""
CHUNK = 1000
"""Rows that one statement ends."""
FIRST_DAY = dt.date(2000, 1, 1)
Pair = tuple[uuid.UUID, uuid.UUID]
"""A student and a category."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for: to add or remove one category, or to end all that they may see. `since`: from
    which day of the school on."""

    deed: Deed
    category_id: uuid.UUID | None
    since: dt.date


@dataclass(frozen=True, slots=True)
class Ending:
    """A monitoring that would end."""

    id: uuid.UUID
    student_id: uuid.UUID
    category_id: uuid.UUID
    began_later: bool  # than the day asked for: it ends when it began


@dataclass(frozen=True, slots=True)
class Keeping:
    """A monitoring that an incident began, and that goes on whatever becomes of the incident. `told`: the
    viewer may know of the incident; otherwise it is done, and nothing of it is said (USR-12.7)."""

    id: uuid.UUID
    student_id: uuid.UUID
    category_id: uuid.UUID
    incident_id: uuid.UUID
    told: bool


@dataclass(slots=True)
class Plan:
    """What an update changes. `student_ids`: all that the viewer may change, of those asked for."""

    wish: Wish
    moment: dt.datetime
    student_ids: list[uuid.UUID]
    begins: list[Pair] = field(default_factory=list)
    keeps: list[Keeping] = field(default_factory=list)
    ends: list[Ending] = field(default_factory=list)

    @property
    def changed(self) -> set[uuid.UUID]:
        """The students for whom anything changes that the viewer may be told of."""
        begun = {student for student, _ in self.begins}
        return begun | {one.student_id for one in self.told} | {one.student_id for one in self.ends}

    @property
    def told(self) -> list[Keeping]:
        """Those of the incidents' monitorings that the page tells of."""
        return [one for one in self.keeps if one.told]

    @property
    def fingerprint(self) -> str:
        """Tells whether a later plan would do the same."""
        facts = (
            self.wish.deed,
            str(self.wish.category_id),
            self.wish.since.isoformat(),
            sorted(f"{student} {category}" for student, category in self.begins),
            sorted(str(one.id) for one in self.told),
            sorted(f"{one.id} {one.began_later}" for one in self.ends),
        )
        return hashlib.sha256(repr(facts).encode()).hexdigest()


class ChangedMeanwhile(Exception):
    """What was confirmed is not what would be done by now. `plan`: what would be."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("changed meanwhile")
        self.plan = plan


def plan_update(
    db: SchoolSession, viewer: Viewer, student_ids: Collection[uuid.UUID], wish: Wish, *, lock: bool = False
) -> Plan:
    """What a wish would change, of the students whom the viewer may edit; the others are left out.
    `lock`: nobody else updates these students until the transaction ends.

    Raises Refused (a day to come, too many students), NothingThere (no right to the category).
    """
    moment = _moment(viewer, wish.since)
    if len(student_ids) > MOST:
        raise Refused(f"At most {MOST} students can be updated at once.", "student")
    categories = _categories(db, viewer, wish)
    found = Plan(wish, moment, _students(db, viewer, student_ids, lock=lock))
    present = _present(db, viewer, found.student_ids, categories)
    if wish.deed == "add":
        held = {(row.student_id, row.category_id) for row in present}
        wanted = [(student, category) for student in found.student_ids for category in categories]
        found.begins = [pair for pair in wanted if pair not in held]
        found.keeps = [
            Keeping(row.id, row.student_id, row.category_id, row.incident_id, bool(row.told))
            for row in present
            if row.incident_id is not None
        ]
    else:
        found.ends = [
            Ending(row.id, row.student_id, row.category_id, row.started_at > moment) for row in present
        ]
    return found


def update_monitoring(
    db: SchoolSession,
    viewer: Viewer,
    student_ids: Collection[uuid.UUID],
    wish: Wish,
    *,
    confirmed: str | None = None,
) -> Plan:
    """Does what a wish asks for, in a bounded number of statements, with an audit entry for each student whom
    it changes. `confirmed`: the fingerprint of the plan that was shown, where one was. A repeat finds nothing
    left to change, and changes nothing.

    Raises Refused and NothingThere as `plan_update`, ChangedMeanwhile.
    """
    found = plan_update(db, viewer, student_ids, wish, lock=True)
    if confirmed is not None and found.changed and found.fingerprint != confirmed:
        raise ChangedMeanwhile(found)
    _begin(db, viewer, found)
    _keep(db, found)
    _end(db, viewer, found)
    audit.write_entries(db, list(_entries(viewer, found)))
    return found


def _moment(viewer: Viewer, day: dt.date) -> dt.datetime:
    """When a day begins to count: today from now on, an earlier one from its midnight at the school."""
    now = viewer.now()
    today = viewer.local(now).date()
    if day > today:
        raise Refused("This day is still to come.", "since")
    if day < FIRST_DAY:
        raise Refused("Give a day of this century.", "since")
    if day == today:
        return now
    return dt.datetime.combine(day, dt.time(), viewer.school.zone).astimezone(dt.UTC)


def _categories(db: SchoolSession, viewer: Viewer, wish: Wish) -> list[uuid.UUID]:
    """The categories that a wish is about, of those with View students (USR-12.5). One that is disabled can
    be ended, and no longer begun."""
    allowed = select(Category.id).where(policy.monitored_categories(viewer))
    if wish.deed != "wipe":
        allowed = allowed.where(Category.id == wish.category_id)
    if wish.deed == "add":
        allowed = allowed.where(Category.disabled_at.is_(None))
    found = list(db.scalars(allowed))
    if wish.deed != "wipe" and not found:
        raise NothingThere
    return found


def _students(
    db: SchoolSession, viewer: Viewer, student_ids: Collection[uuid.UUID], *, lock: bool
) -> list[uuid.UUID]:
    """Those whom the viewer may edit; who was typed in and has been matched, under their record of the
    register (INC-02)."""
    chosen = (
        select(Student.id, Student.matched_to)
        .where(Student.id.in_(student_ids), policy.editable_students(viewer))
        .order_by(Student.id)
    )
    # in one order, so that two updates never wait for each other; rows that only refer to them may be added
    rows = db.execute(chosen.with_for_update(of=Student, key_share=True) if lock else chosen).all()
    if all(row.matched_to is None for row in rows):
        return [row.id for row in rows]
    return _students(db, viewer, {row.matched_to or row.id for row in rows}, lock=lock)


def _present(
    db: SchoolSession,
    viewer: Viewer,
    student_ids: Sequence[uuid.UUID],
    categories: Sequence[uuid.UUID],
) -> Sequence[Any]:
    """What these students are monitored for now, of these categories."""
    return db.execute(
        select(
            Monitoring.id,
            Monitoring.student_id,
            Monitoring.category_id,
            Monitoring.started_at,
            Monitoring.incident_id,
            policy.known_incidents(viewer).label("told"),
        )
        .outerjoin(Incident, Incident.id == Monitoring.incident_id)
        .where(
            Monitoring.student_id.in_(student_ids),
            Monitoring.category_id.in_(categories),
            Monitoring.ended_at.is_(None),
        )
        .order_by(Monitoring.id)
    ).all()


def _begin(db: SchoolSession, viewer: Viewer, found: Plan) -> None:
    rows = [
        {
            "school_id": viewer.school_id,
            "id": new_id(),
            "student_id": student,
            "category_id": category,
            "started_at": found.moment,
            "started_by": viewer.user_id,
            "incident_id": None,
            "ended_at": None,
            "ended_by": None,
            "withdrawn_at": None,
        }
        for student, category in found.begins
    ]
    insert_rows(db, Monitoring, rows)


def _keep(db: SchoolSession, found: Plan) -> None:
    """Somebody asked for it by name: it is no longer the incident's, and is not withdrawn with that. The
    audit says whose it was."""
    ids = [one.id for one in found.keeps]
    for first in range(0, len(ids), CHUNK):
        db.execute(
            update(Monitoring)
            .where(Monitoring.id.in_(ids[first : first + CHUNK]), Monitoring.ended_at.is_(None))
            .values(incident_id=None)
            .execution_options(synchronize_session=False)
        )


def _end(db: SchoolSession, viewer: Viewer, found: Plan) -> None:
    """Ends what was planned and nothing that began meanwhile."""
    later = Monitoring.started_at > found.moment
    ids = [one.id for one in found.ends]
    for first in range(0, len(ids), CHUNK):
        db.execute(
            update(Monitoring)
            .where(Monitoring.id.in_(ids[first : first + CHUNK]), Monitoring.ended_at.is_(None))
            .values(
                ended_at=case((later, Monitoring.started_at), else_=found.moment), ended_by=viewer.user_id
            )
            .execution_options(synchronize_session=False)
        )


def _entries(viewer: Viewer, found: Plan) -> Iterator[dict[str, Any]]:
    """An entry for each student, with what began or ended, or goes on without its incident."""
    since = found.wish.since.isoformat()
    began: dict[uuid.UUID, list[uuid.UUID]] = {}
    for student, category in found.begins:
        began.setdefault(student, []).append(category)
    ended: dict[uuid.UUID, list[uuid.UUID]] = {}
    for one in found.ends:
        ended.setdefault(one.student_id, []).append(one.category_id)
    for event, by_student in (("monitoring.begun", began), ("monitoring.ended", ended)):
        for student, categories in by_student.items():
            yield audit.entry(viewer, event, [student, *dict.fromkeys(categories)], since=since)
    for kept in found.keeps:
        yield audit.entry(viewer, "monitoring.kept", [kept.student_id, kept.category_id, kept.incident_id])
