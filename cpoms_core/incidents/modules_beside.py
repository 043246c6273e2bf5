"""What modules show with the incidents of a page."""

from __future__ import annotations

import uuid

from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.on_page import ActionShown, IncidentShown
from cpoms_core.tenancy.scope import SchoolSession


def fill_from_modules(
    db: SchoolSession,
    viewer: Viewer,
    shown: dict[uuid.UUID, IncidentShown],
    actions: dict[uuid.UUID, ActionShown],
) -> None:
    """The modules' panels and links. What a module keeps of an incident that was merged is shown in the
    action that it became (EDT-04)."""
    became = {one.was_incident: one for one in actions.values() if one.was_incident}
    hooks = db.app.hooks
    found = hooks.collect_by_id("incident_panels", db, viewer, incident_ids=[*shown, *became])
    for incident_id, panels in found.items():
        holder = shown.get(incident_id) or became.get(incident_id)
        if holder is not None:
            holder.panels.extend(panels)
    if actions:
        of_actions = hooks.collect_by_id("action_panels", db, viewer, action_ids=list(actions))
        for action_id in actions.keys() & of_actions.keys():
            actions[action_id].panels.extend(of_actions[action_id])
    rightful = {one.id for one in shown.values() if one.rightful}
    if not rightful:
        return
    links = hooks.collect_by_id("incident_options", db, viewer, incident_ids=list(rightful))
    for incident_id in rightful & links.keys():
        shown[incident_id].options.extend(links[incident_id])
    under = {action.id: action for one in shown.values() if one.rightful for action in one.actions}
    if under:
        links = hooks.collect_by_id("action_options", db, viewer, action_ids=list(under))
        for action_id in under.keys() & links.keys():
            under[action_id].options.extend(links[action_id])
