"""Several files as one zip (STU-05), made while it is sent: of no file, and not of the zip either, is more
than a piece in memory or anywhere unencrypted."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

import structlog
from zipstream import ZIP_STORED, ZipStream

from cpoms_core.application import Application
from cpoms_core.documents.queries import Packable, number_in_words
from cpoms_core.documents.storage import FileDamaged, FilesAway

log = structlog.get_logger()
INDEX = "index.txt"


def zipped(
    app: Application, school_id: int, wrapped_key: str, files: Sequence[Packable], made: dt.datetime
) -> Iterator[bytes]:
    """The bytes of a zip with these files and an index of them. A file that cannot be read is left out and
    the index says so; one that breaks in its middle breaks the zip: nobody takes a part for the whole.

    made: the school's time, for the index. Raises FileDamaged and FilesAway in the middle of a file.
    """
    packing, names = ZipStream(compress_type=ZIP_STORED), names_in_zip(files)
    lines = []
    for file in files:
        chunks = app.storage.read(wrapped_key, school_id, file.id)
        try:
            first = next(chunks, b"")
        except (FileDamaged, FilesAway) as error:
            log.error("a file was left out of a zip", document=str(file.id), error=type(error).__name__)
            lines.append(_line(file, "NOT IN THIS ZIP: it could not be read"))
            continue
        packing.add(chain([first], chunks), names[file.id])
        yield from packing.all_files()
        lines.append(_line(file, names[file.id]))
    packing.add(_index(lines, made), INDEX)
    yield from packing.finalize()


def names_in_zip(files: Sequence[Packable]) -> dict[uuid.UUID, str]:
    """A name for each file: its own, or with its document ID before the ending where two have the same. Where
    that, too, is the name of another, all begin with their document IDs."""
    several = Counter(_folded(file.name) for file in files)
    several[INDEX] += 1
    names = {
        file.id: _told_apart(file) if several[_folded(file.name)] > 1 else _plain(file.name) for file in files
    }
    if len({name.casefold() for name in names.values()}) < len(files):
        return {file.id: f"{number_in_words(file.number)} {_plain(file.name)}" for file in files}
    return names


def _folded(name: str) -> str:
    return _plain(name).casefold()  # computers that unpack it may not tell small letters from capitals


def _plain(name: str) -> str:
    """Without what would be a folder, or a letter that some computers have no file names with."""
    return "".join("_" if letter in '/\\\\:*?"<>|' else letter for letter in name) or "file"


def _told_apart(file: Packable) -> str:
    stem, dot, ending = _plain(file.name).rpartition(".")
    number = number_in_words(file.number)
    return f"{stem} ({number}).{ending}" if dot else f"{ending} ({number})"


def _line(file: Packable, where: str) -> str:
    of = f"incident {file.incident_number}" if file.incident_number else "vault"
    added = f"{file.added:%d %B %Y, %H:%M}"
    return f"{number_in_words(file.number)}\t{where}\t{file.size:,} bytes\t{of}\t{added}\t{file.added_by}\r\n"


def _index(lines: Sequence[str], made: dt.datetime) -> bytes:
    head = f"Made {made:%d %B %Y, %H:%M}\r\n\r\nDocument ID\tFile\tSize\tOf\tAdded\tBy\r\n"
    return ("\ufeff" + head + "".join(lines)).encode("utf-8")
