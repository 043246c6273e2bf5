"""CAS-05: bulk closing beside somebody who closes one of the same incidents at the same moment."""

from __future__ import annotations

import datetime as dt
import threading
import time
from contextlib import closing
from typing import Any

from cpoms_cases import bulk, services

from cpoms_core.admin.guards import ChangedMeanwhile
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.schools import SchoolForTests

DAY = dt.date(2026, 6, 10)
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_for(school: SchoolForTests, other: threading.Thread) -> None:
    """Until PostgreSQL says that it waits for a lock. SQLite has one writer at a time."""
    engine, until = school.app.engines.reading, time.monotonic() + 60
    while engine.dialect.name == "postgresql" and other.is_alive() and time.monotonic() < until:
        with closing(engine.raw_connection()) as connection:
            (waiting,) = connection.cursor().execute(WAITING).fetchone()
        if waiting:
            return
        other.join(0.02)


def test_one_that_is_closed_meanwhile_is_waited_for_and_noticed(
    school: SchoolForTests, record: Any, stored: Any
) -> None:
    """CAS-05: it was active when it was counted and when its lock was asked for, and is not any more."""
    at = dt.datetime.combine(DAY, dt.time(9), dt.UTC)
    one, other_one = record(school, at=at), record(school, at=at)
    admin, lead, came = school.viewer("admin"), school.viewer("lead"), []
    with school.app.session(school.id, writes=False) as db:
        seen = bulk.count(PluginSession(db), admin, DAY, DAY).seen

    def close_all() -> None:
        try:
            with school.app.transaction(school.id) as db:
                bulk.close_all(PluginSession(db), admin, bulk.Asked(DAY, DAY, seen, True))
        except ChangedMeanwhile as refusal:
            came.append(refusal)

    other = threading.Thread(target=close_all)
    with school.app.transaction(school.id) as db:
        services.change_status(PluginSession(db), lead, one.id, "closed")
        other.start()
        wait_for(school, other)
        assert other.is_alive(), "it must wait for the one that is being closed"
    other.join(60)
    assert len(came) == 1
    assert len(stored.changes(one.id)) == 2, "it was closed once, by the lead"
    assert stored.case(other_one.id).status == "active"
