"""Databases of a test's own, empty until the test migrates them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cpoms_core.deployment import Deployment
from cpoms_core.testing import postgres_cluster

_numbers = itertools.count()


@pytest.fixture
def new_deployment(database_kind: str, tmp_path: Path) -> Iterator[Callable[[], Deployment]]:
    """Makes deployments whose database is empty."""
    cluster = postgres_cluster.from_environment() if database_kind == "postgresql" else None
    if database_kind == "postgresql" and cluster is None:
        pytest.skip(postgres_cluster.require_or_reason() or "no PostgreSQL")
    made = []

    def make() -> Deployment:
        folder = tmp_path / f"deployment{next(_numbers)}"
        folder.mkdir()
        if cluster is None:
            return Deployment(folder)
        name = f"migrations_{os.getpid()}_{next(_numbers)}"
        cluster.create_database(name)
        made.append(name)
        return Deployment(folder, database_url=cluster.app_url(name), owner_url=cluster.owner_url(name))

    yield make
    for name in made:
        assert cluster is not None
        cluster.drop_database(name)
