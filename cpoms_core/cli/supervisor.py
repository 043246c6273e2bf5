"""One process tree: starts processes, starts again those that die, and stops all of them together."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()
LOOK_EVERY = 0.2  # seconds
STEADY = 10.0
"""Seconds after which a process counts as well started, so that its next death is a new story."""
LONGEST_PAUSE = 30.0  # seconds between two starts of a process that dies at once
PATIENCE = 20.0
"""Seconds that processes have to end in good order before they are killed."""


def cpoms_command(config: Path, *arguments: str) -> list[str]:
    """The command line of one of our own commands, with this interpreter and this configuration."""
    return [sys.executable, "-m", "cpoms_core.cli", "--config", str(config), *arguments]


@dataclass(slots=True)
class Child:
    """A process that should be running."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # of time.monotonic()
    deaths: int = 0  # in a row

    def start(self) -> None:
        # its standard input is a pipe of ours that nothing is written to: it closes when we are gone
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE)  # noqa: S603 - our own command
        self.started_at = time.monotonic()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def may_start(self) -> bool:
        pause = min(LONGEST_PAUSE, 0.5 * 2.0 ** min(self.deaths, 10)) if self.deaths > 1 else 0.0
        return time.monotonic() >= self.started_at + pause


class Supervisor:
    """Keeps processes running until it is told to stop by SIGTERM, SIGINT or `stop`."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self.children = [Child(name, command) for name, command in commands.items()]
        self._stopping = threading.Event()

    def run(self) -> None:
        """Starts the processes and returns when all of them have ended after a stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        try:
            for child in self.children:
                child.start()
            while not self._stopping.wait(LOOK_EVERY):
                for child in self.children:
                    self._tend(child)
        finally:
            self._end_all()

    def stop(self) -> None:
        self._stopping.set()

    def _tend(self, child: Child) -> None:
        if child.alive:
            return
        if child.process is not None:
            steady = time.monotonic() - child.started_at > STEADY
            child.deaths = 1 if steady else child.deaths + 1
            log.error(
                "a process died", process=child.name, code=child.process.returncode, deaths=child.deaths
            )
            child.process = None
        if child.may_start:
            child.start()

    def _end_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + PATIENCE
        for process in running:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
