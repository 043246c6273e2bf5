"""Closing all incidents between two days (CAS-05). An administrator closes what they may not read, so they
are told numbers, and nothing of any incident."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, insert, select, update

from cpoms_cases import outcomes
from cpoms_cases.models import ACTIVE, CLOSED, BulkClosing, Case, CaseChange
from cpoms_cases.outcomes import Why
from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import ChangedMeanwhile, begin_change
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident

AT_ONCE = 500
"""Incidents to a statement."""
MOST_LISTED = 20
"""Earlier closings on the page."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many incidents of these days are active, and how many are closed already. `seen` stands for exactly
    those that are active."""

    active: int
    closed: int
    seen: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: two days of the school, both included; what the page had counted; whether the tick
    was given; and why."""

    first: dt.date
    last: dt.date
    seen: str
    sure: bool
    outcome_id: uuid.UUID | None = None
    reason: str = ""


def count(db: PluginSession, viewer: Viewer, first: dt.date, last: dt.date) -> Counted:
    """What closing these days would close. Raises NothingThere for who is no administrator."""
    if not viewer.may("admin"):
        raise NothingThere
    between = _between(viewer, first, last)
    ids = list(db.scalars(_active(between)))
    all_of_them = db.scalar(select(func.count(Incident.id)).where(between))
    return Counted(len(ids), all_of_them - len(ids), _mark(ids))


def close_all(db: PluginSession, viewer: Viewer, asked: Asked) -> BulkClosing:
    """Closes exactly the incidents that were counted, in this transaction; nobody is mailed.

    Raises NothingThere, ChangedMeanwhile where others are active now, Unanswered and Refused.
    """
    begin_change(db, viewer)
    why = outcomes.answered(db, viewer, CLOSED, asked.outcome_id, asked.reason)
    if not asked.sure:
        raise Refused("Tick the box to close them.", field="sure")
    ids = _locked(db, viewer, asked)
    closing = BulkClosing(
        school_id=db.school_id, id=new_id(), first_day=asked.first, last_day=asked.last,
        training=viewer.school.training, closed=len(ids), outcome_id=why.outcome_id, outcome=why.outcome,
        reason=why.reason, made_at=viewer.now(), made_by=viewer.user_id,
    )  # fmt: skip
    db.add(closing)
    db.flush()
    for start in range(0, len(ids), AT_ONCE):
        _close(db, viewer, ids[start : start + AT_ONCE], closing, why)
    days = {"first": asked.first.isoformat(), "last": asked.last.isoformat()}
    db.audit(viewer, "case.bulk-closed", [closing.id], closed=len(ids), **days)
    return closing


def earlier(db: PluginSession) -> list[BulkClosing]:
    """The newest closings of this kind."""
    newest = select(BulkClosing).order_by(BulkClosing.made_at.desc(), BulkClosing.id.desc())
    return list(db.scalars(newest.limit(MOST_LISTED)))


def _between(viewer: Viewer, first: dt.date, last: dt.date) -> ColumnElement[bool]:
    """The incidents of these days that are there. In training mode those of training only: the real ones are
    not for trying things out on."""
    return and_(
        Incident.deleted_at.is_(None),
        Incident.training.is_(viewer.school.training),
        Incident.occurred_at >= _midnight(viewer, first),
        Incident.occurred_at < _midnight(viewer, last + dt.timedelta(days=1)),
    )


def _midnight(viewer: Viewer, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), viewer.school.zone).astimezone(dt.UTC)


def _active(condition: ColumnElement[bool]) -> Select[uuid.UUID]:
    """Those that are active, by id. One without a row of ours is."""
    closed = select(Case.incident_id).where(Case.incident_id == Incident.id, Case.status == CLOSED)
    return select(Incident.id).where(condition, ~closed.exists()).order_by(Incident.id)


def _mark(ids: Sequence[uuid.UUID]) -> str:
    return hashlib.sha256(b"".join(one.bytes for one in ids)).hexdigest()


def _locked(db: PluginSession, viewer: Viewer, asked: Asked) -> list[uuid.UUID]:
    """The incidents that were counted, locked by their ids in order, before anything else of theirs; then
    looked at once more, because somebody may have closed one while this waited for it."""
    statement = _active(_between(viewer, asked.first, asked.last))
    locked = list(db.scalars(statement.with_for_update(key_share=True)))
    ids = list(db.scalars(statement))
    if ids != locked or _mark(ids) != asked.seen:
        message = (
            "Something was recorded, closed or opened meanwhile. It is counted anew: nothing was closed."
        )
        raise ChangedMeanwhile(message)
    if not ids:
        raise Refused("None of these days' incidents is active. There is nothing to close.")
    return ids


def _close(
    db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID], closing: BulkClosing, why: Why
) -> None:
    """Closes some incidents that are active, in four statements."""
    found = select(Case.incident_id, Case.version, Case.assignee_id).where(Case.incident_id.in_(ids))
    before = {incident_id: (version, assignee) for incident_id, version, assignee in db.execute(found)}
    made = {"changed_at": viewer.now(), "changed_by": viewer.user_id}
    now = {"status": CLOSED, "outcome": why.outcome, **made}
    if before:
        known = update(Case).where(Case.incident_id.in_(list(before)))
        closed = known.values(version=Case.version + 1, **now)
        db.execute(closed.execution_options(synchronize_session=False))
    missing = [one for one in ids if one not in before]
    if missing:
        fresh = {"school_id": db.school_id, "assignee_id": None, "version": 1, **now}
        db.execute(insert(Case), [{**fresh, "incident_id": one} for one in missing])
    change = {
        "school_id": db.school_id, "with_form": False, "from_status": ACTIVE, "to_status": CLOSED,
        "outcome_id": why.outcome_id, "outcome": why.outcome, "reason": why.reason, "bulk_id": closing.id,
        "made_at": viewer.now(), "made_by": viewer.user_id,
    }  # fmt: skip
    rows = []
    for one in ids:
        version, assignee = before.get(one, (0, None))
        of_one = {"incident_id": one, "version": version + 1}
        rows.append({**change, **of_one, "from_assignee_id": assignee, "to_assignee_id": assignee})
    db.execute(insert(CaseChange), rows)
