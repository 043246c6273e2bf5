"""Hooks that take too long, for tests: on clocks that a busy machine does not disturb. Give one to
`app.hooks.clock`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import CTE, Select, func, literal, select

from cpoms_core.hooks.relay import PluginSession


class Hands:
    """A clock whose hands a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> Callable[..., None]:
        """A hook that takes so long, without asking the database anything."""

        def act(**_arguments: Any) -> None:
            self.seconds += seconds

        return act


class Stopwatch:
    """A clock that runs, as fast as any, while `hang` does."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = None

    def __call__(self) -> float:
        return self._before + (time.monotonic() - self._since if self._since is not None else 0.0)

    def running(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """A hook during which the clock runs."""

        def do(**arguments: Any) -> Any:
            self._since = time.monotonic()
            try:
                return act(**arguments)
            finally:
                self._before, self._since = self(), None

        return do

    def hang(self, **arguments: Any) -> None:
        """A hook that asks the database something that it does not answer within the test's time."""

        def ask(db: PluginSession, **_others: Any) -> None:
            db.execute(endless(db)).all()

        self.running(ask)(**arguments)


def endless(db: PluginSession) -> Select[Any]:
    """A statement that takes half a minute and more, and touches no table."""
    if db._session.get_bind().dialect.name == "postgresql":
        return select(func.pg_sleep(30))
    return select(func.count()).select_from(counting(1_000_000_000))


def counting(last: int) -> CTE:
    """The numbers up to `last`, counted one by one: about two million a second."""
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    return numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < last))
