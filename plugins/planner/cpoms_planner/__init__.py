"""Planner: a calendar of events and reminders for everybody who has a key (PLN)."""

import cpoms_planner.hooks
from cpoms_core.modules import Module

MODULE = Module(
    name="planner",
    title="Planner",
    summary="A calendar for key holders: own, shared and public events, with reminders.",
    package="cpoms_planner",
    version="0.1.0",
    hooks=cpoms_planner.hooks,
    tables="planner_",
)
