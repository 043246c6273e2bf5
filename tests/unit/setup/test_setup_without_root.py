"""`bin/setup` by somebody who is not root: it names the one line that is missing, and goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NOBODY = 65534
MISSING = "no-such-package-of-debian"


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A checkout in which every step is there and does nothing but say so, which anybody may write to."""
    folder = Path(tempfile.mkdtemp(prefix="setup-"))  # pytest's own folders are closed to other users
    for name in ("bin", ".venv/bin", "node_modules", "cpoms_core/static/vendor"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "bin" / "setup", folder / "bin" / "setup")
    for name in ("pyproject.toml", "requirements.txt", "package.json", "package-lock.json", ".npmrc"):
        (folder / name).touch()
    for name in ("bin/npm", "bin/vendor", ".venv/bin/python"):
        (folder / name).write_text('#!/bin/sh\necho "$0 $*" >> ran\n')
    (folder / ".venv/bin/pip").write_text(f"#!{folder}/.venv/bin/python\n")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def set_up(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(
        [checkout / "bin" / "setup"],
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin", "HOME": str(checkout), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **user,  # type: ignore[call-overload]
    )


def test_the_missing_line_is_printed_and_the_rest_is_done(checkout: Path) -> None:
    """OPS-01: one apt line, not tried and not asked a password for; every later step is done."""
    ran = set_up(checkout, CPOMS_SETUP_EXTRA_PACKAGES=MISSING)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = [line for line in ran.stdout.splitlines() if "apt-get" in line]
    assert len(lines) == 1
    assert "as root: apt-get install --no-install-recommends" in lines[0] and MISSING in lines[0].split()
    for step in ("Python packages", "Core and plugins", "Front-end packages", "Front-end files to serve"):
        assert f"{step} ... done" in ran.stdout
    assert (checkout / "ran").read_text().count("-m pip install") == 2


def test_a_second_run_does_nothing_again(checkout: Path) -> None:
    """OPS-01: a step whose stamp holds is left out; one whose lock changed is not."""
    set_up(checkout)
    before = (checkout / "ran").read_text()
    again = set_up(checkout)
    assert again.returncode == 0
    assert "... done" not in again.stdout
    new = (checkout / "ran").read_text().removeprefix(before)
    assert "pip install" not in new and "npm" not in new and "vendor" not in new
    (checkout / "requirements.txt").write_text("changed\n")
    assert "Python packages ... done" in set_up(checkout).stdout
