"""What a form says that was sent again with something different in it (INC-09, ACT-01): what is recorded, who
was alerted, and what was not changed. Sent once more it becomes a further incident or action: whoever has no
key cannot open the first one to change it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from pyramid.request import Request
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents import entry
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import NotAllRecorded
from cpoms_core.web.forms import BuiltForm

OTHER_WORDS = "What is written here now is not recorded yet."
"""The heading where the first form had other words."""


def explain(request: Request, form: BuiltForm, error: NotAllRecorded) -> str:
    """Marks the fields of a form that were not recorded; returns the heading over what is marked."""
    is_action = isinstance(error.of, Action)
    incident = f"incident {error.number}"
    it, kind = ("this action", "action") if is_action else (incident, "incident")
    form.object_to(
        [*_fields(form, error, it), *_people(request, error), FieldError("", _next(request, error, kind))]
    )
    at = request.viewer.local(error.of.created_at)
    what = f"an action of {incident}" if is_action else incident
    return f"This was recorded already, on {at:%-d %B %Y} at {at:%H:%M}, as {what}."


def _fields(form: BuiltForm, error: NotAllRecorded, it: str) -> list[FieldError]:
    gone = "What you typed in a field that is no longer on the form: "
    message = f"Not changed in {it}, which has what you sent first."
    return [FieldError(name, message if form.has(name) else gone + message) for name in error.unlike]


def _people(request: Request, error: NotAllRecorded) -> list[FieldError]:
    names = entry.everyone(request)

    def named(ids: Iterable[uuid.UUID]) -> str:
        return ", ".join(names[one] for one in ids if one in names)

    people = error.people
    said = [
        ("", "Now alerted to it as well: {}.", named(people.alerted)),
        ("alerts", "Alerted already, when you sent it first: {}.", named(people.before)),
        ("alerts", "Not alerted: {}.", named(people.not_alerted)),
    ]
    return [FieldError(field, words.format(who)) for field, words, who in said if who]


def _next(request: Request, error: NotAllRecorded, kind: str) -> str:
    again = f"Send the form again only if you want that: it becomes a further {kind}, as it is on this page."
    may_edit = select(Incident.id).where(
        Incident.id == error.incident_id, policy.editable_incidents(request.viewer)
    )
    if request.db.scalar(may_edit) is None:
        return again
    return f"To change what is recorded, open it and choose Options > Edit. {again}"
