"""MOD-01: what modules add is said in plain words, for every hook there is."""

from __future__ import annotations

from cpoms_core.admin.module_facts import HOOK_WORDS, hook_words
from cpoms_core.hooks import specs


def test_every_hook_has_its_words() -> None:
    """MOD-01: a new hook cannot be forgotten on the page; empty words are a decision."""
    assert specs.MODES.keys() <= HOOK_WORDS.keys()
    assert HOOK_WORDS.keys() - specs.MODES.keys() == {"field", "panel"}


def test_words_are_words() -> None:
    """MOD-01: no name of a hook reaches the page."""
    for hook in specs.MODES:
        assert "_" not in hook_words(hook)
