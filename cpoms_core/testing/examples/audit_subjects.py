"""What notes are called in the audit: those on incidents that the viewer may read."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import AuditSubject
from cpoms_core.incidents.models import Incident
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def audit_subjects(
    db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[AuditSubject]]:
    rows = db.execute(
        select(ProbeNote.id, Incident.number)
        .join(Incident, Incident.id == ProbeNote.incident_id)
        .where(ProbeNote.id.in_(ids), policy.visible_incidents(viewer))
    )
    return {row.id: [AuditSubject(f"the note on incident {row.number}")] for row in rows}
