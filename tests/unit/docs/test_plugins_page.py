"""`docs/plugins.md` is true: it explains the module that `cpoms plugin new notes` writes, file by file, and
shows each as it is written. tests/wheels builds that module, installs it and runs its tests."""

from __future__ import annotations

import re
from pathlib import Path

from cpoms_core.kit import files_for, page

PAGE = Path(__file__).parents[3] / "docs" / "plugins.md"


def test_the_page_shows_what_the_kit_writes() -> None:
    """MOD-03. To mend it: python -m cpoms_core.kit.page docs/plugins.md"""
    text = PAGE.read_text(encoding="utf-8")
    assert text == page.renewed(text)
    assert page.shown(text).keys() == files_for("notes").keys()


def test_a_page_that_shows_something_else_is_noticed() -> None:
    """Proof that the guard guards."""
    text = PAGE.read_text(encoding="utf-8")
    changed = text.replace("Keeps the note. A call", "Loses the note. A call")
    assert changed != text
    assert page.renewed(changed) == text


def test_it_writes_into_the_page_that_is_named(tmp_path: Path) -> None:
    """MOD-03: the rest of the page stays as it is."""
    here = tmp_path / "plugins.md"
    text = PAGE.read_text(encoding="utf-8")
    here.write_text(text.replace("LONGEST = 500", "LONGEST = 5"), encoding="utf-8")
    page.main([str(here)])
    assert here.read_text(encoding="utf-8") == text


def test_every_block_of_code_is_a_file_that_runs() -> None:
    """A block that no test runs would soon be untrue."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * len(page.shown(text))


def test_what_the_page_tells_to_use_is_there() -> None:
    """Names of the core in the text, outside the blocks."""
    from cpoms_core.access import policy
    from cpoms_core.hooks import types
    from cpoms_core.hooks.relay import PluginSession

    text = page.FILE.sub("", PAGE.read_text(encoding="utf-8"))
    for name in set(re.findall(r"`policy\.(\w+)", text)):
        assert hasattr(policy, name), name
    for name in set(re.findall(r"`db\.(\w+)\(", text)):
        assert hasattr(PluginSession, name), name
    for name in set(re.findall(r"`(\w+Spec|NavItem|Panel|FormField|FieldError)\b", text)):
        assert hasattr(types, name), name
