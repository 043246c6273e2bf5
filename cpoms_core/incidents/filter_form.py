"""The filters above a chronology as a form (INC-14). It posts, so that no word that a person looks for stands
in an address or a log."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select
from webob.multidict import MultiDict
from wtforms import DateField, SearchField, SelectField
from wtforms import ValidationError as Invalid
from wtforms.validators import Length, Optional

from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.incidents.filters import ChronologyFilter
from cpoms_core.incidents.models import Category, Incident, IncidentCategory, IncidentPart, IncidentStudent
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import as_id

FIRST_YEAR, LAST_YEAR = 1900, 2199


def _a_year_of_people(_form: Form, field: DateField) -> None:
    if field.data is not None and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
        raise Invalid(f"Give a year from {FIRST_YEAR} to {LAST_YEAR}.")


class FilterForm(Form):
    """The questions of a `ChronologyFilter`."""

    words = SearchField(
        "Words",
        [Length(max=200, message="Use at most 200 characters.")],
        description="All of them, in the incident or its actions.",
        id="filter-words",
    )
    category = SelectField("Category", validate_choice=False, id="filter-category")
    since = DateField("From", [Optional(), _a_year_of_people], id="filter-since")
    until = DateField("To", [Optional(), _a_year_of_people], id="filter-until")
    author = SelectField("Added by", validate_choice=False, id="filter-author")
    part = SelectField("Part", validate_choice=False, id="filter-part")

    def validate_until(self, field: DateField) -> None:
        """The days in their order."""
        since: dt.date | None = self.since.data
        if since and field.data and since > field.data:
            raise Invalid("This is before the first day. Change one of the two.")

    def filter(self) -> ChronologyFilter:
        """What was asked for; to be read after `validate`."""
        return ChronologyFilter(
            words=(self.words.data or "").strip(),
            category_id=as_id(self.category.data),
            since=self.since.data,
            until=self.until.data,
            author_id=as_id(self.author.data),
            part_id=as_id(self.part.data),
        )


def filter_form(posted: MultiDict[str, Any] | None = None) -> FilterForm:
    """The form, with what came in."""
    return FilterForm(posted)


def posted_filter(posted: MultiDict[str, Any]) -> ChronologyFilter | None:
    """The filter that came in with a form that carries it along (paging, a print of what is shown); None
    where it is none that the page would have taken."""
    form = filter_form(posted)
    return form.filter() if form.validate() else None


def fill_choices(
    db: SchoolSession, form: FilterForm, shown: ColumnElement[bool], record: uuid.UUID | None
) -> None:
    """Offers the categories and authors of the incidents that `shown` (a condition on Incident) lets through,
    and no others: a list of all would tell what nobody asked. So with the parts that the student of the
    `record` has in them, or for the whole school's (None) anybody; without any, the question goes."""
    incidents = select(Incident.id).where(shown)
    categories = db.execute(
        select(Category.id, Category.name)
        .where(
            Category.id.in_(
                select(IncidentCategory.category_id).where(IncidentCategory.incident_id.in_(incidents))
            )
        )
        .order_by(Category.name, Category.id)
    ).all()
    authors = db.execute(
        select(User.id, staff_name())
        .where(User.id.in_(select(Incident.author_id).where(shown)))
        .order_by(User.surname, User.forename, User.id)
    ).all()
    of_whom = [IncidentStudent.student_id == record] if record else []
    had = select(IncidentStudent.part_id).where(IncidentStudent.incident_id.in_(incidents), *of_whom)
    parts = db.execute(
        select(IncidentPart.id, IncidentPart.name)
        .where(IncidentPart.id.in_(had))
        .order_by(IncidentPart.weight, IncidentPart.name)
    ).all()
    form.part.choices = _offered("Any part", {row[0]: row[1] for row in parts})
    form.part.label.text = "Their part in it" if record else "A student’s part in it"
    if not parts and not form.part.data:
        del form.part
    form.category.choices = _offered("Any category", {row[0]: row[1] for row in categories})
    form.author.choices = _offered("Anybody", {row[0]: row[1] for row in authors})


def _offered(anything: str, rows: Mapping[uuid.UUID, str]) -> list[tuple[str, str]]:
    return [("", anything), *((str(one), name) for one, name in rows.items())]
