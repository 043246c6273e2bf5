"""Forgetting what ran out: links, questions to keys, log-ins that waited or went on. Who logged in when is in
the audit, so nothing is lost with these rows, and nobody who reads the database finds more than is needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import aliased

from cpoms_core.access.models import (
    ApprovingDevice,
    EmailChange,
    FailureCount,
    HandOff,
    KeyChallenge,
    LoginApproval,
    LoginSession,
    PortalSession,
    ResetLink,
    SoftKey,
)
from cpoms_core.application import Application

KEPT = dt.timedelta(days=30)
BATCH = 500  # rows of one transaction


def forget_what_ran_out(app: Application, now: dt.datetime) -> int:
    """Deletes at most one batch of each kind of what ran out KEPT ago; returns how many rows it was, 0 when
    there is no more. now: UTC."""
    forgotten = 0
    for table, ran_out in _kinds(now - KEPT):
        key = table.__mapper__.primary_key[0]
        with app.transaction(None) as db:
            old = select(key).where(ran_out).limit(BATCH)
            gone = db.execute(delete(table).where(key.in_(old)).execution_options(synchronize_session=False))
        forgotten += gone.rowcount  # type: ignore[attr-defined]
    return forgotten


def _kinds(before: dt.datetime) -> Iterator[tuple[Any, ColumnElement[bool]]]:
    """Each table with the rows that nothing can use any more."""
    for short_lived in (HandOff, KeyChallenge, LoginApproval, ResetLink, EmailChange):
        yield short_lived, short_lived.expires_at < before  # type: ignore[misc]
    yield PortalSession, PortalSession.created_at < before  # none goes on longer than half a day
    newer = aliased(LoginSession)
    later = select(newer.id).where(
        newer.school_id == LoginSession.school_id,
        newer.user_id == LoginSession.user_id,
        newer.created_at > LoginSession.created_at,
    )
    # the last one says when somebody last logged in (USR-01)
    yield LoginSession, (LoginSession.created_at < before) & later.exists()
    yield FailureCount, FailureCount.last_at < before
    proved = select(SoftKey.id).where(SoftKey.id == ApprovingDevice.id).exists()
    yield ApprovingDevice, (ApprovingDevice.created_at < before) & ~proved
