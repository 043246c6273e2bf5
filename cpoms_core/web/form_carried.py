"""What goes along with a form that comes back, because the form does not show it: what was typed in modules'
fields that are gone since it was opened (INC-10, FRM-03, MOD-01). Sent again it is kept with the version, as
`BuiltForm.not_taken` says. `carried` of macros/forms.pt draws it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyramid.request import Request

from cpoms_core.web.forms import BuiltForm, as_id
from cpoms_core.web.over_newest import is_same

LONGEST_SAID = 300  # characters of one field; all of it goes along


@dataclass(frozen=True, slots=True)
class Carried:
    """fields: names and values, as they were sent, for what nobody sees. said: what a person reads of them,
    without the names: nothing may say which module they were of (MOD-01)."""

    fields: Sequence[tuple[str, str]] = ()
    said: Sequence[str] = ()


def carried(request: Request, *forms: BuiltForm, opened: Mapping[str, Any] | None = None) -> Carried:
    """What was typed in the first of these forms, as it was posted or is in a draft, and is on one of them
    not. The others are those that it goes on in: of what somebody else saved first, a field may be gone by
    then. opened: what the version that is edited keeps of modules' fields: what was not touched is there, and
    nobody typed it."""
    posted, left = forms[0].posted, dict[str, list[str]]()
    for form in forms if posted is not None else ():
        left |= form.not_taken(posted, request.app.modules)
    typed = {
        name: values for name, values in left.items() if not _untouched(values, (opened or {}).get(name))
    }
    fields = [(name, value) for name, values in typed.items() for value in values]
    return Carried(fields, [_shortened(request.viewer.text(value)) for _, value in fields if _is_read(value)])


def _untouched(values: list[str], kept: Any) -> bool:
    return is_same(values, [_as_sent(one) for one in (kept if isinstance(kept, list) else [kept])])


def _as_sent(value: Any) -> Any:
    """A value as a form sends it: a tick, a number."""
    if isinstance(value, bool):
        return "y" if value else ""
    return str(value) if isinstance(value, int | float) else value


def _is_read(value: str) -> bool:
    """Whether a person wrote a value. Lists send ids, and maps send JSON."""
    if as_id(value) is not None:
        return False
    try:
        return not isinstance(json.loads(value), dict | list)
    except (ValueError, RecursionError):
        return True


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST_SAID else f"{words[:LONGEST_SAID].rstrip()}…"
