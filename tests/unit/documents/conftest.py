"""A storage in each kind of place: a folder, and a bucket of a real server that speaks S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cpoms_core.documents.places import Place
from cpoms_core.documents.places.folder import Folder
from cpoms_core.documents.storage import Storage
from cpoms_core.sealing import DeploymentKey
from cpoms_core.testing.buckets import new_bucket, s3_server


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3."""
    with s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place of each kind."""
    if request.param == "folder":
        return Folder(tmp_path / "files")
    return new_bucket(request.getfixturevalue("s3"))


@pytest.fixture
def storage(place: Place, tmp_path: Path) -> Storage:
    """A storage in an empty place of each kind, with a key of its own."""
    return Storage(place, DeploymentKey.from_file(tmp_path / "keys" / "deployment.json"))
