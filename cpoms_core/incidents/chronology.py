"""Reading incidents: a page of them with everything that is shown beside their text, in a number of queries
that does not grow with the incidents (INC-12, INC-13)."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Select, and_, or_, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.beside import IncidentShown, fill
from cpoms_core.incidents.models import (
    Action,
    Incident,
    IncidentStudent,
)
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 25


def of_student(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, *, after: str = "", limit: int = PAGE
) -> tuple[list[IncidentShown], str]:
    """A page of a student's chronology, newest first by the date of the incident, and the key of the next
    page ("" at the end). `after`: the key of the last incident of the page before. Pinned ones stand on top
    of the first page, and nowhere else."""
    on_record = (
        _visible(viewer)
        .join(IncidentStudent, IncidentStudent.incident_id == Incident.id)
        .where(IncidentStudent.student_id == student_id)
        .order_by(Incident.occurred_at.desc(), Incident.id.desc())
    )
    pinned = [] if after else db.execute(on_record.where(Incident.pinned_at.is_not(None))).all()
    statement = on_record.where(Incident.pinned_at.is_(None)).limit(limit + 1)
    if after:
        moment, last = parse_cursor(after)
        statement = statement.where(
            or_(Incident.occurred_at < moment, and_(Incident.occurred_at == moment, Incident.id < last))
        )
    rows = db.execute(statement).all()
    shown = fill(db, viewer, [*pinned, *rows[:limit]], record=student_id)
    return shown, shown[-1].cursor if len(rows) > limit else ""


def one(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, *, record: uuid.UUID | None = None
) -> IncidentShown:
    """One incident that the viewer may read, on its own or on a student's record. Raises NothingThere."""
    rows = db.execute(_visible(viewer).where(Incident.id == incident_id)).all()
    if not rows:
        raise NothingThere
    return fill(db, viewer, rows, record=record)[0]


def place_of(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, asked: uuid.UUID) -> uuid.UUID | None:
    """The incident of this student's record that an id names: its own, or that of one of its actions. None
    for what is not on this record, or not the viewer's to see."""
    of_action = select(Action.incident_id).where(Action.id == asked, policy.visible_actions(viewer))
    return db.scalar(
        select(Incident.id)
        .join(IncidentStudent, IncidentStudent.incident_id == Incident.id)
        .where(
            IncidentStudent.student_id == student_id,
            or_(Incident.id == asked, Incident.id.in_(of_action)),
            policy.visible_incidents(viewer),
        )
    )


def parse_cursor(text: str) -> tuple[dt.datetime, uuid.UUID]:
    """The key of a page that came in from outside. Raises NothingThere."""
    try:
        moment, _, last = text.partition("~")
        return dt.datetime.fromtimestamp(int(moment) / 1e6, dt.UTC), uuid.UUID(last)
    except (ValueError, OverflowError, OSError):
        raise NothingThere from None


def _visible(viewer: Viewer) -> Select[Incident, User, bool]:
    return (
        select(Incident, User, policy.rightful_incidents(viewer).label("rightful"))
        .join(User, User.id == Incident.author_id)
        .where(policy.visible_incidents(viewer))
    )
