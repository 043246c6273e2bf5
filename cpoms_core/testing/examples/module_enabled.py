"""The switch was turned on: a moment to make what the module begins with."""

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession


@hookimpl
def module_enabled(db: PluginSession, viewer: Viewer) -> None:
    db.audit(viewer, "example.kept", how="switched on")
