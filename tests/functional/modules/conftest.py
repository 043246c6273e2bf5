"""A school in which the tests' own module is on, and nothing else, with a lead who has every permission."""

from __future__ import annotations

from typing import Any

import pytest

from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.conformance import grant_everything
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.web.request import cookie_name


@pytest.fixture(scope="session")
def probe_wsgi(probe_app: Application) -> Any:
    return configure(probe_app)


@pytest.fixture
def school(probe_app: Application) -> SchoolForTests:
    """A school with only the tests' own module on, and a lead who has every permission."""
    made = make_school(probe_app, modules=["probe"])
    grant_everything(made)
    return made


@pytest.fixture
def lead(probe_wsgi: Any, school: SchoolForTests) -> Browser:
    """The lead's browser, at the application with that module."""
    browser = Browser(
        probe_wsgi, extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": f"2001:db8::{school.id:x}"}
    )
    browser.set_cookie(cookie_name(school.app), school.session_token("lead"))
    return browser
