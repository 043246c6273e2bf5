"""Which incidents and actions a viewer may change, which of the deleted ones they may restore (EDT), and
which were recorded in training mode (TRN-01)."""

from __future__ import annotations

from sqlalchemy import and_, false, or_

from cpoms_core.access.policy.incidents import (
    full_sight,
    rightful_incidents,
    visible_actions,
    visible_incidents,
)
from cpoms_core.access.policy.sight import Condition, Sight, eyes_of, for_viewer, there_is
from cpoms_core.incidents.models import Action, Incident


@for_viewer
def editable_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: the viewer may change it, because they see it by right and may edit (EDT-01)."""
    return and_(eyes_of(viewer).permits("incidents:edit"), rightful_incidents(viewer))


@for_viewer
def alertable_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: the viewer may have colleagues read it. They may edit it (EDT-03), or it is what
    they wrote and no more (INC-09): what others have added since is not theirs to show, or to read."""
    acted_on = there_is(Action, where=[Action.incident_id == Incident.id])
    as_written = and_(Incident.author_id == eyes_of(viewer).user_id, Incident.version == 1, ~acted_on)
    return or_(editable_incidents(viewer), as_written)


@for_viewer
def kept_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: as `editable_incidents`, and of those that were deleted what the viewer could
    edit otherwise: its history is theirs to read, and it is theirs to restore (EDT-02). One that was merged
    is no longer there by itself: its history is the action's that it became."""
    if not viewer.elevated:
        return false()
    eyes = eyes_of(viewer)
    return and_(eyes.permits("incidents:edit"), Incident.merged_into.is_(None), full_sight(eyes))


@for_viewer
def editable_actions(viewer: Sight) -> Condition:
    """Condition on Action: the viewer may change it, as its incident."""
    return and_(
        Action.deleted_at.is_(None),
        there_is(Incident, where=[Incident.id == Action.incident_id, editable_incidents(viewer)]),
    )


@for_viewer
def kept_actions(viewer: Sight) -> Condition:
    """Condition on Action: as `editable_actions`, deleted ones too; not one that became an incident."""
    return and_(
        Action.became_incident.is_(None),
        there_is(Incident, where=[Incident.id == Action.incident_id, editable_incidents(viewer)]),
    )


@for_viewer
def merged_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: it was merged, and the viewer may edit the action that it became: its versions
    are part of that one's history (EDT-04)."""
    return there_is(Action, where=[Action.id == Incident.merged_into, kept_actions(viewer)])


@for_viewer
def known_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: the viewer may be told that it is there. They see it, or could restore it, or it
    was merged and they see the action that it became."""
    seen = or_(visible_actions(viewer), kept_actions(viewer))
    merged = there_is(Action, where=[Action.id == Incident.merged_into, seen])
    return or_(visible_incidents(viewer), kept_incidents(viewer), merged)


@for_viewer
def split_actions(viewer: Sight) -> Condition:
    """Condition on Action: it was split off, and the viewer may edit the incident that it became, or what
    that was merged into since: its versions are part of that one's history (EDT-05)."""
    kept = or_(kept_incidents(viewer), merged_incidents(viewer))
    return there_is(Incident, where=[Incident.id == Action.became_incident, kept])


@for_viewer
def training_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: recorded in training mode, and the viewer's to keep or remove: an administrator
    with a key, who sees it by their own rights. Nobody removes what they cannot look at."""
    return and_(eyes_of(viewer).permits("admin"), Incident.training, rightful_incidents(viewer))


@for_viewer
def training_actions(viewer: Sight) -> Condition:
    """Condition on Action: as `training_incidents`; its incident may be a real one."""
    return and_(
        eyes_of(viewer).permits("admin"),
        Action.training,
        Action.deleted_at.is_(None),
        there_is(Incident, where=[Incident.id == Action.incident_id, rightful_incidents(viewer)]),
    )
