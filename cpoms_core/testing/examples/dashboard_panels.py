"""A part of the dashboard. Without a key a viewer is shown nothing of any child."""

from sqlalchemy import func, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Panel
from cpoms_core.incidents.models import Incident

PANEL = "cpoms_core.testing.examples:templates/panel.pt"


@hookimpl
def dashboard_panels(db: PluginSession, viewer: Viewer) -> list[Panel]:
    if not viewer.elevated:
        return []
    number = db.scalar(select(func.count(Incident.id)).where(policy.visible_incidents(viewer)))
    return [Panel("dashboard", 50, PANEL, {"text": f"You may read {number} incidents."})]
