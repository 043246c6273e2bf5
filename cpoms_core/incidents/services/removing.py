"""Deleting and restoring (EDT-02): a deleted record is kept with all that hangs on it. For everyone else it
never existed; whoever could edit it reads the reason, its history, and may restore it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import TypeVar

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.mailing_again import mail_again
from cpoms_core.audit import services as audit
from cpoms_core.errors import Refused
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services.changes import (
    ChangedMeanwhile,
    locked_action,
    locked_incident,
    subjects_of,
)
from cpoms_core.incidents.services.contents import keep_action_version, keep_incident_version
from cpoms_core.incidents.services.editing import tell_modules
from cpoms_core.incidents.services.removal_told import tell_of_reinstated, tell_of_removed
from cpoms_core.incidents.services.restoring_training import give_categories_back, unmark_restored
from cpoms_core.students.monitoring import reinstate, withdraw
from cpoms_core.tenancy.scope import SchoolSession

DELETED = "deleted"
"""The kind of version by which a record is no longer there; `training.REMOVED` is another."""
LONGEST_REASON = 2_000  # characters
Row = TypeVar("Row", Incident, Action)


def delete_incident(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, reason: str, *, opened: int
) -> Incident:
    """Deletes an incident that the viewer may edit. `opened`: its newest version when the person decided.
    Raises NothingThere, ChangedMeanwhile, and Refused without a reason."""
    incident = locked_incident(db, incident_id, policy.editable_incidents(viewer))
    if incident.version != opened:
        raise ChangedMeanwhile(incident.version)
    remove_incidents(db, viewer, [incident.id], _given(reason))
    return incident


def restore_incident(db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID) -> Incident:
    """Brings a deleted incident back, with its alerts, files and monitoring, and with mails that it stopped.
    Raises NothingThere."""
    incident = locked_incident(db, incident_id, policy.kept_incidents(viewer))
    reinstate_incidents(db, viewer, [incident.id])
    return incident


def delete_action(
    db: SchoolSession, viewer: Viewer, action_id: uuid.UUID, reason: str, *, opened: int
) -> Action:
    """As `delete_incident`, of an action whose incident the viewer may edit."""
    _incident, action = locked_action(db, viewer, action_id, policy.editable_actions(viewer))
    if action.version != opened:
        raise ChangedMeanwhile(action.version)
    remove_actions(db, viewer, [action.id], _given(reason))
    return action


def restore_action(db: SchoolSession, viewer: Viewer, action_id: uuid.UUID) -> Action:
    """Brings a deleted action back, with its alerts and files. Raises NothingThere."""
    _incident, action = locked_action(db, viewer, action_id, policy.kept_actions(viewer))
    reinstate_actions(db, viewer, [action.id])
    return action


def _given(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused("Say why it is deleted: whoever may restore it reads this.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refused("Use at most 2,000 characters.", field="reason")
    return reason


# --- what the use cases are made of; whoever calls these has asked policy, or does it for the whole school
# ---


def remove_incidents(
    db: SchoolSession,
    viewer: Viewer,
    incident_ids: Collection[uuid.UUID],
    reason: str,
    kind: str = DELETED,
) -> Sequence[Incident]:
    """Takes incidents off every record, list and count, with their alerts, files and the monitoring that only
    they began. `kind`: of the version that says so. Answers those that were there. Policy was asked
    before."""
    gone = _locked(db, Incident, incident_ids, deleted=False)
    for incident in gone:
        keep_incident_version(db, viewer, incident, kind, reason=reason)
        incident.deleted_at = viewer.now()
        subjects = subjects_of(db, incident)
        audit.record(db, viewer, "incident.deleted", subjects, number=incident.number, kind=kind)
    db.flush()
    withdraw(db, viewer, [incident.id for incident in gone])
    tell_of_removed(db, viewer, incidents=[incident.id for incident in gone])
    return gone


def reinstate_incidents(
    db: SchoolSession, viewer: Viewer, incident_ids: Collection[uuid.UUID]
) -> Sequence[Incident]:
    """Brings back incidents that `remove_incidents` took away. Policy was asked before."""
    back = [one for one in _locked(db, Incident, incident_ids, deleted=True) if one.merged_into is None]
    for incident in back:
        unmark_restored(db, viewer, incident)
        incident.deleted_at = None
        keep_incident_version(db, viewer, incident, "restored")
        audit.record(db, viewer, "incident.restored", subjects_of(db, incident), version=incident.version)
    db.flush()
    ids = [incident.id for incident in back]
    reinstate(db, viewer, ids)
    mail_again(db, viewer, incident_ids=ids)
    for incident in back:
        tell_modules(db, viewer, incident)
    tell_of_reinstated(db, viewer, incidents=ids)
    return back


def remove_actions(
    db: SchoolSession,
    viewer: Viewer,
    action_ids: Collection[uuid.UUID],
    reason: str,
    kind: str = DELETED,
) -> Sequence[Action]:
    """Takes actions away from their incidents, with their alerts and files; categories that they added stay
    on the incident. Answers those that were there. Policy was asked before."""
    gone = _locked(db, Action, action_ids, deleted=False)
    for action in gone:
        keep_action_version(db, viewer, action, kind, reason=reason)
        action.deleted_at = viewer.now()
        audit.record(db, viewer, "action.deleted", [action.incident_id, action.id], kind=kind)
    db.flush()
    tell_of_removed(db, viewer, actions=[action.id for action in gone])
    return gone


def reinstate_actions(
    db: SchoolSession, viewer: Viewer, action_ids: Collection[uuid.UUID]
) -> Sequence[Action]:
    """Brings back actions that `remove_actions` took away. Policy was asked before."""
    back = [one for one in _locked(db, Action, action_ids, deleted=True) if one.became_incident is None]
    for action in back:
        give_categories_back(db, viewer, action)
        unmark_restored(db, viewer, action)
        action.deleted_at = None
        keep_action_version(db, viewer, action, "restored")
        subjects = [action.incident_id, action.id]
        audit.record(db, viewer, "action.restored", subjects, version=action.version)
    db.flush()
    ids = [action.id for action in back]
    mail_again(db, viewer, action_ids=ids)
    tell_of_reinstated(db, viewer, actions=ids)
    return back


def _locked(
    db: SchoolSession, model: type[Row], ids: Collection[uuid.UUID], *, deleted: bool
) -> Sequence[Row]:
    """The rows in the order of their ids, so that two who lock several never wait for each other."""
    state = model.deleted_at.is_not(None) if deleted else model.deleted_at.is_(None)
    return db.scalars(
        select(model)
        .where(model.id.in_(ids), state)
        .order_by(model.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
