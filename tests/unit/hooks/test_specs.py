"""The list of hooks is complete: each is documented, declares its mode, and has a test that names it."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from cpoms_core.hooks import specs
from cpoms_core.hooks.relay import HookRelay
from cpoms_core.testing.probe import hooks as probe_hooks

ROOT = Path(__file__).parents[3]


def _declared() -> list[str]:
    """The functions of the specs' module that are marked as hooks, read from its source."""
    tree = ast.parse(inspect.getsource(specs))
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(
            isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "spec"
            for mark in node.decorator_list
        )
    ]


def _words_of_tests() -> set[str]:
    """Every word in the tests of hooks and modules, but for the probe, which names all hooks anyway."""
    files = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "plugins").glob("*/tests/**/test_*.py")]
    return {
        word
        for file in files
        if file.name != Path(__file__).name
        for word in re.findall(r"\w+", file.read_text(encoding="utf-8"))
    }


def test_every_function_with_a_mode_is_a_hook() -> None:
    assert sorted(_declared()) == sorted(specs.MODES)
    known = set(HookRelay({})._manager.hook.__dict__)  # what pluggy itself found
    assert set(specs.MODES) <= known


@pytest.mark.parametrize("hook", _declared())
def test_a_hook_is_documented(hook: str) -> None:
    text = inspect.getdoc(getattr(specs, hook)) or ""
    assert len(text) >= 20, f"{hook} says nothing of what it is for"
    assert text[0].isupper() and text.endswith("."), f"{hook}: {text!r} is no sentence"
    for name, parameter in inspect.signature(getattr(specs, hook)).parameters.items():
        assert parameter.annotation is not inspect.Parameter.empty, f"{hook}: {name} has no type"


@pytest.mark.parametrize("hook", _declared())
def test_a_hook_has_a_test_that_names_it(hook: str) -> None:
    assert hook in _words_of_tests(), f"no test names {hook}"


@pytest.mark.parametrize("hook", _declared())
def test_the_probe_has_every_hook(hook: str) -> None:
    """So that the tests of the relay, of the gate and of the contract meet it."""
    assert hasattr(probe_hooks, hook), f"add {hook} to cpoms_core.testing.probe.hooks"


@pytest.mark.parametrize("hook", [name for name in specs.MODES if specs.MODES[name] in ("collect", "veto")])
def test_a_hook_that_answers_says_with_what(hook: str) -> None:
    kind = specs.PARTS[hook]
    annotation = inspect.signature(getattr(specs, hook)).return_annotation
    assert kind.__name__ in annotation, f"{hook} is declared of {kind.__name__} and typed {annotation}"


def test_the_modes_are_explained() -> None:
    for mode in set(specs.MODES.values()):
        assert f"- {mode}:" in (specs.__doc__ or ""), f"the mode {mode} is not explained"


def test_hooks_with_a_viewer_take_the_session_too() -> None:
    for hook, mode in specs.MODES.items():
        names = list(inspect.signature(getattr(specs, hook)).parameters)
        assert (names[:2] == ["db", "viewer"]) == (mode != "boot"), hook
        assert "request" not in names, f"{hook} is given the request"
