"""What the tests of prints share: `recorded` beside this file, `paper` of the unit tests, and the worker."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.running import run_claimed

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "printing"))


@pytest.fixture
def work(app: Application) -> Callable[[], None]:
    """The worker does what is due."""

    def run() -> None:
        while claims := claim_due(app, utc_now(), most=50):
            for claim in claims:
                run_claimed(app, claim)

    return run
