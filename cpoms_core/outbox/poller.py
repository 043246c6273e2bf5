"""The thread of a worker that looks: what is due, what has waited without a wake-up, what is not sealed, what
alerts nobody read, what files nothing names, what log-ins ran out."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from cpoms_core.access.forgetting import forget_what_ran_out
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts import passing_on
from cpoms_core.application import Application
from cpoms_core.audit.sealing import BATCH, seal_waiting
from cpoms_core.audit.verify import schools
from cpoms_core.documents.prepared import forget_expired
from cpoms_core.documents.tasks import sweep_files
from cpoms_core.logs import place_of
from cpoms_core.outbox.claims import LEASE, Claim, claim_due, extend, release, still_waiting
from cpoms_core.outbox.services import sweep

log = structlog.get_logger()
LOOK_EVERY = 0.2  # seconds
SEAL_EVERY = 5.0
SWEEP_EVERY = 60.0
PASS_ON_EVERY = 60.0
SWEEP_FILES_EVERY = 6 * 3600.0
FORGET_EVERY = 6 * 3600.0


@dataclass(slots=True)
class Duty:
    """Something to do again and again; `do` says whether it left work for a further turn at once. One that
    fails is logged, and tried at its next turn."""

    every: float  # seconds
    do: Callable[[], bool]
    next_at: float = 0.0  # of time.monotonic()


class Poller:
    """Looks for work and hands it out. `most`: how many items it claims ahead of the threads."""

    def __init__(self, app: Application, *, most: int, lease: dt.timedelta = LEASE) -> None:
        self._app = app
        self._most = most
        self._lease = lease
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._claimed: list[Claim] = []  # sent, and not seen to have been begun or done
        self._working: dict[uuid.UUID, dt.datetime] = {}  # begun here -> when its lease ends
        self._sweeping: Iterator[None] | None = None  # a sweep of files that is not at its end

    def run(self, send: Callable[[Claim], None]) -> None:
        """Looks until it is stopped; `send` wakes a thread for a claim."""
        duties = [
            Duty(LOOK_EVERY, lambda: self.hand_out(send)),
            Duty(self._lease.total_seconds() / 6, self.renew),
            Duty(SEAL_EVERY, self.seal),
            Duty(SWEEP_EVERY, self.sweep),
            Duty(PASS_ON_EVERY, self.pass_on),
            Duty(SWEEP_FILES_EVERY, self.sweep_files),
            Duty(FORGET_EVERY, self.forget),
        ]
        while not self._stopping.is_set():
            for duty in duties:
                if duty.next_at <= time.monotonic():
                    self._attempt(duty)
            self._stopping.wait(max(0.0, min(duty.next_at for duty in duties) - time.monotonic()))

    def stop(self) -> None:
        self._stopping.set()

    def hand_out(self, send: Callable[[Claim], None]) -> bool:
        """Claims what is due and wakes a thread for each, never more than are soon begun: a claim that waits
        longer than its lease would be made again."""
        self._claimed = still_waiting(self._app, self._claimed)
        room = self._most - len(self._claimed)
        if room > 0:
            for claim in claim_due(self._app, utc_now(), most=room, lease=self._lease):
                self._claimed.append(claim)
                send(claim)
        return False

    @contextmanager
    def working_on(self, claim: Claim) -> Iterator[None]:
        """While a thread works on an item, its lease is renewed."""
        with self._lock:
            self._working[claim.item_id] = claim.until
        try:
            yield
        finally:
            with self._lock:
                self._working.pop(claim.item_id, None)

    def renew(self) -> bool:
        """Extends the leases of what is being worked on and would soon lose its own."""
        now = utc_now()
        soon = now + self._lease * 2 / 3
        with self._lock:
            ending = [item for item, until in self._working.items() if until < soon]
            self._working.update(dict.fromkeys(ending, now + self._lease))
        if ending:
            extend(self._app, ending, now + self._lease)
        return False

    def seal(self) -> bool:
        """Seals a batch of the audit of every school."""
        return any(count == BATCH for count in self._at_each_school(seal_waiting))

    def sweep(self) -> bool:
        """Wakes what lost its wake-up, at every school."""
        found = sum(self._at_each_school(sweep))
        if found:
            log.warning("woke what had no wake-up", items=found)
        return False

    def pass_on(self) -> bool:
        """Passes a batch of unread alerts on, at every school that names whom to (INC-16)."""
        return any(count == passing_on.BATCH for count in self._at_each_school(passing_on.pass_on))

    def sweep_files(self) -> bool:
        """Looks at one batch of stored files: mail that is due does not wait for all of them."""
        self._sweeping = self._sweeping or self._sweep_files()
        for _batch in self._sweeping:
            return True
        self._sweeping = None
        return False

    def _sweep_files(self) -> Iterator[None]:
        for school_id, slug in schools(self._app):
            try:
                forget_expired(self._app, school_id, utc_now())
                for _counts in sweep_files(self._app, school_id, utc_now()):
                    yield
            except Exception as error:
                _log_failure(error, school=slug)

    def forget(self) -> bool:
        """Forgets a batch of links, questions and log-ins that ran out."""
        return forget_what_ran_out(self._app, utc_now()) > 0

    def give_back(self) -> None:
        """Releases what was claimed and not begun, for the next worker."""
        release(self._app, self._claimed, utc_now())

    def _at_each_school(self, do: Callable[[Application, int, dt.datetime], int]) -> list[int]:
        """What `do` answers for every school; one school's trouble is logged and is not the others'."""
        answers = []
        for school_id, slug in schools(self._app):
            try:
                answers.append(do(self._app, school_id, utc_now()))
            except Exception as error:
                _log_failure(error, school=slug)
        return answers

    def _attempt(self, duty: Duty) -> None:
        more = False
        try:
            more = duty.do()
        except Exception as error:
            _log_failure(error)
        duty.next_at = time.monotonic() + (0.0 if more else duty.every)


def _log_failure(error: Exception, **facts: str) -> None:
    log.error("the worker's round failed", error=type(error).__name__, at=place_of(error), **facts)
