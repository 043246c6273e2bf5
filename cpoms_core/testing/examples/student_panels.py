"""A part of a student's Overview. The record may be opened; of its incidents only some."""

import uuid

from sqlalchemy import func, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Panel
from cpoms_core.incidents.models import Incident

PANEL = "cpoms_core.testing.examples:templates/panel.pt"


@hookimpl
def student_panels(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> list[Panel]:
    about = [Incident.student_id == student_id, policy.visible_incidents(viewer)]
    newest = db.scalar(select(func.max(Incident.number)).where(*about))
    text = f"The newest that you may read is incident {newest}."
    return [Panel("student-overview", 50, PANEL, {"text": text})] if newest else []
