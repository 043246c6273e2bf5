"""The switch was turned off. Everything is kept."""

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession


@hookimpl
def module_disabled(db: PluginSession, viewer: Viewer) -> None:
    db.audit(viewer, "example.kept", how="switched off")
