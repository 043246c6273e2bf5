"""Claims on outbox items: one worker each, and none for ever (never lost; INC-09)."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.outbox import claims
from cpoms_core.outbox.claims import claim_due, extend, is_held, release, still_waiting
from cpoms_core.outbox.services import queue
from cpoms_core.testing.schools import SchoolForTests

MINUTE = dt.timedelta(minutes=1)


def queue_some(app: Application, school: SchoolForTests, count: int, due: dt.datetime | None = None) -> None:
    with app.transaction(school.id) as db:
        for _ in range(count):
            queue(db, "test", {}, now=utc_now(), due=due)


def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(
    app: Application, school: SchoolForTests
) -> None:
    queue_some(app, school, 1)
    now = utc_now()
    (first,) = claim_due(app, now, most=5)
    assert claim_due(app, now + claims.LEASE / 2, most=5) == []
    (second,) = claim_due(app, now + claims.LEASE, most=5)
    assert second.item_id == first.item_id
    with app.session(school.id, writes=False) as db:
        assert is_held(db, second)
        assert not is_held(db, first), "a message that comes late must not do the work again"


def test_what_is_not_due_yet_waits(app: Application, school: SchoolForTests) -> None:
    queue_some(app, school, 1, due=utc_now() + MINUTE)
    assert claim_due(app, utc_now(), most=5) == []
    assert len(claim_due(app, utc_now() + 2 * MINUTE, most=5)) == 1


def test_many_workers_at_once_claim_each_item_once(app: Application, school: SchoolForTests) -> None:
    queue_some(app, school, 40)
    now = utc_now()

    def work(_number: int) -> list[claims.Claim]:
        mine: list[claims.Claim] = []
        while found := claim_due(app, now, most=3):
            mine += found
        return mine

    with ThreadPoolExecutor(6) as pool:
        claimed = [claim.item_id for mine in pool.map(work, range(6)) for claim in mine]
    # on PostgreSQL a round may find all that is due locked by others and end; nobody gets an item twice
    assert len(claimed) == len(set(claimed))
    assert len(claimed) + len(claim_due(app, now, most=40)) == 40


def test_looking_takes_no_lock_where_nothing_is_due(
    app: Application, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one writer, and it belongs to those who record."""
    monkeypatch.setattr(Application, "transaction", lambda *_a, **_k: pytest.fail("a transaction began"))
    assert claim_due(app, utc_now(), most=5) == []
    assert school.id


def test_a_lease_is_renewed_and_given_back(app: Application, school: SchoolForTests) -> None:
    queue_some(app, school, 2)
    now = utc_now()
    held, unused = claim_due(app, now, most=5)
    extend(app, [held.item_id], now + 3 * MINUTE)
    assert still_waiting(app, [held, unused]) == [unused]
    release(app, [held, unused], now)
    assert [claim.item_id for claim in claim_due(app, now, most=5)] == [unused.item_id]
