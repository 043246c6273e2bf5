"""Files in a folder of this machine: the place unless the operator says otherwise."""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cpoms_core.documents.places import FilesAway, Missing

NAME = re.compile(r"[0-9a-f]{32}")
UNFINISHED = ".part"


class Folder:
    """One folder for each school, with files named by their random ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def writing(self, school_id: int, file_id: uuid.UUID) -> Iterator[BinaryIO]:
        path = self.path(school_id, file_id)
        _make(path.parent)
        # a name of its own: what a killed process left under the same id is in nobody's way
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
        opened = temporary.open("xb")
        try:
            with opened as raw:
                yield raw
                raw.flush()
                os.fsync(raw.fileno())
            temporary.replace(path)
            _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def reading(self, school_id: int, file_id: uuid.UUID) -> Iterator[BinaryIO]:
        try:
            raw = self.path(school_id, file_id).open("rb")
        except FileNotFoundError as error:
            raise Missing from error
        except OSError as error:
            raise FilesAway("the folder of the files cannot be read") from error
        with raw:
            yield raw

    def remove(self, school_id: int, file_id: uuid.UUID) -> None:
        self.path(school_id, file_id).unlink(missing_ok=True)

    def written_before(self, school_id: int, moment: dt.datetime) -> Iterator[uuid.UUID]:
        for entry in self._entries(school_id, moment):
            if NAME.fullmatch(entry.name):
                yield uuid.UUID(entry.name)

    def remove_unfinished(self, school_id: int, moment: dt.datetime) -> int:
        """As the contract, and only what was not written to since the moment."""
        count = 0
        for entry in self._entries(school_id, moment):
            if entry.name.endswith(UNFINISHED):
                Path(entry.path).unlink(missing_ok=True)
                count += 1
        return count

    def path(self, school_id: int, file_id: uuid.UUID) -> Path:
        """Where a file is."""
        name = file_id.hex
        return self._folder / str(school_id) / name[-2:] / name

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


def _make(folder: Path) -> None:
    """Makes a folder and those that it is in, so that they are still there after a loss of power."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for one in missing:
        _sync(one.parent)


def _sync(folder: Path) -> None:
    """Writes the names in a folder to the disk: until then a file that was renamed may have neither name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
