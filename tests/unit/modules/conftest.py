"""The probe's pages as a browser asks for them."""

from __future__ import annotations

from typing import Any

import pytest

from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.testing.conformance import Browser, browser_for, grant_everything
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests, make_school


@pytest.fixture(scope="session")
def probe_wsgi(probe_app: Application) -> Any:
    return configure(probe_app)


@pytest.fixture
def school(probe_app: Application) -> SchoolForTests:
    """A school with every module on, and a lead who has every permission of theirs."""
    made = make_school(probe_app)
    grant_everything(made)
    behaviour.called.clear()
    return made


@pytest.fixture
def lead(probe_wsgi: Any, school: SchoolForTests) -> Browser:
    return browser_for(probe_wsgi, school, "lead")
