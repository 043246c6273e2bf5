"""What the demonstration school has in its planner: a few days around today, invented."""

from __future__ import annotations

import datetime as dt

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_planner import queries
from cpoms_planner.services import Typed, make_event
from cpoms_planner.sight import USE

DAY = dt.timedelta(days=1)


def fill(db: PluginSession, viewer: Viewer) -> None:
    """Adds events of the lead: private, shared, public, and a series; without a planner, nothing."""
    if not (viewer.elevated and viewer.may(USE)):
        return
    today = viewer.local(viewer.now()).date()
    monday = today - DAY * today.weekday()
    others = [one.id for one in queries.users_of_planner(db) if one.id != viewer.user_id][:1]
    for typed in (
        Typed(
            "Safeguarding meeting", monday, dt.time(8, 30), ends=dt.time(9, 15), repeats="weekly", times=12,
            share_ids=others, reminder="30",
        ),
        Typed("Training for all staff", today + 4 * DAY, dt.time(15, 30), ends=dt.time(16, 30), public=True),
        Typed("Visit of the school nurse", today + 2 * DAY, dt.time(10), reminder="day"),
        Typed("Policies to be reviewed", monday + 8 * DAY, days=2, public=True),
    ):  # fmt: skip
        make_event(db, viewer, typed)
