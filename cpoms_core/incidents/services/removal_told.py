"""Telling modules, those that are off too, what is no longer there and what is there again (EDT-02,
TRN-01)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.tenancy.scope import SchoolSession

Ids = Sequence[uuid.UUID]


def tell_of_removed(db: SchoolSession, viewer: Viewer, *, incidents: Ids = (), actions: Ids = ()) -> None:
    """Incidents, and actions by themselves, were removed."""
    _tell(db, viewer, "incidents_removed", incidents, actions)


def tell_of_reinstated(db: SchoolSession, viewer: Viewer, *, incidents: Ids = (), actions: Ids = ()) -> None:
    """They are there again."""
    _tell(db, viewer, "incidents_reinstated", incidents, actions)


def _tell(db: SchoolSession, viewer: Viewer, hook: str, incidents: Ids, actions: Ids) -> None:
    if not incidents and not actions:
        return
    db.app.hooks.tell(
        hook,
        db,
        viewer,
        keep_for_retry(db, viewer),
        change_id=new_id(),
        incident_ids=list(incidents),
        action_ids=list(actions),
    )
