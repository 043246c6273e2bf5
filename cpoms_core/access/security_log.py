"""The security log: log-ins, tries and changes of an account, written into the audit of each school that the
account serves. An SSO account may serve several, and a transaction belongs to one: the entry is written there
with what it is about, together with a task by which the worker writes the same at the others."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from cpoms_core.access.models import Membership
from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.audit.services import raw_entry, write_entries
from cpoms_core.hooks.types import DeliverySpec, Work
from cpoms_core.outbox.services import queue
from cpoms_core.tenancy.scope import SchoolSession

Users = Mapping[int, uuid.UUID]
"""The users that an account is, by school: one, or an SSO account's at each of its schools."""


def write(
    db: SchoolSession,
    account_id: uuid.UUID | None,
    users: Users,
    event: str,
    now: dt.datetime,
    *,
    access: str = "",
    ip: str = "",
    about: Sequence[uuid.UUID] = (),
    **details: Any,
) -> None:
    """Writes an entry at the session's school, in its transaction, and has the same written at the account's
    other schools. `users` may be empty where nobody is known. about: what it is about, beside the user."""
    assert db.school_id is not None
    user_id = users.get(db.school_id)
    subjects = [*([user_id] if user_id else []), *about]
    row = raw_entry(db.school_id, user_id, event, subjects, details, at=now, access=access, ip=ip)
    write_entries(db, [row])
    if account_id is not None and any(school_id != db.school_id for school_id in users):
        facts = {
            "account": str(account_id),
            "event": event,
            "access": access,
            "ip": ip,
            "about": [str(one) for one in about],
            "details": details,
        }
        # the entry's id, so that a task that is run again finds what it wrote
        queue(db, TELL_OTHERS, facts, now=now, item_id=row["id"])


TELL_OTHERS = "security-log"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An entry that is owed to an account's other schools."""

    users: dict[int, uuid.UUID]
    work: Work


def users_of(db: SchoolSession, account_id: uuid.UUID, at: dt.datetime | None = None) -> dict[int, uuid.UUID]:
    """The users that an SSO account is by its memberships that go on (or did at a moment), by school."""
    goes_on = Membership.ended_at.is_(None)
    rows = db.execute(
        select(Membership.school_id, Membership.user_id)
        .where(
            Membership.account_id == account_id,
            goes_on if at is None else or_(goes_on, Membership.ended_at > at),
        )
        .order_by(Membership.school_id)
    )
    return {row.school_id: row.user_id for row in rows}


def _prepare(db: SchoolSession, _viewer: Viewer, work: Work) -> Elsewhere:
    users = users_of(db, uuid.UUID(work.payload["account"]), work.created_at)
    users.pop(db.school_id or 0, None)
    return Elsewhere(users, work)


def _deliver(app: Application, owed: Elsewhere) -> None:
    for school_id, user_id in owed.users.items():
        with app.transaction(school_id) as db:
            if db.get(AuditEntry, (school_id, owed.work.id)) is None:
                payload = owed.work.payload
                row = raw_entry(
                    school_id,
                    user_id,
                    payload["event"],
                    [user_id, *payload["about"]],
                    payload["details"],
                    at=owed.work.created_at,
                    access=payload["access"],
                    ip=payload["ip"],
                )
                write_entries(db, [{**row, "id": owed.work.id}])


TASK = DeliverySpec(TELL_OTHERS, _prepare, _deliver)
