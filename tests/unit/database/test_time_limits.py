"""Statements of modules that end when their time is up (MOD-04)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from cpoms_core.application import Application
from cpoms_core.database.time_limits import StatementLimit
from cpoms_core.testing.schools import SchoolForTests


@dataclass
class Ends:
    """A deadline, in so many seconds."""

    left: float
    is_over: bool = False


@pytest.mark.parametrize(
    ("left", "told"), [(0.0, "1ms"), (0.0509, "52ms"), (0.1996, "201ms"), (2.0, "2001ms")]
)
def test_postgresql_never_stops_a_statement_before_its_time(
    app: Application, school: SchoolForTests, left: float, told: str
) -> None:
    """MOD-04: a hook that was stopped a moment too early would count as one that failed, not as one that took
    too long."""
    with app.session(school.id, writes=False) as db:
        connection = db.connection()
        if connection.dialect.name != "postgresql":
            pytest.skip("SQLite asks the deadline itself")
        limit = StatementLimit(connection, Ends(left))
        assert connection.scalar(select(func.current_setting("statement_timeout"))) == told
        limit.end(connection)
        assert connection.scalar(select(func.current_setting("statement_timeout"))) == "0"
