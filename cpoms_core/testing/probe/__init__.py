"""A module for tests: one hook of every kind, a table, pages, a task, a permission. It is not installed; a
test gives it to `Application(deployment, modules={**installed(), "probe": PROBE})`."""

from cpoms_core.modules import Module
from cpoms_core.testing.probe import hooks

PROBE = Module(
    name="probe",
    title="Probe",
    summary="Keeps a note beside each incident, for tests.",
    package="cpoms_core.testing.probe",
    version="0.1.0",
    hooks=hooks,
    tables="probe_",
)
