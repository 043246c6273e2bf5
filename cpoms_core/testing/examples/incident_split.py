"""An action became an incident of its own."""

import uuid

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession


@hookimpl
def incident_split(db: PluginSession, viewer: Viewer, action_id: uuid.UUID, incident_id: uuid.UUID) -> None:
    db.audit(viewer, "example.kept", [incident_id, action_id])
