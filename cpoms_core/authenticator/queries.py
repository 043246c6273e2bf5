"""What is read of the log-ins that wait for a phone."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from cpoms_core.access.models import LoginApproval
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

USED_WITHIN = dt.timedelta(minutes=2)
"""How long after Approve the log-in page may still go on."""
MOST_PENDING = 20

Answer = Literal["waiting", "approved", "denied", "expired", "used"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A log-in that waits for an answer, as the phone shows it. `place` is what is logged in to."""

    id: uuid.UUID
    place: str
    browser: str
    ip: str
    created_at: dt.datetime
    expires_at: dt.datetime


def pending_of(db: SchoolSession, account_id: uuid.UUID, now: dt.datetime) -> list[Pending]:
    """The account's log-ins that wait for an answer, newest first."""
    rows = db.execute(
        select(LoginApproval, School.name)
        .outerjoin(School, School.id == LoginApproval.school_id)
        .where(
            LoginApproval.account_id == account_id,
            LoginApproval.decision.is_(None),
            LoginApproval.expires_at > now,
        )
        .order_by(LoginApproval.created_at.desc())
        .limit(MOST_PENDING)
    )
    return [
        Pending(one.id, school or "", one.browser, one.ip, one.created_at, one.expires_at)
        for one, school in rows
    ]


def newest_of_session(db: SchoolSession, account_id: uuid.UUID, session_hash: bytes) -> LoginApproval | None:
    """The newest question that an account's session asked the phone."""
    return db.scalars(
        select(LoginApproval)
        .where(LoginApproval.account_id == account_id, LoginApproval.session_hash == session_hash)
        .order_by(LoginApproval.created_at.desc())
        .limit(1)
    ).first()


def answer_of(approval: LoginApproval, now: dt.datetime) -> Answer:
    """How a log-in stands that waited for a phone."""
    if approval.used_at is not None:
        return "used"
    if approval.decision == "denied":
        return "denied"
    if approval.decision == "approved":
        assert approval.decided_at is not None
        return "approved" if approval.decided_at > now - USED_WITHIN else "expired"
    return "waiting" if approval.expires_at > now else "expired"
