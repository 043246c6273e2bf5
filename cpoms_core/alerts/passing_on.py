"""Passing on alerts that nobody read in time (INC-16). The school names an alert group and a number of hours;
the worker looks every minute. Each alert is passed on once, and one that came by passing on is not passed on
again."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, Select, or_, select, update

from cpoms_core.access import policy
from cpoms_core.access.identity import system_viewer
from cpoms_core.access.models import AlertGroupMember, User
from cpoms_core.alerts.models import Alert
from cpoms_core.application import Application
from cpoms_core.audit import services as audit
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import IncidentCategory
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.models import Setting
from cpoms_core.tenancy.scope import SchoolSession

BATCH = 200
"""Alerts that are passed on in one transaction; more follow at once."""
SINCE = "pass_on_since"
"""The row of settings that says when the school named its group: no setting of its own, and on no page."""
NAMES = ("pass_on_group", "pass_on_hours", SINCE)

Target = tuple[uuid.UUID | None, uuid.UUID | None, uuid.UUID | None]
"""What an alert is to: the ids of its incident, action and file."""


@dataclass(frozen=True, slots=True)
class Rule:
    """To whom a school passes unread alerts on, and after how long. `since`: when it named the group, UTC.
    What had waited too long at that moment stays where it is: the group would get all of it at once."""

    members: Sequence[uuid.UUID]
    after: dt.timedelta
    since: dt.datetime

    def due(self, now: dt.datetime) -> Select[uuid.UUID]:
        """The alerts that are to be passed on at this moment, oldest first."""
        return (
            select(Alert.id)
            .where(
                policy.unread_alerts(),
                Alert.passed_on_at.is_(None),
                Alert.passed_on_from.is_(None),
                Alert.created_at <= now - self.after,
                Alert.created_at > self.since - self.after,
            )
            .order_by(Alert.created_at, Alert.id)
            .limit(BATCH)
        )


def pass_on(app: Application, school_id: int, now: dt.datetime) -> int:
    """Passes on what is due at a school, at most a batch; returns how many alerts. Whether anything is due is
    asked first, so that nothing is locked where nothing is."""
    with app.session(school_id, writes=False) as db:
        rule = _rule(db)
        if rule is None or db.execute(rule.due(now).limit(1)).first() is None:
            return 0
    with app.transaction(school_id) as db:
        rule = _rule(db, alone=True)
        return _pass_on(db, rule, now) if rule is not None else 0


def named_since(db: SchoolSession, before: str, group: str, now: dt.datetime) -> None:
    """Notes when the school named a group, where it had none before: the rule counts from then on."""
    if group and not before:
        db.merge(Setting(school_id=db.school_id, name=SINCE, value=now.isoformat()))


def _rule(db: SchoolSession, *, alone: bool = False) -> Rule | None:
    """The school's rule; None where no group is named, or nobody of it could be told. `alone`: other workers
    wait at the settings' rows until this transaction ends, and find then what this one has passed on."""
    rows = select(Setting).where(Setting.name.in_(NAMES))
    stored = {row.name: row.value for row in db.scalars(rows.with_for_update() if alone else rows)}
    group = stored.get("pass_on_group")
    if not group:
        return None
    members = db.scalars(
        select(User.id)
        .join(AlertGroupMember, AlertGroupMember.user_id == User.id)
        .where(AlertGroupMember.group_id == uuid.UUID(group), User.deactivated_at.is_(None))
        .order_by(User.surname, User.forename, User.id)
    ).all()
    if not members:
        return None
    hours = stored.get("pass_on_hours", db.app.settings["pass_on_hours"].default)
    since = stored.get(SINCE) or dt.datetime.fromtimestamp(0, dt.UTC).isoformat()
    return Rule(members, dt.timedelta(hours=hours), dt.datetime.fromisoformat(since))


