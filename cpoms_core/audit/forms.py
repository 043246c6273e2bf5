"""The filters of the audits and of the security logs. They are posted: what an administrator looks for stands
in no address and no log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from webob.multidict import MultiDict
from wtforms import DateField, SelectField, validators

from cpoms_core.audit.queries import Filters
from cpoms_core.audit.wording import EVENTS, KINDS
from cpoms_core.hooks.types import AuditKind, AuditWords
from cpoms_core.web.form_words import Form

ANY = ("", "Everything")
OF_A_RECORD: tuple[AuditKind, ...] = ("viewed", "changed", "searched")
FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)


def _in_range(_form: Form, field: Any) -> None:
    if field.data is not None and not FIRST_DAY <= field.data <= LAST_DAY:
        raise validators.ValidationError("Give a day of this century.")


class FilterForm(Form):
    """From which day to which, and what."""

    first = DateField("From", [validators.Optional(), _in_range])
    last = DateField("To", [validators.Optional(), _in_range])
    event = SelectField("What", choices=[ANY], default="")

    def __init__(self, posted: MultiDict[str, Any] | None, events: Iterable[tuple[str, str]]) -> None:
        """`events`: what can be chosen, as (name, words)."""
        super().__init__(posted)
        self.event.choices = [ANY, *sorted(events, key=lambda one: one[1].casefold())]

    def validate(self, *arguments: Any, **named: Any) -> bool:
        good = super().validate(*arguments, **named)
        if good and self.first.data and self.last.data and self.first.data > self.last.data:
            self.last.errors = ["This is before the first day."]
            return False
        return good

    def filters(self) -> Filters:
        """What the form asks for, once it is valid."""
        events = frozenset({self.event.data}) if self.event.data else frozenset()
        return Filters(self.first.data, self.last.data, events)


class AuditForm(FilterForm):
    """The filters of a user's audits: also by kind."""

    kind = SelectField("Kind", choices=[ANY, *KINDS.items()], default="")

    def __init__(
        self, posted: MultiDict[str, Any] | None, words: Mapping[str, AuditWords], modules: Collection[str]
    ) -> None:
        """`modules`: those that are on. What others did stays in the audit, and is not offered (MOD-01)."""
        self._words = words
        offered = {event for event in words if event in EVENTS or event.partition(".")[0] in modules}
        super().__init__(posted, ((event, words[event].phrase) for event in offered))

    def filters(self) -> Filters:
        chosen = super().filters()
        if not self.kind.data:
            return chosen
        of_kind = frozenset(event for event, one in self._words.items() if one.kind == self.kind.data)
        # an event of another kind: nothing is both
        events = (chosen.events & of_kind or frozenset({""})) if chosen.events else of_kind
        return Filters(chosen.first, chosen.last, events)


class StudentAuditForm(AuditForm):
    """The filters of a student's audit: nobody logs in to a record, and what was refused is not told."""

    kind = SelectField("Kind", choices=[ANY, *((kind, KINDS[kind]) for kind in OF_A_RECORD)], default="")

    def __init__(
        self, posted: MultiDict[str, Any] | None, words: Mapping[str, AuditWords], modules: Collection[str]
    ) -> None:
        of_a_record = {event: one for event, one in words.items() if one.kind in OF_A_RECORD}
        super().__init__(posted, of_a_record, modules)
