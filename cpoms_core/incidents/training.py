"""What was recorded in training mode, and what is real (TRN-01)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.tenancy.scope import SchoolSession

REMOVED = "training removed"
"""The kind of version by which a record went when training mode was ended."""


def real_incidents() -> ColumnElement[bool]:
    """Condition on Incident: not recorded in training mode. Reports, figures and charts count these only;
    who may see them is policy's to say as ever."""
    return Incident.training.is_(False)


def real_actions() -> ColumnElement[bool]:
    """Condition on Action: as `real_incidents`."""
    return Action.training.is_(False)


@dataclass(frozen=True, slots=True)
class MarkedCount:
    """How much is marked; `newest`: the ids of the last of each."""

    incidents: int
    actions: int
    newest: tuple[str, str]

    @property
    def state(self) -> tuple[Any, ...]:
        """What a page's form says it showed (`admin.guards.mark_of`)."""
        return (self.incidents, self.actions, self.newest)


def marked(db: SchoolSession, viewer: Viewer) -> MarkedCount:
    """What the viewer may keep or remove, in numbers."""
    asked = policy.who(viewer)
    counts = [db.execute(_count(viewer, actions=one), asked).one() for one in (False, True)]
    newest = [db.scalar(_newest(viewer, actions=one), asked) for one in (False, True)]
    return MarkedCount(counts[0][0], counts[1][0], (str(newest[0] or ""), str(newest[1] or "")))


def _marked(sight: policy.Sight, *, actions: bool) -> tuple[Any, Any]:
    return (
        (Action, policy.training_actions(sight)) if actions else (Incident, policy.training_incidents(sight))
    )


@policy.for_rights
def _count(sight: policy.Sight, *, actions: bool) -> Select[int]:
    model, condition = _marked(sight, actions=actions)
    return select(func.count(model.id)).where(condition)


@policy.for_rights
def _newest(sight: policy.Sight, *, actions: bool) -> Select[uuid.UUID]:
    model, condition = _marked(sight, actions=actions)
    return select(model.id).where(condition).order_by(model.created_at.desc(), model.id.desc()).limit(1)
