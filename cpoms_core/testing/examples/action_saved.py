"""Notes that an action was recorded or changed."""

import uuid
from collections.abc import Mapping
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession


@hookimpl
def action_saved(
    db: PluginSession, viewer: Viewer, action_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    if values:
        db.audit(viewer, "example.kept", [action_id], version=version)
