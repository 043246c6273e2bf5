"""The viewer's open alerts, a page at a time: one that waits is never out of reach (DSH-02)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, case, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.dashboard.queries import Row, age
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.incidents.beside import cursor_of
from cpoms_core.incidents.chronology import parse_cursor
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 100


def open_alerts(db: SchoolSession, viewer: Viewer, after: str = "") -> tuple[list[Row], str]:
    """A page of the viewer's open alerts, newest first, and the key of the next page ("" at the end).
    `describe` tells what they are about. Raises NothingThere for a key that is none."""
    given: dict[str, Any] = {"limit": PAGE + 1}
    if after:
        given["moment"], given["last"] = parse_cursor(after)
    alerts = db.execute(_open_alerts(viewer, later=bool(after)), policy.who(viewer, **given)).all()
    shown = alerts[:PAGE]
    key = cursor_of(shown[-1].created_at, shown[-1].alert_id) if len(alerts) > PAGE else ""
    return [_row(viewer, alert) for alert in shown], key


def how_many(db: SchoolSession, viewer: Viewer) -> int:
    """How many open alerts the viewer has, on whatever page: asked only where there is more than one."""
    return db.scalar(_how_many(viewer), policy.who(viewer)) or 0


def _row(viewer: Viewer, alert: Any) -> Row:
    return Row(
        "File" if alert.document_id else "Action" if alert.action_id else "Incident",
        alert.id,
        alert.number,
        viewer.local(alert.created_at),
        age(alert.created_at, viewer.now()),
        by_name=alert.by_name or "",
        document_id=alert.document_id,
        training=bool(alert.training),
        passed_on=alert.passed_on_from is not None,
    )


def _of_viewer(sight: policy.Sight, statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Of a statement about `Alert`, what is of the viewer's open alerts; their incidents are joined."""
    return statement.outerjoin(Incident, Incident.id == Alert.incident_id).where(
        policy.own_alerts(sight),
        or_(Alert.document_id.is_not(None), policy.visible_incidents(sight)),
    )


@policy.for_rights
def _how_many(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return _of_viewer(sight, select(func.count(Alert.id)))


@policy.for_rights
def _open_alerts(sight: policy.Sight, *, later: bool) -> Select[*tuple[Any, ...]]:
    sender = aliased(User)
    columns: Select[*tuple[Any, ...]] = select(
        Alert.id.label("alert_id"),
        Alert.action_id,
        Alert.document_id,
        Alert.created_at,
        Alert.passed_on_from,
        Incident.id,
        Incident.number,
        case((Alert.action_id.is_(None), Incident.training), else_=Action.training).label("training"),
        staff_name(sender).label("by_name"),
    ).select_from(Alert)
    statement = (
        _of_viewer(sight, columns)
        .outerjoin(Action, Action.id == Alert.action_id)
        .outerjoin(sender, sender.id == Alert.sender_id)
        .order_by(Alert.created_at.desc(), Alert.id.desc())
        .limit(bindparam("limit"))
    )
    if later:
        last = tuple_(bindparam("moment", type_=UtcDateTime), bindparam("last", type_=Id))
        statement = statement.where(tuple_(Alert.created_at, Alert.id) < last)
    return statement
