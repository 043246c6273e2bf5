"""USR-03: no audit event is without words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cpoms_core
from cpoms_core.application import Application
from cpoms_core.audit.wording import EVENTS, FACTS, SCHOOL_ONLY, SECURITY, facts_of, where_of, words_of
from cpoms_core.hooks.types import AuditWords
from cpoms_core.modules.routes import IN_SERVICE
from cpoms_core.testing.probe import hooks as probe_hooks

CORE = Path(cpoms_core.__file__).parent
NO_SERVICES = ("migrations", "testing", "demo")
"""Folders of which nothing writes a school's audit: they make tables, tests and demonstrations."""
EVENT = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")
FILES_AND_COLUMNS = re.compile(r"\.(id|pt|md|js|css|json|csv|xml|sqlite|xlsx|toml|tab|svg|png|txt|bin)$")
NO_EVENTS = {
    "chameleon.reload", "cpoms.localhost", "cpoms.modules", "cpoms.run", "openid.configuration",
    "presentationml.presentation", "retry.attempts", "spreadsheetml.sheet", "wordprocessingml.document",
}  # fmt: skip
"""Texts of the core that look like an event's name and are none."""
PUT_TOGETHER = {
    "login.": {"login.restricted", "login.elevated"},
    "import.": {"import.previewed", "import.refused"},
}
"""Events that are put together where they are written: how each begins, and all that it may become."""


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the core's code that may be an event's name, and where it is."""
    for path in sorted(CORE.rglob("*.py")):
        where = path.relative_to(CORE)
        if where.parts[0] in NO_SERVICES:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value, f"{where}:{node.lineno}"


def test_every_event_in_the_code_has_words() -> None:
    """USR-03: whatever way it reaches the audit. An event that is none goes into NO_EVENTS."""
    missing = {
        (text, where)
        for text, where in texts()
        if EVENT.fullmatch(text) and not FILES_AND_COLUMNS.search(text)
        if text not in EVENTS and text not in NO_EVENTS
    }
    assert missing == set()


def test_events_that_are_put_together_are_known() -> None:
    """USR-03: the code has no other beginnings of events than those that are listed with all their ends."""
    found = {text for text, _where in texts() if re.fullmatch(r"[a-z]+(-[a-z]+)*\.", text)}
    assert found == set(PUT_TOGETHER)
    assert set().union(*PUT_TOGETHER.values()) <= set(EVENTS)


def test_every_route_declares_an_event_that_has_words(wsgi: Any, app: Application) -> None:
    """USR-03: the core's and the modules'."""
    views = [entry["introspectable"] for entry in wsgi.registry.introspector.get_category("views")]
    said = [view.get(name) for view in views for name in ("audit", "comes_back")]
    declared = {event for event in said if isinstance(event, str)} - {IN_SERVICE}
    assert len(declared) > 20
    assert declared - set(app.audit_words) == set()


def test_a_module_words_its_own_events(probe_app: Application) -> None:
    """MOD-02: by the hook audit_words."""
    assert probe_app.audit_words["probe.listed"] == AuditWords("Listed the probe's notes", "viewed")
    assert "case.assigned" in probe_app.audit_words


def test_a_module_cannot_word_anothers_events(
    probe_app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MOD-02: it could make a log-in read as something harmless; the start stops."""
    made = Application(probe_app.deployment, modules=probe_app.modules, engines=probe_app.engines)
    theirs = {"login.elevated": AuditWords("Did nothing", "viewed")}
    monkeypatch.setattr(made.hooks, "boot", lambda _hook: iter([("probe", theirs)]))
    with pytest.raises(ValueError, match=r"'probe' words the event 'login\.elevated'"):
        made.audit_words  # noqa: B018
    assert hasattr(probe_hooks, "audit_words")


def test_phrases_are_told_apart(app: Application) -> None:
    """USR-03: two events with the same words could not be filtered by them."""
    phrases = [words.phrase for words in app.audit_words.values()]
    assert len(phrases) == len(set(phrases))
    assert all(phrase[0].isupper() and not phrase.endswith(".") for phrase in phrases)


def test_the_security_log_is_about_known_events() -> None:
    """USR-03: and every try to log in is in it."""
    assert {*SECURITY, *SCHOOL_ONLY, *FACTS} <= set(EVENTS)
    tries = {event for event, words in EVENTS.items() if words.kind == "logged in"}
    assert tries <= set(SECURITY)


def test_an_event_of_nobody_is_named() -> None:
    assert "gone.away" in words_of(EVENTS, "gone.away").phrase


def test_facts_are_read_from_any_details() -> None:
    """USR-03: entries of older versions may lack what is written today."""
    for event in EVENTS:
        assert isinstance(facts_of(event, {}), str)
    assert facts_of("module.switched", {"module": "cases", "enabled": True}) == "cases: on"
    assert facts_of("settings.changed", {"names": ["idle_minutes", "a"]}) == "idle minutes, a"
    assert facts_of("login.elevated", {"browser": "x", "key": "y"}) == ""


def test_where_a_deed_came_from() -> None:
    assert where_of("web", "elevated") == "with a key"
    assert where_of("web", "") == ""
    assert where_of("command line", "restricted") == "command line"
    assert where_of("worker", "restricted") == "the system"
