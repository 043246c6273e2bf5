"""Figures of the overview: counted in SQL, through policy (STU-02)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import Incident
from cpoms_core.students.figures import by_category, by_month, figures
from cpoms_core.testing.records import record
from cpoms_core.testing.schools import SchoolForTests


def categories(school: SchoolForTests, viewer: Viewer) -> list[tuple[str, int]]:
    with school.app.session(school.id, writes=False) as db:
        return by_category(db, viewer, school.students["aoife"]).rows


def change(school: SchoolForTests, incident: Any, **values: Any) -> None:
    with school.app.transaction(school.id) as db:
        row = db.get_one(Incident, (school.id, incident))
        for name, value in values.items():
            setattr(row, name, value)


def test_only_what_the_viewer_sees_is_counted(school: SchoolForTests) -> None:
    """STU-02, USR-12.3, USR-12.7: the head of year sees no Child Protection, nor that there is any."""
    record(school, ["Behaviour"])
    record(school, ["Behaviour"])
    record(school, ["Behaviour", "Child Protection"])
    record(school, ["Attendance"], who="björn")
    assert categories(school, school.viewer("lead")) == [("Behaviour", 3), ("Child Protection", 1)]
    assert categories(school, school.viewer("head")) == [("Behaviour", 2)]
    assert categories(school, school.viewer("teacher")) == []


def test_deleted_and_training_ones_do_not_count(school: SchoolForTests) -> None:
    """STU-02, EDT-02, TRN-01."""
    record(school, ["Behaviour"])
    change(school, record(school, ["Attendance"]), deleted_at=dt.datetime.now(dt.UTC))
    change(school, record(school, ["Medical"]), training=True)
    assert categories(school, school.viewer("lead")) == [("Behaviour", 1)]


def test_a_sub_category_stands_for_its_parent(school: SchoolForTests) -> None:
    """STU-02, INC-13: as on the chronology; an incident in the parent alone counts there."""
    record(school, ["Behaviour", "Bullying"])
    record(school, ["Behaviour"])
    assert categories(school, school.viewer("lead")) == [("Behaviour", 1), ("Bullying", 1)]


def test_months_are_the_schools_and_none_is_left_out(school: SchoolForTests) -> None:
    """STU-02: half past midnight on 1 July in London is June in UTC; months without any are zero."""
    change(school, record(school, ["Behaviour"]), occurred_at=dt.datetime(2026, 6, 30, 23, 30, tzinfo=dt.UTC))
    change(school, record(school, ["Behaviour"]), occurred_at=dt.datetime(2026, 9, 1, tzinfo=dt.UTC))
    now = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)
    viewer = replace(school.viewer("lead"), clock=lambda: now)
    with school.app.session(school.id, writes=False) as db:
        rows = by_month(db, viewer, school.students["aoife"]).rows
    assert rows == [("Jul 2026", 1), ("Aug 2026", 0), ("Sep 2026", 1), ("Oct 2026", 0)]


def test_without_incidents_there_is_no_figure(school: SchoolForTests) -> None:
    """STU-02: an empty pie says nothing."""
    with school.app.session(school.id, writes=False) as db:
        assert figures(db, school.viewer("lead"), school.students["aoife"]) == []
