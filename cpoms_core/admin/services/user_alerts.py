"""The alerts of one user: what they are told of automatically (USR-07), and taking alerts off their dashboard
(USR-08)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change, refuse_if_changed
from cpoms_core.alerts.models import AutomaticAlert
from cpoms_core.alerts.services import close_alerts, open_alerts
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import Category
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.students.models import Student, StudentGroup
from cpoms_core.tenancy.scope import SchoolSession

Ids = frozenset[uuid.UUID]


@dataclass(frozen=True, slots=True)
class AlertState:
    """What a user is alerted to automatically. `students`: those that whoever looks may see; `hidden`: how
    many others there are, which a change leaves alone."""

    categories: Ids = frozenset()
    students: Ids = frozenset()
    groups: Ids = frozenset()
    hidden: int = 0


def alert_state(db: SchoolSession, viewer: Viewer, user_id: uuid.UUID) -> AlertState:
    """The automatic alerts of a user, as the viewer may see them. Two queries."""
    rows = db.execute(
        select(AutomaticAlert.category_id, AutomaticAlert.student_id, AutomaticAlert.student_group_id).where(
            AutomaticAlert.user_id == user_id
        )
    ).all()
    students = {row.student_id for row in rows if row.student_id}
    seen = _visible(db, viewer, students)
    return AlertState(
        frozenset(row.category_id for row in rows if row.category_id),
        seen,
        frozenset(row.student_group_id for row in rows if row.student_group_id),
        len(students - seen),
    )


def change_automatic_alerts(
    db: SchoolSession, viewer: Viewer, user_id: uuid.UUID, wanted: AlertState, seen: str
) -> None:
    """Sets what a user is alerted to automatically, but for the students whom the viewer may not see.

    seen: the mark of the state that the page showed. Raises ChangedMeanwhile, Refused, NothingThere.
    """
    begin_change(db, viewer)
    _refuse_nobody(db, user_id)
    stored = alert_state(db, viewer, user_id)
    refuse_if_changed("these alerts", seen, *alerts_shown(stored))
    details: dict[str, Any] = {}
    for name, column, before, after in (
        ("categories", AutomaticAlert.category_id, stored.categories, wanted.categories),
        ("students", AutomaticAlert.student_id, stored.students, wanted.students),
        ("student_groups", AutomaticAlert.student_group_id, stored.groups, wanted.groups),
    ):
        _refuse_unknown(db, viewer, name, after - before)
        _change(db, user_id, column, before, after)
        if before != after:
            details[name] = {"added": _texts(after - before), "removed": _texts(before - after)}
    if details:
        students = wanted.students ^ stored.students
        audit.record(db, viewer, "user.alerts-changed", [user_id, *sorted(students)], **details)


def alerts_shown(state: AlertState) -> tuple[Any, ...]:
    """What the page shows, for its mark."""
    return state.categories, state.students, state.groups, state.hidden


@dataclass(frozen=True, slots=True)
class OpenAlerts:
    """What stands on a user's dashboard for them to read: the core's alerts, and those of modules."""

    own: Sequence[uuid.UUID]
    of_modules: Sequence[uuid.UUID]

    @property
    def ids(self) -> Ids:
        return frozenset(self.own) | frozenset(self.of_modules)


def dashboard_alerts(db: SchoolSession, viewer: Viewer, user_id: uuid.UUID) -> OpenAlerts:
    """The open alerts of a user (USR-08): one query, and what the modules ask. What a module does not answer
    is no part of it, and stays where it is."""
    answers = db.app.hooks.collect_by_module("dashboard_alerts", db, viewer, user_id=user_id)
    return OpenAlerts(open_alerts(db, user_id), sorted({alert.id for alert in answers}))


def remove_dashboard_alerts(db: SchoolSession, viewer: Viewer, user_id: uuid.UUID, seen: str) -> int:
    """Takes every open alert off a user's dashboard (USR-08), those of modules too: nobody has read them.
    Answers how many.

    seen: the mark of the alerts that were open when the page asked (`mark_of(set(ids))`): one that came in
    between is nobody's to remove unseen. Raises ChangedMeanwhile, Refused, NothingThere.
    """
    begin_change(db, viewer)
    _refuse_nobody(db, user_id)
    alerts = dashboard_alerts(db, viewer, user_id)
    refuse_if_changed("these alerts", seen, alerts.ids)
    if not alerts.ids:
        raise Refused("There are no alerts on this dashboard.")
    incidents = close_alerts(db, viewer, alerts.own)
    audit.record(db, viewer, "user.alerts-removed", [user_id, *incidents], count=len(alerts.ids))
    if alerts.of_modules:
        db.app.hooks.effect(
            "dashboard_alerts_removed",
            db,
            viewer,
            keep_for_retry(db, viewer),
            change_id=new_id(),
            user_id=user_id,
            alert_ids=alerts.of_modules,
        )
    return len(alerts.ids)


def _refuse_nobody(db: SchoolSession, user_id: uuid.UUID) -> None:
    if db.get(User, (db.school_id, user_id)) is None:
        raise NothingThere


def _visible(db: SchoolSession, viewer: Viewer, students: Collection[uuid.UUID]) -> Ids:
    if not students:
        return frozenset()
    query = select(Student.id).where(Student.id.in_(students), policy.visible_students(viewer))
    return frozenset(db.scalars(query))


def _refuse_unknown(db: SchoolSession, viewer: Viewer, what: str, added: Ids) -> None:
    """Refuses what the school does not have, and students whom the viewer may not see."""
    if not added:
        return
    if what == "students":
        known = len(_visible(db, viewer, added))
    else:
        table: Any = Category if what == "categories" else StudentGroup
        known = db.scalar(select(func.count()).select_from(table).where(table.id.in_(added))) or 0
    if known != len(added):
        raise Refused("The form names something that the school does not have. Open the page again.")


def _change(db: SchoolSession, user_id: uuid.UUID, column: Any, before: Ids, after: Ids) -> None:
    if before - after:
        db.execute(
            delete(AutomaticAlert)
            .where(AutomaticAlert.user_id == user_id, column.in_(before - after))
            .execution_options(synchronize_session=False)
        )
    if after - before:
        blank = {"category_id": None, "student_id": None, "student_group_id": None}
        db.execute(
            insert(AutomaticAlert),
            [
                {
                    "school_id": db.school_id,
                    "id": new_id(),
                    "user_id": user_id,
                    **blank,
                    column.key: one,
                }
                for one in sorted(after - before)
            ],
        )


def _texts(ids: Ids) -> list[str]:
    return sorted(map(str, ids))
