"""How long modules' hooks may take (MOD-04). Nothing can stop a hook that computes or waits; it is timed,
what it asks the database is stopped, and one that overruns again and again is set aside for the school
(`modules.failing`)."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

from cpoms_core.hooks import specs

Clock = Callable[[], float]
"""Seconds since some moment, which never go back (`time.monotonic`)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. answer: of a hook that a page waits for (collect, veto). saving: of one that is told of a
    change (effect, told, own). change: of all that are told within one transaction; then the rest is left to
    the worker, where a retry may take as long. Together they stay well below the time that others wait for
    SQLite's one writer (`database.engines`)."""

    answer: float = 2.0
    saving: float = 3.0
    change: float = 6.0

    def of(self, hook: str) -> float | None:
        """The seconds of one call of a hook; None where it may take as long as it takes."""
        if specs.MODES[hook] in ("collect", "veto"):
            return self.answer
        return None if hook in PATIENT else self.saving


PATIENT = frozenset({"fill_demo"})
"""Hooks for which no page waits."""
OVERRUNS = 3
"""So many overruns of a module's hook at a school set it aside there,"""
WINDOW = dt.timedelta(days=1)
"""where they happen within this time."""


class TookTooLong(RuntimeError):
    """A hook asked the database for more, when its time was up."""


class Deadline:
    """When a call must be over; begins when it is made."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._began = clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._clock() - self._began

    @property
    def is_over(self) -> bool:
        return self.elapsed > self.seconds

    @property
    def left(self) -> float:
        """Seconds that are left; none below zero."""
        return max(0.0, self.seconds - self.elapsed)
