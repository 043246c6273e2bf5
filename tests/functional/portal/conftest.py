"""Makes `several_schools`, beside this file, importable by the tests here; an SSO account of two schools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "access"))

import datetime as dt
from collections.abc import Callable, Iterator

import time_machine
from several_schools import Tabs

from cpoms_core.access.viewer import utc_now
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.sso import SsoForTests, sso_of


@pytest.fixture
def sso(school: SchoolForTests, other_school: SchoolForTests) -> SsoForTests:
    """The leads of both schools are one person with an SSO account, which has an authenticator."""
    return sso_of([school, other_school], "lead")


@pytest.fixture
def tabs(wsgi: Any, sso: SsoForTests) -> Any:
    """Opens browsers: `tabs()` is a person's browser with a tab at each host."""
    return lambda: Tabs(wsgi, sso)


@pytest.fixture
def clock() -> Iterator[Callable[..., None]]:
    """Moves the time of the product: `clock(minutes=20)` later than now."""
    with time_machine.travel(utc_now(), tick=True) as traveller:

        def later(**by: float) -> None:
            traveller.shift(dt.timedelta(**by))

        yield later
