"""Reading bytes with an end: whatever a file claims, no more than the limits is read from it."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from cpoms_core.imports.records import Where
from cpoms_mis_sims.limits import MAX_MARKUP, MAX_REPORT, MAX_TAGLESS, MIB
from cpoms_mis_sims.problems import Refused

Opener = Callable[[], BinaryIO]  # opens a report at its first byte, as often as needed

TOO_LONG = (
    "The report is larger than {limit} MB. Split it (for example the marks by month) or leave out columns"
    " that are not needed, such as Photo."
)
TAGLESS = (
    "One value or tag is longer than 1 MB. Leave out columns with pictures or documents, such as Photo,"
    " and run the report again."
)
MARKUP = (b"<?", b"<\0?", b"xmlns", b"x\0m\0l\0n\0s")  # the second and fourth fit both orders of UTF-16
STRANGE = (
    "The file holds much XML that SIMS does not write (processing instructions or namespaces). Run the report"
    " again and upload it as it is."
)
DAMAGED = "The zip file is damaged here. Make it again and upload it once more."


class BoundedStream(io.RawIOBase):
    """Hands on the bytes of a report and refuses it past `limit` bytes."""

    def __init__(self, source: BinaryIO, name: str, limit: int = MAX_REPORT) -> None:
        super().__init__()
        self._source = source
        self._left = limit
        self._limit = limit
        self._name = name

    def readable(self) -> bool:
        """Always: it exists to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer with the next bytes; 0 at the end."""
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _take(self, size: int) -> bytes:
        try:
            data = self._source.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise Refused(DAMAGED, Where(file=self._name)) from error
        self._left -= len(data)
        if self._left < 0:
            raise Refused(TOO_LONG.format(limit=self._limit // MIB), Where(file=self._name))
        return data


class XmlStream(BoundedStream):
    """As BoundedStream for XML: also bounds what a parser would hold or keep before it tells of anything.

    `progress` is called at each tag; without one for a megabyte (one endless tag, text or comment) the report
    is refused. Processing instructions and namespaces are counted as bytes, in UTF-8 and UTF-16, because the
    parser keeps each new name for as long as the process lives. `ended`: the last byte was read.
    """

    ended = False
    _run = 0
    _marks = 0

    def progress(self) -> None:
        """The parser came to a tag."""
        self._run = 0

    def _take(self, size: int) -> bytes:
        data = super()._take(size)
        self.ended = not data
        self._run += len(data)
        self._marks += sum(data.count(mark) for mark in MARKUP)
        if self._run > MAX_TAGLESS:
            raise Refused(TAGLESS, Where(file=self._name))
        if self._marks > MAX_MARKUP:
            raise Refused(STRANGE, Where(file=self._name))
        return data
