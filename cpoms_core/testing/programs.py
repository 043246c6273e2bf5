"""Programs of Debian's that tests start as ordinary processes: Redis, nginx."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PLACES = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
"""Debian keeps servers where an ordinary user's PATH does not look."""
PATIENCE = 20.0  # seconds until a program answers


def program(name: str, package: str) -> str:
    """The path of a program. Where it is missing the test is skipped with a line that says so; with CI=true
    that is a failure."""
    found = shutil.which(name, path=PLACES)
    if found:
        return found
    reason = f"{name} is not installed (Debian's package {package})"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"These tests must not be skipped here: {reason}")
    pytest.skip(reason)


@contextmanager
def running(
    command: Sequence[str], log: Path, answers: Callable[[], bool], **user: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process while the block runs, from when it answers; `log` takes what it says. `user`: as whom, as
    subprocess.Popen has it."""
    with log.open("ab") as said:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **user
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command[0]} does not answer: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
