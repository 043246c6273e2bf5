"""Takes a permission rule away, to see that the tests then fail."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from cpoms_core.access import policy


def replace_rule(monkeypatch: pytest.MonkeyPatch, name: str, rule: Callable[..., Any]) -> None:
    """Has every file of the policy use `rule` for the rule or the part of rules of this name. What was kept
    of the old one is for the test to forget: `policy.forget_what_is_kept`."""
    files = [
        import_module(file.name) for file in pkgutil.iter_modules(policy.__path__, f"{policy.__name__}.")
    ]
    using = [file for file in (policy, *files) if hasattr(file, name)]
    assert using, f"the policy has no {name}"
    for file in using:
        monkeypatch.setattr(file, name, rule)