def _pass_on(db: SchoolSession, rule: Rule, now: dt.datetime) -> int:
    """An alert counts as passed on also where nobody had to be told, because all of the group wait for the
    same already: it is not looked at again."""
    due = db.scalars(rule.due(now)).all()
    still_unread = update(Alert).where(Alert.id.in_(due), Alert.read_at.is_(None))
    # as they are by now: a merge that was waited for has moved them
    passed = db.execute(
        still_unread.values(passed_on_at=now)
        .returning(Alert.id, Alert.sender_id, Alert.incident_id, Alert.action_id, Alert.document_id)
        .execution_options(synchronize_session=False)
    )
    first: dict[Target, Row[Any]] = {}  # several may be to the same: it goes on once
    oldest_first: list[Any] = sorted(passed, key=lambda row: due.index(row.id))
    for row in oldest_first:
        first.setdefault(_target(row), row)
    if not first:
        return 0
    told = _told(db, rule, first)
    rows = [
        {
            "school_id": db.school_id,
            "id": new_id(),
            "recipient_id": member,
            "sender_id": alert.sender_id,
            "incident_id": alert.incident_id,
            "action_id": alert.action_id,
            "document_id": alert.document_id,
            "created_at": now,
            "passed_on_from": alert.id,
        }
        for target, alert in first.items()
        for member in told[target]
    ]
    insert_rows(db, Alert, rows)
    _mail(db, rows, now)
    _note(db, told, now)
    return len(due)


def _target(row: Any) -> Target:
    return row.incident_id, row.action_id, row.document_id


def _told(db: SchoolSession, rule: Rule, first: Mapping[Target, Row[Any]]) -> dict[Target, list[uuid.UUID]]:
    """Whom each is passed on to: of the group, those who have no open alert to the same."""
    waiting: set[tuple[uuid.UUID, Target]] = {
        (row.recipient_id, _target(row))
        for row in db.execute(
            select(Alert.recipient_id, Alert.incident_id, Alert.action_id, Alert.document_id).where(
                Alert.recipient_id.in_(rule.members),
                Alert.read_at.is_(None),
                or_(
                    Alert.incident_id.in_([incident for incident, _, _ in first if incident]),
                    Alert.document_id.in_([document for _, _, document in first if document]),
                ),
            )
        )
    }
    return {
        target: [member for member in rule.members if (member, target) not in waiting] for target in first
    }


def _mail(db: SchoolSession, rows: Sequence[Mapping[str, Any]], now: dt.datetime) -> None:
    """A mail for each, by the outbox: who alerted first, and the categories, nothing else (INC-09)."""
    incidents = {row["incident_id"] for row in rows if row["incident_id"]}
    categories: defaultdict[uuid.UUID | None, list[str]] = defaultdict(list)
    if incidents:
        of_them = select(IncidentCategory.incident_id, IncidentCategory.category_id).where(
            IncidentCategory.incident_id.in_(incidents)
        )
        for incident_id, category_id in db.execute(of_them):
            categories[incident_id].append(str(category_id))
    for row in rows:
        queue_mail(
            db,
            f"{_kind(row)}-passed-on",
            to_user=row["recipient_id"],
            now=now,
            sender=str(row["sender_id"] or ""),
            categories=",".join(categories[row["incident_id"]]),
            **{name: str(row[f"{name}_id"]) for name in ("incident", "action") if row[f"{name}_id"]},
        )


def _kind(row: Mapping[str, Any]) -> str:
    if row["document_id"]:
        return "file"
    return "action" if row["action_id"] else "incident"


def _note(db: SchoolSession, told: Mapping[Target, Sequence[uuid.UUID]], now: dt.datetime) -> None:
    """What the audit says: of an incident, of its action, or of a file and what that is about."""
    viewer = replace(system_viewer(db), clock=lambda: now)
    files = [document for _, _, document in told if document]
    about: dict[uuid.UUID | None, list[uuid.UUID]] = {}
    if files:
        about = {
            row.id: [one for one in (row.incident_id, row.student_id) if one]
            for row in db.execute(
                select(Document.id, Document.incident_id, Document.student_id).where(Document.id.in_(files))
            )
        }
    audit.write_entries(
        db,
        [
            audit.entry(
                viewer,
                "document.alert-passed-on" if document else "alert.passed-on",
                dict.fromkeys([*filter(None, (incident, action, document)), *about.get(document, [])]),
                alerted=len(people),
            )
            for (incident, action, document), people in told.items()
        ],
    )
