"""Pictures of charts (PNG, SVG). The renderer holds the interpreter for a whole picture, so each is drawn in
a process of its own, two at once, for a bounded time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import Literal

import structlog

from cpoms_core.charts.specs import Spec
from cpoms_core.printing.pdf import PASSED_ON

log = structlog.get_logger()
Kind = Literal["png", "svg"]
MEDIA_TYPES: dict[Kind, str] = {"png": "image/png", "svg": "image/svg+xml"}
AT_ONCE = 2
SECONDS = 30  # for one picture
PATIENCE = 5  # seconds of waiting for a turn: whoever waits holds a thread of the server
LARGEST = 10 * 1024 * 1024  # bytes
_turns = threading.BoundedSemaphore(AT_ONCE)


class NoPicture(RuntimeError):
    """The picture could not be drawn now: too many are being drawn, or it took too long."""


def picture(spec: Spec, kind: Kind) -> bytes:
    """Draws a specification made by `specs`, and by nothing else. Raises NoPicture."""
    if not _turns.acquire(timeout=PATIENCE):
        raise NoPicture("too many pictures are being drawn")
    try:
        done = subprocess.run(  # noqa: S603 - our own module, with a fixed word
            [sys.executable, "-I", "-W", "ignore", "-m", "cpoms_core.charts.drawing", kind],
            input=json.dumps(spec).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            cwd="/",
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        )
    except subprocess.TimeoutExpired as error:
        raise NoPicture("the picture took too long") from error
    finally:
        _turns.release()
    if done.returncode != 0 or not done.stdout or len(done.stdout) > LARGEST:
        log.error("a chart could not be drawn", status=done.returncode)
        raise NoPicture("the chart could not be drawn")
    return done.stdout
