"""On whose records actions are once two incidents are one (EDT-04): nothing comes on a linked student's
record that was not on it, but for what the other incident itself says, and nothing leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from cpoms_core.incidents.models import Action, Incident, IncidentStudent
from cpoms_core.incidents.services.record_places import NOWHERE, WHOLE, Place, Places, put
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Merged:
    """Two incidents that become one. `action`: what the one became; `moved`: its actions; `theirs`: those of
    the other. `own`, `others`: the students of the one and of the other before."""

    action: Action
    moved: Sequence[Action]
    theirs: Sequence[Action]
    own: Sequence[IncidentStudent]
    others: Sequence[IncidentStudent]


def actions_of(db: SchoolSession, incident: Incident) -> Sequence[Action]:
    """All of an incident's actions: deleted ones may be restored."""
    return db.scalars(select(Action).where(Action.incident_id == incident.id).order_by(Action.id)).all()


def keep_places(db: SchoolSession, merged: Merged) -> list[Action]:
    """Says of each linked student what is otherwise than the actions' ticks. Answers those of the other
    incident's actions that it says something of."""
    linked = {row.student_id for row in merged.own} | {row.student_id for row in merged.others if row.linked}
    linked -= {row.student_id for row in merged.others if not row.linked}
    before = {row.student_id: row for row in merged.own}
    itself = {one: _of_incident(row) for one, row in before.items() if one in linked}
    # who was linked to it has of its actions what they had: the actions' ticks, and what is said, go along
    came = {
        student: WHOLE if student in before else NOWHERE
        for student in linked
        if student not in before or not before[student].linked
    }
    there = {row.student_id for row in merged.others}
    newly = dict.fromkeys((one for one in before if one not in there), NOWHERE)
    wanted: Places = {merged.action.id: itself}
    wanted |= {action.id: came for action in merged.moved}
    put(db, [merged.action, *merged.moved], wanted)
    return put(db, merged.theirs, {action.id: newly for action in merged.theirs})


def _of_incident(row: IncidentStudent) -> Place:
    """What a student's record held of the incident itself."""
    return WHOLE if not row.linked else Place(True, row.share_documents)
