"""A second press of Delete: the first one was heard, and its answer was lost or not waited for (EDT-02)."""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement, and_, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentVersion
from cpoms_core.incidents.services.removing import DELETED
from cpoms_core.tenancy.scope import SchoolSession


def incident_deleted_before(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, opened: int
) -> Incident | None:
    """The incident, where the viewer deleted it as they had opened it, and nothing changed it since."""
    newest = and_(IncidentVersion.incident_id == Incident.id, _deleted_by(viewer, IncidentVersion, opened))
    return db.scalars(
        select(Incident)
        .join(IncidentVersion, and_(newest, IncidentVersion.version == Incident.version))
        .where(Incident.id == incident_id, Incident.deleted_at.is_not(None), policy.kept_incidents(viewer))
    ).first()


def action_deleted_before(
    db: SchoolSession, viewer: Viewer, action_id: uuid.UUID, opened: int
) -> Action | None:
    """As `incident_deleted_before`, of an action."""
    newest = and_(ActionVersion.action_id == Action.id, _deleted_by(viewer, ActionVersion, opened))
    return db.scalars(
        select(Action)
        .join(ActionVersion, and_(newest, ActionVersion.version == Action.version))
        .where(Action.id == action_id, Action.deleted_at.is_not(None), policy.kept_actions(viewer))
    ).first()


def _deleted_by(
    viewer: Viewer, version: type[IncidentVersion | ActionVersion], opened: int
) -> ColumnElement[bool]:
    """Condition on a version: by it the viewer deleted what they had opened."""
    return and_(version.version == opened + 1, version.kind == DELETED, version.made_by == viewer.user_id)
