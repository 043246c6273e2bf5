"""One process tree: what dies is started again, what is stopped stops all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ENDS_WELL = """
import os, sys, time
from cpoms_core.cli.serving import end_with_standard_input
end_with_standard_input()
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
time.sleep(60)
"""
DIES = 'import sys; open(sys.argv[1], "a").write("0\\n"); sys.exit(3)'
SUPERVISES = """
import sys
from cpoms_core.cli.supervisor import Supervisor
Supervisor({str(n): [sys.executable, "-c", code, file] for n, (code, file) in
            enumerate(zip(sys.argv[1::2], sys.argv[2::2]))}).run()
"""


def supervise(*children: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SUPERVISES, *map(str, children)])


def soon(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def started(file: Path) -> list[int]:
    """The process ids of all starts so far."""
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_process_that_dies_is_started_again_and_the_other_goes_on(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    supervisor = supervise(ENDS_WELL, one, ENDS_WELL, two)
    soon(lambda: started(one) and started(two), "both start")
    os.kill(started(one)[0], signal.SIGKILL)
    soon(lambda: len(started(one)) == 2, "it is started again")
    assert len(started(two)) == 1
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(60) == 0
    assert not any(alive(process) for process in started(one) + started(two))


def test_what_dies_at_once_is_not_started_in_a_rush(tmp_path: Path) -> None:
    file = tmp_path / "file"
    supervisor = supervise(DIES, file)
    soon(lambda: len(started(file)) >= 2, "it is tried again")
    before = len(started(file))
    time.sleep(3)
    assert len(started(file)) - before <= 3
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(60) == 0


def test_no_process_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "file"
    supervisor = supervise(ENDS_WELL, file)
    soon(lambda: started(file), "it starts")
    supervisor.kill()
    supervisor.wait()
    soon(lambda: not alive(started(file)[0]), "it ends as well")
