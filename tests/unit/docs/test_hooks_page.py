"""`docs/hooks.md` and the page of each hook are what `cpoms_core.hooks.reference` makes of this moment's
specs and examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpoms_core.hooks import reference, specs
from cpoms_core.testing import examples

DOCS = Path(__file__).parents[3] / "docs"


def test_they_are_up_to_date() -> None:
    """MOD-02, MOD-03. To mend it: python -m cpoms_core.hooks.reference docs/hooks.md"""
    stored = {path: DOCS / path for path in reference.pages()}
    missing = [path for path, file in stored.items() if not file.exists()]
    assert missing == []
    old = [path for path, text in reference.pages().items() if stored[path].read_text("utf-8") != text]
    assert old == []
    assert {file.stem for file in (DOCS / "hooks").glob("*.md")} == set(specs.MODES)


@pytest.mark.parametrize("hook", list(specs.MODES))
def test_a_hook_has_a_page_with_its_mode_parameters_and_example(hook: str) -> None:
    """MOD-02, MOD-03."""
    page = reference.page_of(hook)
    assert page.startswith(f"# {hook}\n")
    assert f"Mode: {specs.MODES[hook]}." in page
    assert all(f"    {name}: " in page for name in getattr(specs, hook).__annotations__ if name != "return")
    first = (getattr(specs, hook).__doc__ or "").split()[:4]
    assert " ".join(first) in page
    assert examples.source(hook).rstrip() in page
    assert reference.WITHOUT_EXAMPLE not in page
    kind = specs.PARTS.get(hook)
    assert kind is None or f"\n## {kind.__name__}\n" in page


def test_the_list_leads_to_every_page() -> None:
    listed = reference.page()
    for hook, mode in specs.MODES.items():
        part = listed.partition(f"\n## Hooks of the mode {mode}\n")[2].partition("\n## ")[0]
        assert f"| [{hook}](hooks/{hook}.md) | " in part
        assert f"\nhooks/{hook}\n" in listed


def test_every_mode_is_explained() -> None:
    for mode in set(specs.MODES.values()):
        assert f"| {mode} | " in reference.page()


def test_it_writes_beside_the_file_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """MOD-03: and takes away the page of a hook that is gone."""
    reference.main([])
    assert capsys.readouterr().out == reference.page()
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "gone_hook.md").touch()
    reference.main([str(tmp_path / "hooks.md")])
    written = {file.relative_to(tmp_path).as_posix(): file for file in tmp_path.rglob("*.md")}
    assert {path: file.read_text("utf-8") for path, file in written.items()} == reference.pages()
