"""Databases for the figures: empty ones, which are gone at the end."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cpoms_core.application import Application
from cpoms_core.deployment import Deployment
from cpoms_core.migrations.migrate import migrate
from cpoms_core.modules.registry import installed
from cpoms_core.testing import postgres_cluster


@contextmanager
def migrated(kind: str) -> Iterator[tuple[Application, Path]]:
    """An application on a database that has all tables and no rows, and a folder beside it. kind: `sqlite` or
    `postgresql`, which is started for it."""
    with tempfile.TemporaryDirectory() as name, _empty(kind, Path(name)) as deployment:
        migrate(deployment.owner_url, installed())
        app = Application(deployment)
        try:
            yield app, Path(name)
        finally:
            app.engines.dispose()


@contextmanager
def _empty(kind: str, folder: Path) -> Iterator[Deployment]:
    """A deployment in a folder, whose database has no tables yet."""
    if kind == "sqlite":
        yield Deployment(folder)
        return
    cluster = postgres_cluster.start_for_run()
    if cluster is None:
        raise SystemExit(postgres_cluster.require_or_reason())
    try:
        name = f"bench_{uuid.uuid4().hex[:8]}"
        cluster.create_database(name)
        yield Deployment(folder, database_url=cluster.app_url(name), owner_url=cluster.owner_url(name))
    finally:
        cluster.stop()
