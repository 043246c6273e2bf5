"""MOD-02: installed modules are found by entry point, and one that would clash stops the start."""

from __future__ import annotations

import dataclasses
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest

from cpoms_core.modules import Module, registry
from cpoms_core.modules.registry import BadModule, checked, installed
from cpoms_core.testing.probe import PROBE


def _module(name: str = "extra", **values: Any) -> Module:
    return Module(
        **{
            "name": name,
            "title": "Extra",
            "summary": "",
            "package": "cpoms_core.demo",
            "version": "0.1.0",
            "hooks": SimpleNamespace(),
            **values,
        }
    )


def test_modules_are_found_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("probe", "cpoms_core.testing.probe:PROBE", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == "cpoms.modules" else [])
    assert installed() == {"probe": PROBE}


def test_our_own_plugins_are_installed() -> None:
    assert "mis_sims" in installed()


def test_modules_come_in_the_order_of_their_names() -> None:
    for order in ("abc", "cab"):
        assert list(checked([_module(f"m{name}") for name in order])) == ["ma", "mb", "mc"]


@pytest.mark.parametrize(
    "name", ["", "a", "Extra", "extra-one", "1st", "core", "_x", "x" * 41, "über", "a.b", "a b"]
)
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(BadModule, match="may not be named"):
        checked([_module(name)])


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(BadModule, match="two installed modules"):
        checked([_module(), _module()])


@pytest.mark.parametrize("thing", [None, "cpoms_extra", SimpleNamespace(name="extra")])
def test_what_is_no_module_is_refused(thing: Any) -> None:
    with pytest.raises(BadModule, match="is not a Module"):
        checked([thing])


def test_a_package_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadModule, match="not installed"):
        checked([_module(package="cpoms_not_there")])


@pytest.mark.parametrize("prefix", ["i", "inc", "x", "Probe_", "probe", "pro-be_", "_", "1_"])
def test_a_prefix_that_does_not_end_in_a_mark_is_refused(prefix: str) -> None:
    with pytest.raises(BadModule, match="must be small letters and end in _"):
        checked([_module(tables=prefix)])


@pytest.mark.parametrize("prefix", ["audit_", "incident_", "student_", "outbox_"])
def test_a_prefix_of_the_cores_tables_is_refused(prefix: str) -> None:
    """Its migrations would take the core's tables for the module's."""
    from cpoms_core.migrations.migrate import load_core_models

    load_core_models()
    with pytest.raises(BadModule, match="which is not its own"):
        checked([_module(tables=prefix)])


@pytest.mark.parametrize("prefix", ["probe_", "probe_n_"])
def test_a_prefix_of_another_module_is_refused(prefix: str) -> None:
    other = _module("zz", tables=prefix)
    with pytest.raises(BadModule, match="prefix"):
        checked([PROBE, other])


def test_tables_without_the_declared_prefix_are_refused() -> None:
    checked([PROBE])
    for tables in ("", "prober_"):
        with pytest.raises(BadModule, match="does not start with the prefix"):
            checked([dataclasses.replace(PROBE, tables=tables)])
