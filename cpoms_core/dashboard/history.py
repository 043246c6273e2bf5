"""My history: what the viewer recorded in the last seven days, a page at a time (DSH-04)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    literal,
    null,
    select,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.queries import read_count
from cpoms_core.dashboard.queries import Row, age
from cpoms_core.dashboard.where_written import Place, where_written
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.incidents.beside import cursor_of
from cpoms_core.incidents.chronology import parse_cursor
from cpoms_core.incidents.models import Action, Incident, IncidentVersion
from cpoms_core.incidents.on_page import INCIDENTS
from cpoms_core.tenancy.scope import SchoolSession, built_once

HISTORY = dt.timedelta(days=7)
PAGE = 100

FIRST_VERSIONS = built_once(
    select(IncidentVersion.incident_id, IncidentVersion.content).where(
        IncidentVersion.incident_id.in_(INCIDENTS),
        IncidentVersion.version == 1,
        IncidentVersion.made_by == bindparam("author", type_=Id),
    )
)


def history(db: SchoolSession, viewer: Viewer, after: str = "") -> tuple[list[Row], str]:
    """A page of what the viewer recorded in the last seven days, newest first, and the key of the next page
    ("" at the end). `describe` tells what it was about. Raises NothingThere for a key that is none."""
    given: dict[str, Any] = {"since": viewer.now() - HISTORY, "limit": PAGE + 1}
    if after:
        given["moment"], given["last"] = parse_cursor(after)
    records = db.execute(_own_records(viewer, later=bool(after)), policy.who(viewer, **given)).all()
    shown = records[:PAGE]
    key = cursor_of(shown[-1].created, shown[-1].record_id) if len(records) > PAGE else ""
    moved = where_written(db, viewer, [own for own in shown if not own.visible])
    return [_row(viewer, own, moved.get(own.record_id)) for own in shown], key


def _row(viewer: Viewer, own: Any, moved: Place | None) -> Row:
    """`moved`: where it was written, if it was moved since to where the viewer may not look."""
    at = moved or own
    return Row(
        at.kind,
        moved.incident_id if moved else own.id,
        at.number,
        viewer.local(own.created),
        age(own.created, viewer.now()),
        read_count=at.read_count,
        visible=bool(at.visible),
        training=own.training,
    )


def _own() -> Subquery:
    """The viewer's incidents and actions since `:since`."""

    def of(record: type[Incident] | type[Action], kind: str, incident_id: Any, was: Any) -> Select[Any]:
        return select(
            literal(kind).label("kind"),
            record.id.label("record_id"),
            incident_id.label("incident_id"),
            was.label("was_incident"),
            record.created_at.label("created"),
            record.training.label("training"),
        ).where(
            record.author_id == policy.USER,
            record.created_at > bindparam("since", type_=UtcDateTime),
            record.deleted_at.is_(None),
        )

    return union_all(
        of(Incident, "Incident", Incident.id, type_coerce(null(), Id())),
        of(Action, "Action", Action.incident_id, Action.was_incident),
    ).subquery()


@policy.for_rights
def _own_records(sight: policy.Sight, *, later: bool) -> Select[*tuple[Any, ...]]:
    """Which of them are on the page is found first: whether each may be opened, and who read it, is asked of
    these alone."""
    own = _own()
    page = (
        select(own)
        .join(Incident, Incident.id == own.c.incident_id)
        .where(Incident.deleted_at.is_(None))
        .order_by(own.c.created.desc(), own.c.record_id.desc())
        .limit(bindparam("limit"))
    )
    if later:
        last = tuple_(bindparam("moment", type_=UtcDateTime), bindparam("last", type_=Id))
        page = page.where(tuple_(own.c.created, own.c.record_id) < last)
    newest = page.subquery()
    split = aliased(Action)  # what an incident was before it was split off: found by the index of authors
    became = case((newest.c.kind == "Incident", newest.c.incident_id), else_=newest.c.was_incident)
    return (
        select(
            newest.c.kind,
            newest.c.record_id,
            newest.c.created,
            newest.c.training,
            newest.c.was_incident,
            split.id.label("split_off"),
            split.incident_id.label("split_out_of"),
            Incident.id,
            Incident.number,
            policy.visible_incidents(sight).label("visible"),
            read_count(Incident.id).label("read_count"),
        )
        .join(Incident, Incident.id == newest.c.incident_id)
        .outerjoin(
            split,
            and_(
                split.author_id == policy.USER,
                split.created_at == newest.c.created,
                split.became_incident == became,
                split.was_incident.is_(None),
            ),
        )
        .order_by(newest.c.created.desc(), newest.c.record_id.desc())
    )


def forget_later_categories(db: SchoolSession, viewer: Viewer, rows: Sequence[Row]) -> None:
    """An author who may not open what they wrote is shown the categories that they chose, and none that a
    colleague added since (USR-12.7)."""
    closed = list({row.incident_id for row in rows if row.incident_id and not row.visible})
    if not closed:
        return
    chosen = {
        version.incident_id: set(version.content["categories"])
        for version in db.execute(FIRST_VERSIONS, {"incidents": closed, "author": viewer.user_id})
    }
    for row in rows:
        if not row.visible:
            own = chosen.get(row.incident_id, set()) if row.incident_id else set()
            row.categories = [category for category in row.categories if str(category.id) in own]
