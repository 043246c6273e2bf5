"""Makes importable what the tests of logging in and of keys share; their clock."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine

sys.path.insert(0, str(Path(__file__).parents[1] / "access"))
sys.path.insert(0, str(Path(__file__).parent))

from cpoms_core.access.viewer import utc_now

Clock = Callable[..., None]


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Moves the time of the product: `clock(minutes=20)` later than now."""
    with time_machine.travel(utc_now(), tick=True) as traveller:

        def later(**by: float) -> None:
            traveller.shift(dt.timedelta(**by))

        yield later
