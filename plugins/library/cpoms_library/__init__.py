"""Library: the school's own files, whom they were shown to, and who has read and understood them (LIB)."""

from cpoms_core.modules import Module
from cpoms_library import hooks

MODULE = Module(
    name="library",
    title="Library",
    summary="Keeps policies, templates and other files of the school, and who has read them.",
    package="cpoms_library",
    version="0.1.0",
    hooks=hooks,
    tables="library_",
)
