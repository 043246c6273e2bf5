"""`docs/hooks.md` is what `cpoms_core.hooks.reference` makes of the specs of this moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpoms_core.hooks import reference, specs

PAGE = Path(__file__).parents[3] / "docs" / "hooks.md"


def test_it_is_up_to_date() -> None:
    """MOD-02. To mend it: python -m cpoms_core.hooks.reference docs/hooks.md"""
    assert PAGE.read_text(encoding="utf-8") == reference.page()


@pytest.mark.parametrize("hook", list(specs.MODES))
def test_a_hook_is_in_it_with_its_mode_and_parameters(hook: str) -> None:
    """MOD-02, MOD-03."""
    _, found, rest = reference.page().partition(f"\n## {hook}\n")
    assert found
    part = rest.partition("\n## ")[0]
    assert f"Mode: {specs.MODES[hook]}." in part
    assert all(f"    {name}: " in part for name in getattr(specs, hook).__annotations__ if name != "return")
    first = (getattr(specs, hook).__doc__ or "").split()[:4]
    assert " ".join(first) in part


def test_every_mode_is_explained() -> None:
    for mode in set(specs.MODES.values()):
        assert f"| {mode} | " in reference.page()


def test_it_writes_the_file_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference.main([])
    assert capsys.readouterr().out == reference.page()
    reference.main([str(tmp_path / "hooks.md")])
    assert (tmp_path / "hooks.md").read_text(encoding="utf-8") == reference.page()
