"""The bytes of files: encrypted streams, named by a random id, in the place that the deployment names.

The cipher authenticates as it streams and is bound to the school and the document, so a blob that was
altered, cut short or swapped with another is refused when it is read. Encryption comes first: the place,
whoever runs it, gets nothing else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from cpoms_core.documents.places import FilesAway, Place
from cpoms_core.sealing import DeploymentKey

CHUNK = 256 * 1024  # bytes

__all__ = ["CHUNK", "FileDamaged", "FileTooLarge", "FilesAway", "Storage", "Stored"]


class FileTooLarge(ValueError):
    """The stream held more bytes than allowed; nothing of it was kept."""


class FileDamaged(RuntimeError):
    """What is stored is not what was written, or it is gone."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: plain bytes and their SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Storage:
    """Encrypted files in a place."""

    def __init__(self, place: Place, key: DeploymentKey) -> None:
        self.place = place
        self._key = key

    def write(
        self, wrapped_key: str, school_id: int, document_id: uuid.UUID, source: BinaryIO, *, limit: int
    ) -> Stored:
        """Encrypts a stream into the storage; it is there completely or not at all.

        limit: the largest number of plain bytes. Raises FileTooLarge, FilesAway, and OSError when the disk
        is full.
        """
        digest, size = hashlib.sha256(), 0
        cipher = self._key.file_cipher(wrapped_key, school_id)
        with self.place.writing(school_id, document_id) as sink:
            through = _Through(sink.write)
            try:
                with cipher.new_encrypting_stream(
                    cast(BinaryIO, through), _binding(school_id, document_id)
                ) as sealed:
                    try:
                        while chunk := source.read(CHUNK):
                            size += len(chunk)
                            if size > limit:
                                raise FileTooLarge(f"more than {limit} bytes")
                            digest.update(chunk)
                            sealed.write(chunk)
                    except BaseException:
                        through.abandon()  # closing would hand on a last piece of what nobody will keep
                        raise
            except Exception:
                if through.error is not None:
                    raise through.error from None
                raise
        return Stored(size, digest.hexdigest())

    def read(self, wrapped_key: str, school_id: int, document_id: uuid.UUID) -> Iterator[bytes]:
        """The plain bytes in chunks. Raises FileDamaged, at the latest before the last chunk, and FilesAway.
        Whoever does not read on to the end closes it."""
        cipher = self._key.file_cipher(wrapped_key, school_id)
        through = _Through()
        try:
            with self.place.reading(school_id, document_id) as raw:
                through.source = raw
                with cipher.new_decrypting_stream(
                    cast(BinaryIO, through), _binding(school_id, document_id)
                ) as plain:
                    while chunk := plain.read(CHUNK):
                        yield chunk
        except FilesAway:
            raise
        except Exception as error:  # the cipher's library raises several unrelated types
            if isinstance(through.error, FilesAway):
                raise through.error from None
            if isinstance(
                through.error, OSError
            ):  # of the disk or the connection: it says nothing of the file
                raise FilesAway("the place of the files cannot be read") from through.error
            raise FileDamaged(f"document {document_id} cannot be read") from error

    def remove(self, school_id: int, document_id: uuid.UUID) -> None:
        """Forgets a file that no row names: one whose transaction failed, or a dropped import. Raises
        FilesAway."""
        self.place.remove(school_id, document_id)

    def written_before(self, school_id: int, moment: dt.datetime) -> Iterator[uuid.UUID]:
        """As `Place.written_before`."""
        return self.place.written_before(school_id, moment)

    def remove_unfinished(self, school_id: int, moment: dt.datetime) -> int:
        """As `Place.remove_unfinished`."""
        return self.place.remove_unfinished(school_id, moment)


class _Through(io.RawIOBase):
    """Hands bytes between the cipher and the place, and remembers what went wrong there: the cipher's library
    turns every error into one of its own."""

    def __init__(self, take: Any = None) -> None:
        self.source: Any = None
        self._take = take
        self._abandoned = False
        self.error: Exception | None = None

    def abandon(self) -> None:
        """Nothing more is handed on."""
        self._abandoned = True

    def writable(self) -> bool:
        return self._take is not None

    def readable(self) -> bool:
        return self._take is None

    def write(self, chunk: Any) -> int:
        if self._abandoned:
            return len(chunk)
        try:
            return int(self._take(bytes(chunk)))
        except Exception as error:
            self.error = error
            self.abandon()
            raise

    def read(self, size: int = -1) -> bytes:
        try:
            return bytes(self.source.read(size))
        except Exception as error:
            self.error = error
            raise


def _binding(school_id: int, document_id: uuid.UUID) -> bytes:
    return f"{school_id}/{document_id}".encode()
