"""Maps: numbered markers with notes, on a body map and on pictures of the school's own (MAP)."""

from cpoms_core.modules import Module
from cpoms_maps import hooks

MODULE = Module(
    name="maps",
    title="Maps",
    summary="Puts numbered markers with notes on a body map, and on the school's own maps.",
    package="cpoms_maps",
    version="0.1.0",
    hooks=hooks,
    tables="maps_",
)
