"""Where the bytes of documents are: encrypted streams in a folder, named by the document's random id.

The cipher authenticates as it streams and is bound to the school and the document, so a blob that was
altered, cut short or swapped with another is refused when it is read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cpoms_core.sealing import DeploymentKey

CHUNK = 256 * 1024  # bytes
NAME = re.compile(r"[0-9a-f]{32}")
UNFINISHED = ".part"


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
    """A local folder of encrypted files, one folder for each school."""

    def __init__(self, folder: Path, key: DeploymentKey) -> None:
        self._folder = folder
        self._key = key

    def write(
        self, wrapped_key: str, school_id: int, document_id: uuid.UUID, source: BinaryIO, *, limit: int
    ) -> Stored:
        """Encrypts a stream into the storage; it is there completely or not at all.

        limit: the largest number of plain bytes. Raises FileTooLarge, and OSError when the disk is full.
        """
        path = self._path(school_id, document_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(UNFINISHED)
        digest, size = hashlib.sha256(), 0
        cipher = self._key.file_cipher(wrapped_key, school_id)
        try:
            with (
                temporary.open("xb") as raw,
                cipher.new_encrypting_stream(raw, _binding(school_id, document_id)) as sealed,
            ):
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise FileTooLarge(f"more than {limit} bytes")
                    digest.update(chunk)
                    sealed.write(chunk)
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return Stored(size, digest.hexdigest())

    def read(self, wrapped_key: str, school_id: int, document_id: uuid.UUID) -> Iterator[bytes]:
        """The plain bytes in chunks. Raises FileDamaged, at the latest before the last chunk."""
        cipher = self._key.file_cipher(wrapped_key, school_id)
        try:
            with (
                self._path(school_id, document_id).open("rb") as raw,
                cipher.new_decrypting_stream(raw, _binding(school_id, document_id)) as plain,
            ):
                while chunk := plain.read(CHUNK):
                    yield chunk
        except Exception as error:  # the cipher's library raises several unrelated types
            raise FileDamaged(f"document {document_id} cannot be read") from error

    def remove(self, school_id: int, document_id: uuid.UUID) -> None:
        """Forgets a file that no row names: one whose transaction failed, or a dropped import."""
        self._path(school_id, document_id).unlink(missing_ok=True)

    def written_before(self, school_id: int, moment: dt.datetime) -> Iterator[uuid.UUID]:
        """The documents of a school that were last written before a moment (UTC), in no order. It lists as
        it is read, and skips what was not written here."""
        for entry in self._entries(school_id, moment):
            if NAME.fullmatch(entry.name):
                yield uuid.UUID(entry.name)

    def remove_unfinished(self, school_id: int, moment: dt.datetime) -> int:
        """Removes what was begun and not finished, and not written to since a moment (UTC): the process was
        killed. Returns how many files."""
        count = 0
        for entry in self._entries(school_id, moment):
            if entry.name.endswith(UNFINISHED):
                Path(entry.path).unlink(missing_ok=True)
                count += 1
        return count

    def _entries(self, school_id: int, moment: dt.datetime) -> Iterator[os.DirEntry[str]]:
        """The school's files that were last written before a moment, with one folder open at a time."""
        try:
            # 256 at most
            folders = sorted(one for one in (self._folder / str(school_id)).iterdir() if one.is_dir())
        except FileNotFoundError:  # no file yet
            return
        for folder in folders:
            with os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # removed since it was listed
                        if entry.stat(follow_symlinks=False).st_mtime < moment.timestamp():
                            yield entry

    def _path(self, school_id: int, document_id: uuid.UUID) -> Path:
        name = document_id.hex
        return self._folder / str(school_id) / name[-2:] / name


def _binding(school_id: int, document_id: uuid.UUID) -> bytes:
    return f"{school_id}/{document_id}".encode()
