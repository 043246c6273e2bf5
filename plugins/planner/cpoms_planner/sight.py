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


def has_planner(viewer: Viewer) -> bool:
    """Whether this session may use the planner at all."""
    return viewer.user_id is not None and viewer.elevated and viewer.may(USE)


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


def _shared_with(viewer: Viewer) -> Condition:
    return exists().where(
        EventShare.event_id == Event.id,
        EventShare.user_id == viewer.user_id,
        EventShare.removed_at.is_(None),
    )


def _owner_left() -> Condition:
    return exists().where(User.id == Event.owner_id, User.deactivated_at.is_not(None))


def _removable(viewer: Viewer) -> Condition:
    """Condition on Event: the viewer's own; what is public, for an administrator; and what a colleague who
    left has shared with the viewer, which nobody else could take from their calendar."""
    public = Event.public if viewer.may("admin") else false()
    return or_(Event.owner_id == viewer.user_id, public, and_(_owner_left(), _shared_with(viewer)))


def visible_events(viewer: Viewer) -> Condition:
    """Condition on Event: the viewer's own, shared with them, or public (PLN-01)."""
    if not has_planner(viewer):
        return false()
    return and_(there(), or_(Event.owner_id == viewer.user_id, Event.public, _shared_with(viewer)))


def own_events(viewer: Viewer) -> Condition:
    """Condition on Event: the viewer's own, which they may change and share."""
    if not has_planner(viewer):
        return false()
    return and_(there(), Event.owner_id == viewer.user_id)


def removable_events(viewer: Viewer) -> Condition:
    """Condition on Event: the viewer may remove it, and it is there."""
    if not has_planner(viewer):
        return false()
    return and_(there(), _removable(viewer))


def restorable_events(viewer: Viewer) -> Condition:
    """Condition on Event: as `removable_events`, and was removed."""
    if not has_planner(viewer):
        return false()
    return and_(Event.removed_at.is_not(None), _source_there(), _removable(viewer))


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
