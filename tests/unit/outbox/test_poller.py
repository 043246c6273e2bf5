"""The worker's looking thread: it hands out no more than is soon begun, and keeps what is being worked on."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
import time_machine

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.outbox import poller as poller_module
from cpoms_core.outbox.claims import Claim, claim_due
from cpoms_core.outbox.poller import Poller
from cpoms_core.outbox.running import run_claimed
from cpoms_core.outbox.services import queue
from cpoms_core.testing.schools import SchoolForTests

SECOND = dt.timedelta(seconds=1)


def queue_some(app: Application, school: SchoolForTests, count: int) -> None:
    with app.transaction(school.id) as db:
        for _ in range(count):
            queue(db, "test", {}, now=utc_now())


def test_it_claims_no_more_than_the_threads_soon_begin(app: Application, school: SchoolForTests) -> None:
    queue_some(app, school, 10)
    sent: list[Claim] = []
    poller = Poller(app, most=4)
    poller.hand_out(sent.append)
    poller.hand_out(sent.append)
    assert len(sent) == 4
    run_claimed(app, sent[0])  # a kind that nobody knows: put off
    poller.hand_out(sent.append)
    assert len(sent) == 5


def test_stopping_gives_back_what_was_not_begun(app: Application, school: SchoolForTests) -> None:
    queue_some(app, school, 3)
    sent: list[Claim] = []
    poller = Poller(app, most=4)
    poller.hand_out(sent.append)
    run_claimed(app, sent[0])
    poller.give_back()
    assert {claim.item_id for claim in claim_due(app, utc_now(), most=10)} == {c.item_id for c in sent[1:]}


def test_work_that_takes_longer_than_its_lease_is_not_begun_twice(
    app: Application, school: SchoolForTests
) -> None:
    queue_some(app, school, 1)
    poller = Poller(app, most=4, lease=SECOND)
    with time_machine.travel(utc_now(), tick=False) as clock:
        (claim,) = claim_due(app, utc_now(), most=1, lease=SECOND)
        with poller.working_on(claim):
            for _ in range(8):
                clock.shift(SECOND / 4)
                poller.renew()
                assert claim_due(app, utc_now(), most=1) == []
        clock.shift(SECOND * 1.1)
        poller.renew()
        assert len(claim_due(app, utc_now(), most=1)) == 1, "nobody works on it any more"


def test_one_failing_round_does_not_end_the_looking(
    app: Application, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller_module, "LOOK_EVERY", 0.02)
    rounds = 0
    found = threading.Event()
    claim_really = poller_module.claim_due

    def fail_first(*arguments: Any, **named: Any) -> list[Claim]:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise OSError("the database is away")
        return claim_really(*arguments, **named)

    monkeypatch.setattr(poller_module, "claim_due", fail_first)
    queue_some(app, school, 1)
    poller = Poller(app, most=4)
    thread = threading.Thread(target=poller.run, args=(lambda _claim: found.set(),))
    thread.start()
    assert found.wait(60)
    poller.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_one_schools_trouble_is_not_the_others(
    app: Application, school: SchoolForTests, other_school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed: list[int] = []

    def seal(_app: Application, school_id: int, _now: dt.datetime) -> int:
        if school_id == school.id:
            raise ValueError
        sealed.append(school_id)
        return 0

    monkeypatch.setattr(poller_module, "seal_waiting", seal)
    Poller(app, most=1).seal()
    assert other_school.id in sealed
