"""Making a PDF: HTML parts go to a press, a process of its own, and a PDF comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any

from cpoms_core.printing.frames import DONE, END, FAILED, FRAME, PART, PDF, write_frame

PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "FONTCONFIG_PATH", "FONTCONFIG_FILE")
"""What the press gets of our environment: where fonts are, and no secret."""


class PrintFailed(RuntimeError):
    """No PDF was made; the message is the type of the error, and no content."""


class TookTooLong(PrintFailed):
    """No PDF was made in the time that was given."""


@dataclass(frozen=True, slots=True)
class Whole:
    """What is said of a PDF as a whole: its title, the HTML of its foot, and the password that opens it, if
    there is one."""

    title: str
    foot: str
    password: str = ""


def make_pdf(
    parts: Iterable[str],
    whole: Whole,
    *,
    seconds: float,
    after_part: Callable[[], None] = lambda: None,
) -> bytes:
    """A PDF of HTML documents, one after the other, each beginning on a new page. One part at a time is held
    here, and laid out there; `parts` may read each when it is asked for.

    seconds: until it is given up. after_part: called after each. Raises PrintFailed.
    """
    with subprocess.Popen(
        [sys.executable, "-I", "-m", "cpoms_core.printing.press"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the libraries' warnings quote what they print
        cwd="/",
        env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
    ) as press:
        late = threading.Event()

        def give_up() -> None:
            late.set()
            press.kill()

        clock = threading.Timer(seconds, give_up)
        clock.daemon = True
        clock.start()
        try:
            return _printed(press, parts, whole, after_part)
        except (BrokenPipeError, _Ended):
            if late.is_set():
                raise TookTooLong("TookTooLong") from None
            raise PrintFailed("the press ended") from None
        finally:
            clock.cancel()
            press.kill()


class _Ended(Exception):
    """The press is gone."""


def _printed(
    press: subprocess.Popen[bytes], parts: Iterable[str], whole: Whole, after_part: Callable[[], None]
) -> bytes:
    assert press.stdin is not None and press.stdout is not None
    sink: Any = press.stdin
    for part in parts:
        write_frame(sink, PART, part.encode())
        _answer(press.stdout, DONE)
        after_part()
    said = {"title": whole.title, "foot": whole.foot, "password": whole.password or None}
    write_frame(sink, END, json.dumps(said).encode())
    return _answer(press.stdout, PDF)


def _answer(source: IO[bytes], wanted: bytes) -> bytes:
    head = source.read(FRAME.size)
    if len(head) < FRAME.size:
        raise _Ended
    kind, size = FRAME.unpack(head)
    payload = source.read(size)
    if len(payload) < size:
        raise _Ended
    if kind == FAILED:
        raise PrintFailed(payload.decode())
    if kind != wanted:
        raise PrintFailed("the press answered out of turn")
    return payload
