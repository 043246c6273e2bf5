"""The school's own fields as filters, groupings and columns (FRM-04)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from wtforms import DateField, SearchField, SelectField
from wtforms.validators import Length, Optional

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Filter, FormName, Grouping, ReportColumn
from cpoms_core.incidents.filters import shown_on_record
from cpoms_core.incidents.models import Action, Incident
from cpoms_formbuilder import queries, values
from cpoms_formbuilder.kinds import DAY, DROPDOWN, MOMENT, Definition, a_year_of_people
from cpoms_formbuilder.models import CustomOption, Value

FIRST = 600
"""The weight of the first: behind what the core asks."""
LONGEST_WORDS = 200  # characters


def filters(db: PluginSession, viewer: Viewer) -> list[Filter]:
    """The fields of incidents and actions as questions: an option, words, or the days between."""
    found: list[Filter] = []
    asked = [one for one in queries.definitions(db) if one.form != "student"]
    for one in queries.known_to(db, viewer, asked):
        found += _filters_of(one, viewer, FIRST + len(found))
    return found


def _filters_of(one: Definition, viewer: Viewer, weight: int) -> list[Filter]:
    label = _label(one)
    if one.kind == DROPDOWN:
        choices = [("", "Any"), *((option.id.hex, _option_label(option)) for option in one.options)]

        def chosen(option: str) -> ColumnElement[bool]:
            return _incidents(one, viewer, Value.option_id == uuid.UUID(hex=option))

        return [Filter(one.name, SelectField(label, choices=choices, default=""), weight, chosen)]
    if one.kind in (DAY, MOMENT):

        def since(day: dt.date) -> ColumnElement[bool]:
            return _incidents(one, viewer, Value.text >= _first_of(one, day, viewer))

        def until(day: dt.date) -> ColumnElement[bool]:
            return _incidents(one, viewer, Value.text < _first_of(one, day + dt.timedelta(days=1), viewer))

        checks = [Optional(), a_year_of_people]
        return [
            Filter(f"{one.name}_since", DateField(f"{label}, from", checks), weight, since),
            Filter(f"{one.name}_until", DateField(f"{label}, to", checks), weight + 1, until),
        ]

    def holds(words: str) -> ColumnElement[bool]:
        literal = words.strip().lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        return _incidents(one, viewer, func.lower(Value.text).like(f"%{literal}%", escape="!"))

    longest = Length(max=LONGEST_WORDS, message=f"Use at most {LONGEST_WORDS} characters.")
    return [Filter(one.name, SearchField(label, [longest]), weight, holds)]


def _label(one: Definition) -> str:
    return one.label if one.form == "incident" else f"{one.label} (of an action)"


def _option_label(option: Any) -> str:
    return f"{option.label} (no longer offered)" if option.removed else str(option.label)


def _first_of(one: Definition, day: dt.date, viewer: Viewer) -> str:
    """The beginning of a day, in the text in which days and moments are kept: both sort as they follow."""
    if one.kind == DAY:
        return day.isoformat()
    midnight = dt.datetime.combine(day, dt.time(), viewer.school.zone)
    return midnight.astimezone(dt.UTC).isoformat()


def _incidents(one: Definition, viewer: Viewer, has: ColumnElement[bool]) -> ColumnElement[bool]:
    """The incidents with such a value, or with an action that has it, or that was an incident with it
    (EDT-04), and that the viewer may see."""
    kept = (Value.field_id == one.id, Value.ended_at.is_(None), has)
    there = (Action.deleted_at.is_(None), policy.visible_actions(viewer), shown_on_record())
    if one.form == "incident":
        own = select(Value.incident_id).where(Value.incident_id.is_not(None), *kept)
        merged = (
            select(Action.incident_id)
            .join(Value, Value.incident_id == Action.was_incident)
            .where(*there, *kept)
        )
        return or_(Incident.id.in_(own), Incident.id.in_(merged))
    of_actions = select(Action.incident_id).join(Value, Value.action_id == Action.id).where(*there, *kept)
    return Incident.id.in_(of_actions)


def groupings(db: PluginSession, viewer: Viewer) -> list[Grouping]:
    """The dropdowns of incidents and actions, by the names that their options have now."""
    asked = [one for one in queries.definitions(db) if one.kind == DROPDOWN and one.form != "student"]
    return [
        Grouping(one.name, _label(one), FIRST + at, _by_option(one, viewer))
        for at, one in enumerate(queries.known_to(db, viewer, asked))
    ]


def _by_option(one: Definition, viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """An incident that became an action counts as the one that it went into (EDT-04)."""
    there = (Action.deleted_at.is_(None), policy.visible_actions(viewer))
    kept = (Value.field_id == one.id, Value.ended_at.is_(None))
    labels = CustomOption.id == Value.option_id
    if one.form == "action":
        of_actions = select(Action.incident_id, CustomOption.label).join(Value, Value.action_id == Action.id)
        return of_actions.join(CustomOption, labels).where(*there, *kept)
    became = and_(Action.was_incident == Value.incident_id, *there)
    incident_id = func.coalesce(Action.incident_id, Value.incident_id)
    of_incidents = select(incident_id, CustomOption.label).select_from(Value).join(CustomOption, labels)
    return of_incidents.outerjoin(Action, became).where(Value.incident_id.is_not(None), *kept)


def columns(db: PluginSession, viewer: Viewer) -> list[ReportColumn]:
    """Every field, former ones too: what was put in is printed unless it is unticked."""
    found = []
    for at, one in enumerate(queries.known_to(db, viewer, queries.definitions(db, deleted=True))):
        label = f"{one.label} (former field)" if one.deleted else one.label
        of_field = _Texts(one.name, one.form)
        about: FormName = one.form  # type: ignore[assignment]
        found.append(ReportColumn(one.name, label, FIRST + at, about, of_field))
    return found


class _Texts:
    """The texts of one column, by id."""

    def __init__(self, name: str, form: str) -> None:
        self._name, self._form = name, form

    def __call__(
        self, db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]
    ) -> Mapping[uuid.UUID, str]:
        found = values.said(db, viewer, self._form, ids)
        return {
            key: ", ".join(one.texts) for key, many in found.items() for one in many if one.name == self._name
        }
