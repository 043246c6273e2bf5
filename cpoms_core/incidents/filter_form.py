"""The filters above a chronology as a form (INC-14). It posts, so that no word that a person looks for stands
in an address or a log."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import ColumnElement, select
from webob.multidict import MultiDict
from wtforms import DateField, SearchField, SelectField
from wtforms import ValidationError as Invalid
from wtforms.validators import Length, Optional

from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import Filter
from cpoms_core.incidents.filters import ChronologyFilter
from cpoms_core.incidents.models import Category, Incident, IncidentCategory, IncidentPart, IncidentStudent
from cpoms_core.incidents.module_filters import NOTHING, asked_of, fields_of, questions
from cpoms_core.logs import place_of
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import as_id

log = structlog.get_logger()
NOT_NOW = "This cannot be asked at the moment. Leave it empty."
FAILED = "a filter failed"
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

    modules: Mapping[str, Filter] = MappingProxyType({})
    """The modules' questions, by the attributes of their fields."""
    asked: Mapping[str, ColumnElement[bool]] = MappingProxyType({})
    """What those leave that were asked; to be read after `validate`."""
    unreadable = False
    """A module's field failed at what came in, so that nobody can say what was asked."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether the filters can be asked for. A module whose question fails refuses it: without it more
        would be shown than was asked for."""
        for name, one in self.modules.items():
            _refuse_where_its_check_fails(self[name], one.name)
        good = bool(super().validate(extra_validators))
        if self.unreadable:
            for name in self.modules:
                self[name].errors = [NOT_NOW]
            return False
        found = {}
        for name, one in self.modules.items():
            field = self[name]
            if field.errors or field.data in NOTHING:
                continue
            try:
                found[name] = one.condition(field.data)
            except Exception as error:  # a module's fault must never become the page's
                log.error(FAILED, filter=one.name, error=type(error).__name__, at=place_of(error))
                field.errors = [NOT_NOW]
                good = False
        self.asked = found
        return good

    def filter(self) -> ChronologyFilter:
        """What was asked for; to be read after `validate`."""
        return ChronologyFilter(
            words=(self.words.data or "").strip(),
            category_id=as_id(self.category.data),
            since=self.since.data,
            until=self.until.data,
            author_id=as_id(self.author.data),
            part_id=as_id(self.part.data),
            modules=tuple(
                asked_of(one, self[name], self.asked[name])
                for name, one in self.modules.items()
                if name in self.asked
            ),
        )


def _refuse_where_its_check_fails(field: Any, name: str) -> None:
    """A check of a module's that raises refuses the question, as its condition would."""
    own = field.validate

    def validate(*arguments: Any, **named: Any) -> bool:
        try:
            return bool(own(*arguments, **named))
        except Exception as error:  # a module's fault must never become the page's
            log.error(FAILED, filter=name, error=type(error).__name__, at=place_of(error))
            field.errors = [NOT_NOW]
            return False

    field.validate = validate


def filter_form(db: SchoolSession, viewer: Viewer, posted: MultiDict[str, Any] | None = None) -> FilterForm:
    """The form, the modules' questions behind the core's, with what came in."""
    modules = questions(db, viewer)
    fields = fields_of(modules)
    made: Any = type("BuiltFilters", (FilterForm,), {**fields, "modules": modules})
    try:
        form: FilterForm = made(posted)
    except Exception as error:  # a module's field fails at what came in: nobody can say what was asked
        log.error(FAILED, error=type(error).__name__, at=place_of(error))
        form = made()
        form.unreadable = True
    return form


def posted_filter(db: SchoolSession, viewer: Viewer, posted: MultiDict[str, Any]) -> ChronologyFilter | None:
    """The filter that came in with a form that carries it along (paging, a print of what is shown); None
    where it is none that the page would have taken."""
    form = filter_form(db, viewer, posted)
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
