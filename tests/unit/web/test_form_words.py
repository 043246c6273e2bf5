"""Nobody reads WTForms' own messages: each has words of ours, and every form uses them."""

from __future__ import annotations

import ast
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import wtforms
from webob.multidict import MultiDict

import cpoms_core
from cpoms_core.hooks.types import FormField
from cpoms_core.web.form_words import WORDS
from cpoms_core.web.forms import build_form

FOR_PROGRAMMERS = {"Choices cannot be None.", "Invalid field name '%s'."}
"""Raised for a mistake in a form's declaration, never for what was typed."""


def _trees(package: str | None, *, without: str = "-") -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(Path(package or "").parent.rglob("*.py")):
        if without not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def said_by_wtforms() -> set[str]:
    """Every message that WTForms would translate (forms here have no CSRF of WTForms)."""
    return {
        argument.value
        for _, tree in _trees(wtforms.__file__, without="csrf")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("gettext", "ngettext")
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_every_message_of_wtforms_has_our_words() -> None:
    """INC-01: one that a new release of WTForms adds is found here, before a person reads it."""
    assert said_by_wtforms() - FOR_PROGRAMMERS == set(WORDS)


def test_our_words_fill_in_what_wtforms_gives() -> None:
    given = {"min": 1, "max": 2, "values": "a", "other_name": "b", "value": "c"}
    for theirs, ours in WORDS.items():
        assert ours % given
        assert "valid" not in ours and "coerce" not in ours, theirs


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        (wtforms.DateField("Day"), "soon", "Give a whole date: day, month and year."),
        (wtforms.IntegerField("Number"), "many", "Give a whole number."),
        (wtforms.SelectField("One", choices=["a"]), "b", "This cannot be chosen."),
        (wtforms.SelectField("One", coerce=uuid.UUID, choices=[]), "b", "This cannot be chosen."),
        (wtforms.SelectMultipleField("Some", choices=["a"]), "b", "One of these cannot be chosen."),
        (wtforms.SelectMultipleField("Some", coerce=uuid.UUID, choices=[]), "b", "One of these cannot"),
        (wtforms.StringField("Text", [wtforms.validators.Length(max=1)]), "xx", "Use at most 1 character."),
        (wtforms.StringField("Text", [wtforms.validators.DataRequired()]), "", "Please fill this in."),
    ],
)  # fmt: skip
def test_a_field_without_words_of_its_own_says_ours(field: object, typed: str, says: str) -> None:
    """INC-01, also for the fields of modules: no identifier that was sent comes back in a message."""
    built = build_form([FormField("probe-field", field, 1)], MultiDict({"probe-field": typed}))  # type: ignore[arg-type]
    assert not built.form.validate()
    [said] = built.part("probe-field").errors
    assert said.startswith(says) and "'" not in said


def test_every_form_is_one_of_ours() -> None:
    """A form that derived from WTForms' own would say its messages again."""
    raw = [
        path
        for path, tree in _trees(cpoms_core.__file__)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wtforms")
        for name in node.names
        if name.name in ("Form", "BaseForm")
    ]
    # asks again for a print, in a worker: nobody reads its messages, and it may know nothing of pages
    assert [path for path in raw if path.name != "module_filters.py"] == []
