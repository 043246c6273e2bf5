"""The forms by which people begin and end to monitor students (STU-09, STU-10)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from webob.multidict import MultiDict
from wtforms import DateField, RadioField, SelectField, validators

from cpoms_core.students.monitoring_changes import Wish
from cpoms_core.students.monitoring_history import Choice
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import as_id

DEEDS = (
    ("add", "Add a category: they are monitored for it"),
    ("remove", "Remove a category: they are no longer monitored for it"),
    ("wipe", "Wipe all categories that I may see"),
)


class BeginForm(Form):
    """One student, one category, from a day on."""

    category = SelectField("Category", [validators.InputRequired("Choose a category.")])
    since = DateField("From", [validators.InputRequired("Give the day.")], description="Today or earlier.")

    def __init__(
        self,
        posted: MultiDict[str, Any] | None,
        categories: Iterable[Choice],
        today: dt.date,
    ) -> None:
        super().__init__(posted, data={"since": today})
        usable = [(str(one.id), one.name) for one in categories if not one.disabled]
        self.category.choices = [("", "Choose"), *usable]

    def wish(self) -> Wish:
        """What the form asks for, once it is valid."""
        assert self.since.data is not None
        return Wish("add", as_id(self.category.data), self.since.data)


class UpdateForm(Form):
    """Many students: what, for which category, from which day on."""

    deed = RadioField(
        "What is to be done", [validators.InputRequired("Choose what is to be done.")], choices=[*DEEDS]
    )
    chosen = SelectField("Category", [validators.Optional()], description="For adding and removing.")
    since = DateField("From", [validators.InputRequired("Give the day.")], description="Today or earlier.")

    def __init__(
        self,
        posted: MultiDict[str, Any] | None,
        categories: Sequence[Choice],
        today: dt.date,
    ) -> None:
        given = posted if posted and "deed" in posted else None
        super().__init__(given, data={"since": today, "deed": "add"})
        named = [(str(one.id), f"{one.name} (disabled)" if one.disabled else one.name) for one in categories]
        self.chosen.choices = [("", "Choose"), *named]
        self._disabled = {str(one.id) for one in categories if one.disabled}

    def validate(self, *arguments: Any, **named: Any) -> bool:
        good = super().validate(*arguments, **named)
        if self.deed.data in ("add", "remove") and not self.chosen.data and not self.chosen.errors:
            self.chosen.errors = ["Choose a category."]
            return False
        if self.deed.data == "add" and self.chosen.data in self._disabled:
            self.chosen.errors = ["This category is disabled: it can be removed, and no longer added."]
            return False
        return good

    def wish(self) -> Wish:
        """What the form asks for, once it is valid."""
        assert self.since.data is not None
        category = None if self.deed.data == "wipe" else as_id(self.chosen.data)
        return Wish(self.deed.data, category, self.since.data)
