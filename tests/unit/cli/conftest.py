"""Commands in this process, on the test's own database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cpoms_core.cli import main
from cpoms_core.deployment import Deployment
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture
def config(deployment: Deployment, tmp_path: Path) -> Path:
    """A configuration file that says what the test's deployment is."""
    path = tmp_path / "deployment.toml"
    named = ("folder", "database_url", "owner_url", "domain")
    path.write_text("".join(f"{name} = {json.dumps(str(getattr(deployment, name)))}\n" for name in named))
    return path


@pytest.fixture
def cpoms(config: Path) -> Callable[..., Result]:
    """Calls a command: `cpoms("school", "list")`."""

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(config), *words])

    return call


@pytest.fixture
def told(cpoms: Callable[..., Result]) -> Callable[..., dict[str, Any]]:
    """What a command answers a program, with the exit code that it must have."""

    def call(*words: str, code: int = 0) -> dict[str, Any]:
        result = cpoms(*words, "--json")
        assert result.exit_code == code, result.output
        answer: dict[str, Any] = json.loads(result.stdout)
        assert answer["ok"] == (code == 0)
        return answer

    return call


@pytest.fixture
def at(school: SchoolForTests) -> tuple[str, str]:
    return "--school", school.slug
