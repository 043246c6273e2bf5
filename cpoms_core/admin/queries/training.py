"""What was recorded in training mode, for who may keep or remove it (TRN-01)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, false, func, literal, select, tuple_, union_all

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.dashboard.queries import Row, age, describe
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.incidents.beside import cursor_of
from cpoms_core.incidents.chronology import parse_cursor
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services.keeping_training import holds_real_action
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 50
READ, SHOWN = 900, 160
"""Characters of each text that are read and shown: names are hidden first, and none may be cut in two."""


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """An incident or action on the list. `row`: as the dashboard has it. `held`: a real action is under it,
    so that it is kept."""

    id: uuid.UUID
    row: Row
    begins: str
    held: bool
    cursor: str

    @property
    def value(self) -> str:
        """What its tick posts."""
        return f"{self.row.kind.lower()}:{self.id}"


def page_of_marked(db: SchoolSession, viewer: Viewer, after: str = "") -> tuple[list[MarkedRow], str]:
    """A page of them, the last recorded first, and the key of the next page ("" at the end). Raises
    NothingThere."""
    given: dict[str, Any] = {"limit": PAGE + 1}
    if after:
        given["moment"], given["last"] = parse_cursor(after)
    rows = db.execute(_page(viewer, later=bool(after)), policy.who(viewer, **given)).all()
    shown = [_shown(viewer, row) for row in rows[:PAGE]]
    describe(db, viewer, [one.row for one in shown])
    return shown, shown[-1].cursor if len(rows) > PAGE else ""


def _shown(viewer: Viewer, row: Any) -> MarkedRow:
    text = " ".join(viewer.text(row.text).split())
    return MarkedRow(
        id=row.id,
        row=Row(
            row.kind,
            row.incident_id,
            row.number,
            viewer.local(row.created),
            age(row.created, viewer.now()),
            by_name=row.by_name or "",
        ),
        begins=text if len(text) <= SHOWN else f"{text[:SHOWN].rsplit(' ', 1)[0]} …",
        held=bool(row.held),
        cursor=cursor_of(row.created, row.id),
    )


@policy.for_rights
def _page(sight: policy.Sight, *, later: bool) -> Select[*tuple[Any, ...]]:
    incidents = select(
        literal("Incident").label("kind"),
        Incident.id.label("id"),
        Incident.id.label("incident_id"),
        Incident.number.label("number"),
        Incident.author_id.label("author_id"),
        Incident.created_at.label("created"),
        func.substr(Incident.text, 1, READ).label("text"),
        holds_real_action().label("held"),
    ).where(policy.training_incidents(sight))
    actions = (
        select(
            literal("Action").label("kind"),
            Action.id.label("id"),
            Action.incident_id.label("incident_id"),
            Incident.number.label("number"),
            Action.author_id.label("author_id"),
            Action.created_at.label("created"),
            func.substr(Action.text, 1, READ).label("text"),
            false().label("held"),
        )
        .join(Incident, Incident.id == Action.incident_id)
        .where(policy.training_actions(sight))
    )
    if later:
        key: Any = tuple_(bindparam("moment", type_=UtcDateTime), bindparam("last", type_=Id))
        incidents = incidents.where(tuple_(Incident.created_at, Incident.id) < key)
        actions = actions.where(tuple_(Action.created_at, Action.id) < key)
    found = union_all(incidents, actions).subquery()
    newest = (
        select(found).order_by(found.c.created.desc(), found.c.id.desc()).limit(bindparam("limit")).subquery()
    )
    return (
        select(newest, staff_name().label("by_name"))
        .join(User, User.id == newest.c.author_id)
        .order_by(newest.c.created.desc(), newest.c.id.desc())
    )
