"""Who would newly see what, and who would no longer, when incidents are merged or an action is split off: for
the preview, which says it before anything is done (EDT-04, EDT-05)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.alerts.models import Alert
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Becoming:
    """The categories and students that an incident will have. `whole_school`: it is about nobody in
    particular."""

    category_ids: Collection[uuid.UUID]
    student_ids: Collection[uuid.UUID]
    whole_school: bool


@dataclass(frozen=True, slots=True)
class Onlookers:
    """Names of staff: who would newly read each of the parts, and who would no longer read them. Whoever has
    an open alert keeps it, and reads what it is to."""

    newly_first: list[str]
    newly_second: list[str]
    no_longer: list[str]


def of_merge(db: SchoolSession, incident_id: uuid.UUID, into_id: uuid.UUID, becoming: Becoming) -> Onlookers:
    """Of two incidents that become one: both ways."""
    after = _would(becoming)
    rows = db.execute(
        _people(
            sees_first=policy.who_sees(incident_id),
            sees_second=policy.who_sees(into_id),
            after=after,
            alert_first=_alerted(Alert.incident_id == incident_id),
            alert_second=_alerted(Alert.incident_id == into_id),
        )
    ).all()
    newly_first, newly_second, no_longer = [], [], []
    for row in rows:
        first, second = row.sees_first or row.alert_first, row.sees_second or row.alert_second
        reads = row.after or row.alert_first or row.alert_second
        if reads and not first:
            newly_first.append(row.name)
        if reads and not second:
            newly_second.append(row.name)
        if (first or second) and not reads:
            no_longer.append(row.name)
    return Onlookers(newly_first, newly_second, no_longer)


def of_split(
    db: SchoolSession, incident_id: uuid.UUID, action_id: uuid.UUID, becoming: Becoming
) -> Onlookers:
    """Of an action that leaves its incident: `newly_first` would read the action's words in the new one."""
    rows = db.execute(
        _people(
            sees_first=policy.who_sees(incident_id),
            after=_would(becoming),
            alert_first=_alerted(Alert.incident_id == incident_id),
            alert_second=_alerted(Alert.action_id == action_id),
        )
    ).all()
    return _compared(rows)


def of_what_stays(
    db: SchoolSession, incident_id: uuid.UUID, gone: Collection[uuid.UUID], becoming: Becoming
) -> Onlookers:
    """Of an incident that these actions leave, with what had come with them."""
    of_it = Alert.incident_id == incident_id
    itself = and_(of_it, or_(Alert.action_id.is_(None), Alert.action_id.not_in(gone)))
    rows = db.execute(
        _people(
            sees_first=policy.who_sees(incident_id),
            after=_would(becoming),
            alert_first=_alerted(of_it),
            alert_second=_alerted(itself),
        )
    ).all()
    return _compared(rows)


def _compared(rows: Iterable[Any]) -> Onlookers:
    newly, no_longer = [], []
    for row in rows:
        before, after = row.sees_first or row.alert_first, row.after or row.alert_second
        if after and not before:
            newly.append(row.name)
        if before and not after:
            no_longer.append(row.name)
    return Onlookers(newly, [], no_longer)


def _would(becoming: Becoming) -> ColumnElement[bool]:
    return policy.who_would_see(
        becoming.category_ids, becoming.student_ids, whole_school=becoming.whole_school
    )


def _alerted(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Condition on User: has an open alert of this kind."""
    return (
        select(Alert.id)
        .where(condition, Alert.recipient_id == User.id, Alert.read_at.is_(None), policy.to_what_is_there())
        .correlate(User)
        .exists()
    )


def _people(**questions: ColumnElement[bool]) -> Any:
    """Every active user of whom one of the questions is true, with the answers to all."""
    labelled = [condition.label(name) for name, condition in questions.items()]
    return (
        select(staff_name().label("name"), *labelled)
        .where(User.deactivated_at.is_(None), or_(*questions.values()))
        .order_by(User.surname, User.forename, User.id)
    )
