"""Alerts were taken off a dashboard. Of the ids, those of other modules are no rows of this one."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def dashboard_alerts_removed(
    db: PluginSession, viewer: Viewer, user_id: uuid.UUID, alert_ids: Sequence[uuid.UUID]
) -> None:
    """Of your own alerts, close those that are still open, with who closed them: so twice is as once."""
    own = list(db.scalars(select(ProbeNote.id).where(ProbeNote.id.in_(alert_ids))))
    if own:
        db.audit(viewer, "example.kept", [user_id, *own])
