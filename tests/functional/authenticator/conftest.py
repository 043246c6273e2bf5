"""Phones of the tests, and what they share with the tests of logging in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import webtest

from cpoms_core.application import Application
from cpoms_core.testing.phones import PhoneBrowser

sys.path.insert(0, str(Path(__file__).parents[1] / "access"))


@pytest.fixture
def phone_browser(app: Application, wsgi: Any) -> PhoneBrowser:
    """What sends a phone's messages."""
    return PhoneBrowser(webtest.TestApp(wsgi, extra_environ={"REMOTE_ADDR": "2001:db8:0:f::1"}), app)
