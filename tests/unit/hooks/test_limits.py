"""MOD-04: how long modules may take is the operator's to say."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from cpoms_core.application import Application
from cpoms_core.database.engines import BUSY_TIMEOUT_MS
from cpoms_core.deployment import BadDeployment, Deployment, load
from cpoms_core.hooks import specs
from cpoms_core.hooks.timing import Limits

NAMES = ("hook_seconds", "hook_seconds_saving", "hook_seconds_change")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0, -1, "2", True, None, float("nan")])
def test_a_limit_is_a_number_of_seconds(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(BadDeployment, match=f"{name} must be a number of seconds"):
        Deployment(tmp_path, **{name: value})


def test_the_file_says_it(tmp_path: Path) -> None:
    file = tmp_path / "deployment.toml"
    file.write_text("hook_seconds = 1\nhook_seconds_saving = 2.5\n", encoding="utf-8")
    made = load(file)
    assert [getattr(made, name) for name in NAMES] == [1, 2.5, 6.0]


def test_the_application_keeps_to_it(app: Application) -> None:
    hurried = dataclasses.replace(
        app.deployment, hook_seconds=1, hook_seconds_saving=2, hook_seconds_change=3
    )
    made = Application(hurried, modules={}, engines=app.engines)
    assert made.hooks.limits == Limits(1, 2, 3)


@pytest.mark.parametrize("hook", specs.MODES)
def test_each_mode_has_its_limit(hook: str) -> None:
    """A page waits less long for its parts than for what is told of a change; none waits for `fill_demo`."""
    expected = 2.0 if specs.MODES[hook] in ("collect", "veto") else 3.0
    assert Limits().of(hook) == (None if hook == "fill_demo" else expected)


def test_nobody_who_waits_for_the_one_writer_is_sent_away() -> None:
    """MOD-04: an objection, all that is told of one change and the call that used up its time, one after the
    other, end before SQLite gives up for others."""
    limits = Limits()
    assert limits.answer + limits.change + limits.saving < BUSY_TIMEOUT_MS / 1000
