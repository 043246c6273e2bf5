"""Watching what the processes that we start take of memory, so that a test can say how much one may need."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.02  # seconds


@dataclass(slots=True)
class Peak:
    """The most memory that one of the processes has had."""

    kilobytes: int = 0

    @property
    def megabytes(self) -> int:
        return self.kilobytes // 1024


@contextmanager
def children_watched() -> Iterator[Peak]:
    """Watches the processes that are started inside. The system's own count of what a process had at most
    (`getrusage`) begins with what we ourselves have, which hides a process that is smaller; so each is asked
    while it lives, and it remembers its own peak."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(EVERY):
            for child in _children():
                if not _still_a_copy(child):
                    peak.kilobytes = max(peak.kilobytes, peak_of(child))

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield peak
    finally:
        over.set()
        watching.join()


def _children() -> set[str]:
    found: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread that has just ended
            found.update((task / "children").read_text().split())
    return found


def peak_of(process: str) -> int:
    """The most memory that a process (its number, or "self") has had so far, in kilobytes; 0 where it has
    ended."""
    with suppress(OSError):
        for line in Path("/proc", process, "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def _still_a_copy(process: str) -> bool:
    """Whether a process is still the copy of ours that it begins as."""
    with suppress(OSError):
        return _command(process) == _command("self")
    return True


def _command(process: str) -> bytes:
    return Path("/proc", process, "cmdline").read_bytes()
