"""The mail to whoever is newly assigned (CAS-02). It names no student and no category."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import select

from cpoms_cases import queries
from cpoms_cases.models import Case
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import MailSpec
from cpoms_core.incidents.place_now import place_now


def still_assigned(db: PluginSession, _viewer: Viewer, payload: Mapping[str, Any]) -> bool:
    """Whether the incident, or the one it was merged into, is still its recipient's when the mail is sent: it
    may have waited, and was assigned to somebody else or taken out of their sight meanwhile."""
    place = place_now(cast(Any, db), uuid.UUID(payload["incident"]))
    if place is None:
        return False
    user_id = uuid.UUID(payload["to_user"])
    assignee = db.scalar(select(Case.assignee_id).where(Case.incident_id == place.incident_id))
    return assignee == user_id and queries.sees(db, user_id, place.incident_id)


ASSIGNED = MailSpec(
    "cases.assigned",
    "You have been assigned an incident",
    "{who} has assigned you an incident.\n\nLog in to read it:\n{login}\n",
    still_assigned,
)
