"""Reading cases: the state of the incidents on a page, who may be assigned, what is assigned to a user."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select

from cpoms_cases.models import ACTIVE, STATUSES, Case, CaseChange
from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.queries import Person
from cpoms_core.dashboard.queries import Row, age, describe
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident, IncidentStudent
from cpoms_core.incidents.on_page import INCIDENTS
from cpoms_core.tenancy.scope import built_once

NOBODY = "Nobody"
MOST_ASSIGNED = 100
"""How many rows My assigned lists."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of an incident as its margin shows it. `may_change`: the viewer sees the incident by their
    own rights, so that they may change the state."""

    incident_id: uuid.UUID
    number: int
    status: str
    assignee_id: uuid.UUID | None
    assignee_name: str
    may_change: bool
    outcome: str = ""

    @property
    def status_name(self) -> str:
        """The status in words, with what came of it where that was asked (CAS-07)."""
        return f"{STATUSES[self.status]}, {self.outcome}" if self.outcome else STATUSES[self.status]


@dataclass(slots=True)
class AssignedRow:
    """A line of My assigned. `opens`: the viewer may read the incident in this session; where they may not,
    nothing of it but its number and date may be shown."""

    row: Row
    opens: bool


def standings(
    db: PluginSession, viewer: Viewer, incident_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Standing]:
    """The states of incidents that the viewer was found to see, by id, in one query."""
    return {
        row.id: Standing(
            row.id,
            row.number,
            row.status or ACTIVE,
            row.assignee_id,
            row.assignee or NOBODY,
            bool(row.rightful),
            row.outcome or "",
        )
        for row in db.execute(_standings(viewer), policy.who(viewer, incidents=list(incident_ids)))
    }


@policy.for_rights
def _standings(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Incident.id,
            Incident.number,
            Case.status,
            Case.outcome,
            Case.assignee_id,
            staff_name().label("assignee"),
            policy.rightful_incidents(sight).label("rightful"),
        )
        .outerjoin(Case, Case.incident_id == Incident.id)
        .outerjoin(User, User.id == Case.assignee_id)
        .where(Incident.id.in_(INCIDENTS))
    )


def changeable(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> Standing:
    """The state of an incident that the viewer may change. Raises NothingThere."""
    standing = standings(db, viewer, [incident_id]).get(incident_id)
    if standing is None or not standing.may_change:
        raise NothingThere
    return standing


PEOPLE = select(User.id, staff_name()).order_by(User.surname, User.forename, User.id)
KEY_HOLDERS = built_once(PEOPLE.where(policy.key_holders()))


def key_holders(db: PluginSession) -> list[Person]:
    """Everybody whom some incident could be assigned to, by name."""
    return [Person(user_id, name) for user_id, name in db.execute(KEY_HOLDERS)]


def who_sees(db: PluginSession, incident_id: uuid.UUID) -> list[Person]:
    """Everybody whom this incident can be assigned to, by name."""
    return _people(db, policy.who_sees(incident_id))


def sees(db: PluginSession, user_id: uuid.UUID, incident_id: uuid.UUID) -> bool:
    """Whether an incident can be assigned to a user: they see it by their own rights, with their key."""
    return bool(_people(db, and_(User.id == user_id, policy.who_sees(incident_id))))


def _people(db: PluginSession, condition: ColumnElement[bool]) -> list[Person]:
    rows = db.execute(PEOPLE.where(condition))
    return [Person(user_id, name) for user_id, name in rows]


def objection(
    db: PluginSession,
    user_id: uuid.UUID | None,
    category_ids: Sequence[uuid.UUID],
    student_ids: Sequence[uuid.UUID],
) -> str:
    """Why an incident with these categories and students (none: the whole school), which is not recorded
    yet, cannot be assigned to a user; empty where it can."""
    if user_id is not None and _people(
        db, and_(User.id == user_id, policy.who_would_see(category_ids, student_ids))
    ):
        return ""
    user: User | None = db.scalars(
        select(User).where(User.id == user_id, User.deactivated_at.is_(None))
    ).first()
    if user is None:
        return "This person is not known. Choose again."
    if not _people(db, and_(User.id == user_id, policy.key_holders())):
        return f"{user.name} has no key, so nothing can be assigned to them. Choose somebody else."
    if not _people(db, and_(User.id == user_id, policy.who_would_see(category_ids, []))):
        return f"{user.name} could not see an incident in these categories. Choose somebody else."
    return f"{user.name} could not see an incident about this student. Choose somebody else."


def assigned_to(db: PluginSession, viewer: Viewer) -> list[AssignedRow]:
    """The active incidents that are assigned to the viewer and that they see, with their key, by their own
    rights; newest first, one more than are listed so that a longer list can say so (CAS-03)."""
    rows = db.execute(_assigned_to(viewer), policy.who(viewer))
    found = [
        AssignedRow(
            Row(
                "Incident",
                incident_id,
                number,
                viewer.local(created),
                age(created, viewer.now()),
                training=training,
            ),
            bool(visible),
        )
        for incident_id, number, created, training, visible in rows
    ]
    describe(db, viewer, [one.row for one in found if one.opens])
    return found


@policy.for_rights
def _assigned_to(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Incident.id,
            Incident.number,
            Incident.created_at,
            Incident.training,
            policy.visible_incidents(sight),
        )
        .join(Case, Case.incident_id == Incident.id)
        .join(User, User.id == Case.assignee_id)
        .where(
            User.id == policy.USER,
            Case.status == ACTIVE,
            policy.who_sees(Case.incident_id),
        )
        .order_by(Incident.created_at.desc(), Incident.id.desc())
        .limit(MOST_ASSIGNED + 1)
    )


def of_student(db: PluginSession, student_id: uuid.UUID) -> list[dict[str, Any]]:
    """The cases of all incidents on a student's record, with their history, as plain JSON values."""
    rows = db.execute(
        select(Incident.number, CaseChange)
        .join(CaseChange, CaseChange.incident_id == Incident.id)
        .join(IncidentStudent, IncidentStudent.incident_id == Incident.id)
        .where(IncidentStudent.student_id == student_id)
        .order_by(Incident.number, CaseChange.version)
    ).all()
    ids = {
        one
        for _, change in rows
        for one in (change.from_assignee_id, change.to_assignee_id, change.made_by)
        if one
    }
    names = {user.id: user.name for user in db.scalars(select(User).where(User.id.in_(ids)))}
    return [
        {
            "incident": number,
            "version": change.version,
            "at": change.made_at.isoformat(),
            "by": names.get(change.made_by, ""),
            "status": change.to_status,
            "status_before": change.from_status,
            "outcome": change.outcome,
            "reason": change.reason,
            "assigned_to": names.get(change.to_assignee_id, ""),
            "assigned_to_before": names.get(change.from_assignee_id, ""),
        }
        for number, change in rows
    ]
