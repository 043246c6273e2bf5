"""The SIMS management information system: its XML and CSV extracts (MIS-05)."""

from cpoms_core.modules import Module
from cpoms_mis_sims import hooks

MODULE = Module(
    name="mis_sims",
    title="SIMS",
    summary="Reads students, contacts, staff and session marks from SIMS report files.",
    package="cpoms_mis_sims",
    version="0.1.0",
    hooks=hooks,
)
