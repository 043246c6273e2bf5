"""The form of a student report (STU-07)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from webob.multidict import MultiDict
from wtforms import BooleanField, DateField, PasswordField, RadioField, SelectMultipleField
from wtforms import ValidationError as Invalid
from wtforms.validators import Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from cpoms_core.hooks.types import ReportColumn
from cpoms_core.incidents.filter_form import FIRST_YEAR, LAST_YEAR
from cpoms_core.incidents.filters import ChronologyFilter
from cpoms_core.printing.opening import Offered
from cpoms_core.printing.queries import Chosen
from cpoms_core.printing.services import RecordWanted
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import as_id

LONGEST_PASSWORD = 100  # characters; AES-256 PDFs take 127 bytes
LONGEST_PASSWORD_BYTES = 127
INCLUDE = {"columns_student": "Further fields of the student", "columns": "Include of each incident"}
ORDERS = (("oldest", "Oldest first"), ("newest", "Newest first"))


class Ticks(SelectMultipleField):
    """A choice of several as ticks."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class ReportForm(Form):
    """What a report holds. The ticks of the basic data are fields of their own (`parts`)."""

    incidents = BooleanField("Incidents")
    since = DateField("From", [Optional()])
    until = DateField("To", [Optional()])
    categories = Ticks("Categories", description="None ticked: all of them.")
    linked = BooleanField("Include linked incidents")
    order = RadioField("Order", choices=list(ORDERS))
    hide_students = BooleanField(
        "Hide student names",
        description="The names of this student and of those in the incidents. Dates of birth, addresses and "
        "the like stay: untick them above.",
    )
    hide_staff = BooleanField(
        "Hide staff names", description="Authors too. Names of people outside school are not hidden."
    )
    password = PasswordField(
        "PDF password",
        [Length(max=LONGEST_PASSWORD, message=f"Use at most {LONGEST_PASSWORD} characters.")],
        description="Whoever opens the PDF is asked for it. It cannot be looked up later: if it is lost, "
        "make the report again. Empty: no password.",
        render_kw={"autocomplete": "new-password"},
    )
    password_again = PasswordField("PDF password again", render_kw={"autocomplete": "new-password"})

    def validate_since(self, field: DateField) -> None:
        """A year of people."""
        for day in (field.data, self.until.data):
            if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise Invalid(f"Give a year from {FIRST_YEAR} to {LAST_YEAR}.")

    def validate_until(self, field: DateField) -> None:
        """The days in their order."""
        since: dt.date | None = self.since.data
        if since and field.data and since > field.data:
            raise Invalid("This is before the first day. Change one of the two.")

    def validate_password(self, field: PasswordField) -> None:
        """What every program that opens PDFs takes."""
        text = field.data or ""
        if len(text.encode()) > LONGEST_PASSWORD_BYTES:
            raise Invalid("Use a shorter password.")
        if not text.isprintable():
            raise Invalid("Use letters, digits and signs only.")

    def validate_password_again(self, field: PasswordField) -> None:
        """Typed twice, because nobody can look it up later."""
        if (self.password.data or "") != (field.data or ""):
            raise Invalid("The two passwords differ. Type both again.")


class Report:
    """The form with the ticks of the basic data that this student's record has."""

    def __init__(
        self,
        offered: Sequence[Offered],
        categories: Sequence[tuple[uuid.UUID, str]],
        columns: Sequence[ReportColumn] = (),
        posted: MultiDict[str, Any] | None = None,
    ) -> None:
        self._offered = [column.name for column in columns]
        ticks = {
            f"basic_{at}": Ticks(part.title, choices=[(name, name) for name in part.names])
            for at, part in enumerate(offered)
        }
        first = {f"basic_{at}": list(part.names) for at, part in enumerate(offered)}
        include = {
            name: [(one.name, one.label) for one in columns if (one.about == "student") == of_student]
            for name, of_student in (("columns_student", True), ("columns", False))
        }
        kept = {name: Ticks(INCLUDE[name], choices=found) for name, found in include.items() if found}
        first |= {name: [one[0] for one in include[name]] for name in kept}
        made = type("BuiltReport", (ReportForm,), {**ticks, **kept})
        start = {} if posted is not None else {**first, "linked": True, "order": "oldest"}
        self.form: Any = made(posted, data=start)
        self.form.categories.choices = [(str(one), name) for one, name in categories]
        self.basic = [self.form[name] for name in ticks]
        self.columns = {name: self.form[name] if name in kept else None for name in include}

    def validate(self) -> bool:
        """Whether it can be made; each field has its errors otherwise."""
        good = bool(self.form.validate())
        if (
            good
            and not self.form.incidents.data
            and not any(field.data for field in self.basic + self._of_student())
        ):
            self.form.form_errors.append("Tick something to include in the report.")
            good = False
        return good

    def _of_student(self) -> list[Any]:
        return [field for field in (self.columns["columns_student"],) if field is not None]

    def wanted(self, student_id: uuid.UUID) -> RecordWanted:
        """What was ticked; to be read after `validate`."""
        form = self.form
        chosen = Chosen(
            student_id,
            ChronologyFilter(since=form.since.data, until=form.until.data),
            tuple(one for one in map(as_id, form.categories.data or ()) if one),
            linked=bool(form.linked.data),
            newest_first=form.order.data == "newest",
        )
        return RecordWanted(
            student_id,
            chosen if form.incidents.data else None,
            tuple(name for field in self.basic for name in field.data or ()),
            hide_students=bool(form.hide_students.data),
            hide_staff=bool(form.hide_staff.data),
            report=True,
            left_out=tuple(one for one in self._offered if one not in self._included()),
        )

    def _included(self) -> set[str]:
        return {name for field in self.columns.values() if field is not None for name in field.data or ()}
