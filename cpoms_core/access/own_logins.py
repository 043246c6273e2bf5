"""The log-ins of an account that go on, for their owner to see and to end (ACC-12). Those of an SSO account
are in its portal."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import select, update

from cpoms_core.access import sessions
from cpoms_core.access.models import LoginSession
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit.services import record
from cpoms_core.errors import NothingThere
from cpoms_core.tenancy.scope import SchoolSession


def going_on(db: SchoolSession, account_id: uuid.UUID, now: dt.datetime) -> list[LoginSession]:
    """The account's log-ins that can still be gone on with, also after a pause, by the last use."""
    return list(
        db.scalars(
            select(LoginSession)
            .where(
                LoginSession.account_id == account_id,
                LoginSession.school_id == db.school_id,
                LoginSession.ended_at.is_(None),
                LoginSession.created_at > now - sessions.LONGEST,
            )
            .order_by(LoginSession.touched_at.desc())
        )
    )


def end_one(db: SchoolSession, viewer: Viewer, account_id: uuid.UUID, login_id: uuid.UUID) -> None:
    """Ends one of the account's log-ins. Raises NothingThere for what is none of them."""
    ended = db.execute(
        update(LoginSession)
        .where(
            LoginSession.id == login_id,
            LoginSession.account_id == account_id,
            LoginSession.school_id == db.school_id,
            LoginSession.ended_at.is_(None),
        )
        .values(ended_at=viewer.now())
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise NothingThere
    record(db, viewer, "session.ended", [viewer.acting_user])


def end_everywhere(db: SchoolSession, viewer: Viewer, account_id: uuid.UUID) -> None:
    """Ends every log-in of the account, this one too."""
    sessions.end_all(db, account_id, viewer.now())
    record(db, viewer, "session.ended-everywhere", [viewer.acting_user])
