"""INC-09: numbers of incidents rise without gaps, whoever asks at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from cpoms_core.application import Application
from cpoms_core.tenancy.models import Counter
from cpoms_core.tenancy.services import next_number
from cpoms_core.testing.schools import SchoolForTests


def test_inc_09_600_numbers_at_once_lose_none_and_leave_no_gap(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """SQLAlchemy's default transactions lost 389 of 600 on SQLite when it was tried."""
    threads, each = 8, 75
    start = threading.Barrier(threads)

    def take(_: int) -> list[int]:
        start.wait()
        found = []
        for _turn in range(each):
            with app.transaction(school.id) as db:
                found.append(next_number(db, "incident"))
        return found

    with ThreadPoolExecutor(threads) as pool:
        taken = [number for numbers in pool.map(take, range(threads)) for number in numbers]
    assert sorted(taken) == list(range(1, 601))
    with app.session(school.id, writes=False) as db:
        assert db.scalar(select(Counter.value).where(Counter.name == "incident")) == 600
    with app.session(other_school.id, writes=False) as db:
        assert db.scalar(select(Counter.value).where(Counter.name == "incident")) == 0


def test_inc_09_a_failed_transaction_gives_its_number_back(app: Application, school: SchoolForTests) -> None:
    with pytest.raises(ZeroDivisionError), app.transaction(school.id) as db:
        assert next_number(db, "incident") == 1
        raise ZeroDivisionError
    with app.transaction(school.id) as db:
        assert next_number(db, "incident") == 1


def test_inc_09_a_counter_that_a_school_does_not_have_stops(app: Application, school: SchoolForTests) -> None:
    with pytest.raises(AssertionError), app.transaction(school.id) as db:
        next_number(db, "nothing")
