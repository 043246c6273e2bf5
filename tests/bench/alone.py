"""One part of the bench by itself, in a database of its own: python -m tests.bench.printing, for example."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from cpoms_core.application import Application
from cpoms_core.deployment import Deployment
from cpoms_core.migrations.migrate import migrate
from cpoms_core.modules.registry import installed


def alone(report: Callable[[Application], None]) -> None:
    """Runs a part's report on SQLite, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as name:
        deployment = Deployment(Path(name))
        migrate(deployment.owner_url, installed())
        report(Application(deployment))
