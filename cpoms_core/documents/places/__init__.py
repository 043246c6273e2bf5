"""Where the encrypted bytes of files are kept: a folder of this machine, or a bucket that speaks S3. What
comes here is encrypted already; a place knows ids and bytes and nothing else."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from cpoms_core.deployment import Deployment


class FilesAway(OSError):
    """The place does not answer, or not in time; what it holds is not in question."""


class Missing(LookupError):
    """The place answers, and has no such file."""


class Sink(Protocol):
    """Takes the bytes of a file as they come."""

    def write(self, chunk: bytes, /) -> int:
        """Takes all of the bytes; answers how many. Raises FilesAway, and OSError when the disk is full."""


class Place(Protocol):
    """What a place of files does; the contract is tests/unit/documents/test_places.py."""

    def writing(self, school_id: int, file_id: uuid.UUID) -> AbstractContextManager[Sink]:
        """A new file of unknown length: it is there completely once the block ends, and not at all if the
        block raises. Raises FilesAway, and OSError when the disk is full."""

    def reading(self, school_id: int, file_id: uuid.UUID) -> AbstractContextManager[BinaryIO]:
        """The bytes of a file. Raises Missing and FilesAway, the latter while reading, too."""

    def remove(self, school_id: int, file_id: uuid.UUID) -> None:
        """Removes a file; one that is not there is no error. Raises FilesAway."""

    def written_before(self, school_id: int, moment: dt.datetime) -> Iterator[uuid.UUID]:
        """The files of a school that were last written before a moment (UTC), in no order. It lists as it
        is read, and skips what was not written here."""

    def remove_unfinished(self, school_id: int, moment: dt.datetime) -> int:
        """Removes what was begun before a moment (UTC) and never finished: the process was killed. Returns
        how many files."""


def place_of(deployment: Deployment) -> Place:
    """The place that the deployment names by `files`."""
    if not deployment.files:
        from cpoms_core.documents.places.folder import Folder

        return Folder(deployment.folder / "files")
    from cpoms_core.documents.places.bucket import Bucket

    bucket, _, prefix = deployment.files.removeprefix("s3://").partition("/")
    return Bucket(
        bucket,
        prefix.strip("/"),
        endpoint=deployment.files_endpoint,
        region=deployment.files_region,
        access_key=deployment.files_access_key,
        secret_key=deployment.files_secret_key,
    )
