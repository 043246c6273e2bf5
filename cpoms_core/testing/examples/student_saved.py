"""Notes that a student's information was changed."""

import uuid
from collections.abc import Mapping
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession


@hookimpl
def student_saved(
    db: PluginSession, viewer: Viewer, student_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    if values:
        db.audit(viewer, "example.kept", [student_id], version=version)
