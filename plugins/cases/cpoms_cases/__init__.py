"""Cases: an incident is active or closed, and assigned to a key holder or to nobody (CAS)."""

from cpoms_cases import hooks
from cpoms_core.modules import Module

MODULE = Module(
    name="cases",
    title="Cases",
    summary="Marks incidents as active or closed, and assigns them to key holders.",
    package="cpoms_cases",
    version="0.1.0",
    hooks=hooks,
    tables="cases_",
)
