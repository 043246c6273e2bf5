"""SSO log-ins: begun with the password, raised by a key, ended; the schools' sessions follow (ACC-03)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from typing import Any

from sqlalchemy import update

from cpoms_core.access import security_log, sessions
from cpoms_core.access.login import Visitor
from cpoms_core.access.models import LoginSession, PortalSession
from cpoms_core.access.security_log import Users
from cpoms_core.access.viewer import Access
from cpoms_core.portal.identity import IDLE, Portal
from cpoms_core.tenancy.scope import SchoolSession

PLACE = "accounts"
"""What the schools' audits say of where it was."""


def begin(
    db: SchoolSession,
    account_id: uuid.UUID,
    users: Users,
    access: Access,
    who: Visitor,
    now: dt.datetime,
    *,
    key_id: uuid.UUID | None = None,
    before: Portal | None = None,
) -> str:
    """Begins an SSO log-in in a session of one of the account's schools, and writes it down at all of them;
    returns the cookie's token. `before`: the log-in that this browser had; if it was the same account's, the
    schools' sessions go on with the new one. key_id: the key that was used."""
    if access == "elevated" and key_id is None:
        raise ValueError("an SSO log-in is elevated by a key")
    token = secrets.token_urlsafe(32)
    portal_hash = sessions.hashed(token)
    if before is not None and before.account_id == account_id:
        db.execute(
            update(LoginSession)
            .where(LoginSession.portal_hash == before.token_hash, LoginSession.ended_at.is_(None))
            .values(portal_hash=portal_hash)
            .execution_options(synchronize_session=False)
        )
    if before is not None:
        sessions.end_portal(db, before.token_hash, now)
    db.add(
        PortalSession(
            token_hash=portal_hash,
            account_id=account_id,
            access=access,
            key_id=key_id,
            csrf_token=secrets.token_urlsafe(24),
            created_at=now,
            touched_at=now,
            proved_at=now,
            ip=who.ip[:64],
            browser=who.browser[:300],
        )
    )
    details: dict[str, Any] = {"browser": who.browser[:300], "at": PLACE}
    details |= {"key": str(key_id)} if key_id else {}
    security_log.write(db, account_id, users, f"login.{access}", now, access=access, ip=who.ip, **details)
    db.flush()
    return token


def end(db: SchoolSession, portal: Portal, who: Visitor, now: dt.datetime) -> None:
    """Logs out: here and at every school."""
    sessions.end_portal(db, portal.token_hash, now)
    security_log.write(db, portal.account_id, portal.users, "logout", now, ip=who.ip, at=PLACE)


def end_one(db: SchoolSession, portal: Portal, login_id: uuid.UUID, who: Visitor, now: dt.datetime) -> bool:
    """Ends one of the account's log-ins, named by its id; False where it is none of this account's."""
    row = db.execute(
        update(PortalSession)
        .where(
            PortalSession.id == login_id,
            PortalSession.account_id == portal.account_id,
            PortalSession.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(PortalSession.token_hash)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        return False
    sessions.end_portal(db, row.token_hash, now)
    security_log.write(db, portal.account_id, portal.users, "session.ended", now, ip=who.ip, at=PLACE)
    return True


def end_everywhere(db: SchoolSession, portal: Portal, who: Visitor, now: dt.datetime) -> None:
    """Ends every log-in of the account, this one too."""
    sessions.end_all(db, portal.account_id, now)
    security_log.write(
        db, portal.account_id, portal.users, "session.ended-everywhere", now, ip=who.ip, at=PLACE
    )


def lock(db: SchoolSession, portal: Portal, now: dt.datetime) -> None:
    """From now on the password is needed: the screen was covered, or a school allows less idle time."""
    sessions.make_portal_idle(db, portal.token_hash, now - IDLE)


def unlock(db: SchoolSession, portal: Portal, now: dt.datetime) -> None:
    """The password was given: the log-in goes on, and so do the schools' sessions that were locked."""
    db.execute(
        update(PortalSession)
        .where(PortalSession.token_hash == portal.token_hash)
        .values(touched_at=now, proved_at=now)
        .execution_options(synchronize_session=False)
    )
    db.execute(
        update(LoginSession)
        .where(LoginSession.portal_hash == portal.token_hash, LoginSession.locked_at.is_not(None))
        .values(locked_at=None, touched_at=now)
        .execution_options(synchronize_session=False)
    )
