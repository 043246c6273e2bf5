"""Large files on their way out. A slow visitor keeps a thread of the web server for as long as a large file
takes; only some of the threads may be kept like that, so that everybody else's pages go on."""

from __future__ import annotations

from collections.abc import Iterator
from threading import BoundedSemaphore

from cpoms_core.errors import Refused

AT_ONCE = 4  # in each web process, which has eight threads
LARGE = 8 * 1024 * 1024  # bytes; the server takes this much of an answer over, and the thread is free again

_places = BoundedSemaphore(AT_ONCE)


class TooManyAtOnce(Refused):
    """As many large files are being sent as may be."""


class Place:
    """One of the places for a large file. It is given back once, when the answer is closed or forgotten."""

    def __init__(self) -> None:
        """Raises TooManyAtOnce."""
        self._taken = _places.acquire(blocking=False)
        if not self._taken:
            raise TooManyAtOnce("Several large files are being downloaded just now. Try again in a minute.")

    def give_back(self) -> None:
        """For the next one."""
        taken, self._taken = self._taken, False
        if taken:
            _places.release()

    def __del__(self) -> None:
        self.give_back()


class Sent:
    """The bytes of a file on their way out; a visitor who goes away closes the file and frees its place."""

    def __init__(self, chunks: Iterator[bytes], place: Place | None) -> None:
        self._chunks = chunks
        self._place = place

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        """Called by the server when the last byte is on its way, or when nobody is there any more."""
        if close := getattr(self._chunks, "close", None):
            close()
        if self._place is not None:
            self._place.give_back()


def on_from(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes of a file whose first ones were read already, to see that they can be."""
    yield first
    yield from chunks


def place_for(size: int) -> Place | None:
    """A place for an answer of so many bytes; a small one needs none. Raises TooManyAtOnce."""
    return Place() if size > LARGE else None
