"""Who sees, changes and is reminded of an event: the module's rules, each an SQL condition, built from the
policy's. The planner is for key holders whose user group may use it; everything else has no event."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import Action, Incident
from cpoms_planner.models import Event, EventShare

USE = "planner:use"
Condition = ColumnElement[bool]


def there() -> Condition:
    """Condition on Event: not removed, and what it was added from is there. Both may come back."""
    return and_(Event.removed_at.is_(None), _source_there())


def _source_there() -> Condition:
    """Condition on Event: not added from an incident or action that was deleted. For others that never
    existed, and nor did the reminder of it, removed or not (EDT-02, TRN-01)."""
    incident, action, of_action = aliased(Incident), aliased(Action), aliased(Incident)
    incident_gone = exists().where(incident.id == Event.incident_id, incident.deleted_at.is_not(None))
    action_gone = exists().where(
        action.id == Event.action_id,
        of_action.id == action.incident_id,
        or_(action.deleted_at.is_not(None), of_action.deleted_at.is_not(None)),
    )
    return and_(~incident_gone, ~action_gone)


def _own_or_told(viewer: Viewer) -> Condition:
    shared = exists().where(
        EventShare.event_id == Event.id,
        EventShare.user_id == viewer.user_id,
        EventShare.removed_at.is_(None),
    )
    return or_(Event.owner_id == viewer.user_id, Event.public, shared)


def visible_events(viewer: Viewer) -> Condition:
    """Condition on Event: the viewer's own, shared with them, or public (PLN-01)."""
    if viewer.user_id is None or not (viewer.elevated and viewer.may(USE)):
        return false()
    return and_(there(), _own_or_told(viewer))


def own_events(viewer: Viewer) -> Condition:
    """Condition on Event: the viewer's own, which they may change and share."""
    if viewer.user_id is None or not (viewer.elevated and viewer.may(USE)):
        return false()
    return and_(there(), Event.owner_id == viewer.user_id)


def removable_events(viewer: Viewer) -> Condition:
    """Condition on Event: the viewer's own; of others, an administrator removes what is public."""
    others = and_(Event.public, there()) if viewer.may("admin") and viewer.may(USE) else false()
    return or_(own_events(viewer), others)


def restorable_events(viewer: Viewer) -> Condition:
    """Condition on Event: as `removable_events`, and was removed."""
    if viewer.user_id is None or not (viewer.elevated and viewer.may(USE)):
        return false()
    whose = Event.public if viewer.may("admin") else false()
    return and_(Event.removed_at.is_not(None), _source_there(), or_(Event.owner_id == viewer.user_id, whose))


def users_of_planner() -> Condition:
    """Condition on User: has a planner, being a key holder whose user group may use it."""
    return and_(policy.key_holders(), policy.eyes_of_users().permits(USE))


def reminded_users() -> Condition:
    """Condition on User and Event: the owner, and those with whom it is shared (PLN-02). Public events are in
    everybody's calendar; nobody asked to be reminded of them."""
    shared = select(EventShare.user_id).where(
        EventShare.event_id == Event.id, EventShare.removed_at.is_(None)
    )
    return and_(users_of_planner(), or_(User.id == Event.owner_id, User.id.in_(shared)))
