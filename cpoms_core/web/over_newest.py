"""What a form goes on with where somebody else saved first: what its person changed, over what is there now
(EDT-01, STU-03). Three values of each field decide: the one that the form was opened with, the one that was
typed, and the one of now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpoms_core.hooks.guarded_fields import is_of_module
from cpoms_core.web.forms import BuiltForm, plain


def over_newest(
    values: Mapping[str, Any], opened: Mapping[str, Any], newest: Mapping[str, Any]
) -> dict[str, Any]:
    """The form's values over the newest version: what the person changed stays as they typed it; what they
    did not touch is what it is now; of a list, what they added and took away is done to the list of now."""
    return {name: _over(typed, opened.get(name), newest.get(name)) for name, typed in values.items()}


def fields_over_newest(
    form: BuiltForm, fresh: BuiltForm, opened: Mapping[str, Any], newest: Mapping[str, Any]
) -> dict[str, Any]:
    """As `over_newest`, of the modules' fields. fresh: the form as it is opened now. opened, newest: what the
    two versions keep of the fields. A field that shows something else than the newest version keeps, as one
    that only begins something and is empty each time, cannot be told by its versions: what was typed stays.
    One that `fresh` does not have goes along unseen (`web.form_carried`).
    """
    found: dict[str, Any] = {}
    for part in form.parts:
        if not is_of_module(part) or part.name in form.missing or not fresh.has(part.name):
            continue
        typed, now = form.part(part.name).data, fresh.part(part.name).data
        kept = is_same(now, newest.get(part.name))
        found[part.name] = _over(typed, opened.get(part.name), now) if kept else typed
    return found


def _over(typed: Any, before: Any, now: Any) -> Any:
    if is_same(typed, before):
        return now
    lists = [_as_list(value) for value in (typed, before, now)]
    if None in lists:
        return typed
    mine, had, there = ([(_bare(plain(one)), one) for one in some or ()] for some in lists)
    ticked, offered = [bare for bare, _ in mine], [bare for bare, _ in had]
    stays = [(bare, one) for bare, one in there if bare in ticked or bare not in offered]
    present = [bare for bare, _ in stays]
    added = [one for bare, one in mine if bare not in offered and bare not in present]
    return [one for _, one in stays] + added


def _as_list(value: Any) -> list[Any] | None:
    """A value of a field of several: where none was chosen ever, it is no list yet."""
    return [] if value is None or value == "" else value if isinstance(value, list) else None


def is_same(one: Any, other: Any) -> bool:
    """Whether two values of a field say the same, however they came in."""
    return bool(_bare(plain(one)) == _bare(plain(other)))


def _bare(value: Any) -> Any:
    """A value without what a browser or a module adds or takes off unasked: line ends, space around a text,
    and the ways to be empty."""
    if isinstance(value, str):
        return "\n".join(value.splitlines()).strip() or None
    if isinstance(value, list):
        return [_bare(one) for one in value] or None
    if isinstance(value, dict):
        return {name: _bare(one) for name, one in value.items()}
    return None if value is False else value
