"""Sessions: a row for each log-in. Who a cookie stands for is read by `identity`."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid

from sqlalchemy import ColumnElement, update

from cpoms_core.access.models import LoginSession, PortalSession, User
from cpoms_core.access.viewer import Access
from cpoms_core.tenancy.scope import SchoolSession

LONGEST = dt.timedelta(hours=12)
TOUCH_EVERY = dt.timedelta(minutes=1)
"""How often requests write that a session is in use, at the most."""


def hashed(token: str) -> bytes:
    """What is stored of a secret token, so that the database's reader cannot use it."""
    return hashlib.sha256(token.encode()).digest()


def begin(
    db: SchoolSession,
    user: User,
    access: Access,
    *,
    ip: str,
    browser: str,
    now: dt.datetime,
    key_id: uuid.UUID | None = None,
    provider_vouched: bool = False,
    portal_hash: bytes | None = None,
    names_hidden: bool = False,
) -> str:
    """Starts a session for a user of the session's school; returns the cookie's token.

    key_id: the key that elevates it. provider_vouched: an OpenID provider did, whom the school lets count
    (ACC-14). portal_hash: the SSO log-in that it belongs to.
    names_hidden: as they were in the session that it takes the place of (DSH-08).
    """
    if access == "elevated" and key_id is None and not provider_vouched:
        raise ValueError("a session is elevated by a key, or by a provider that vouched for one")
    token = secrets.token_urlsafe(32)
    db.add(
        LoginSession(
            token_hash=hashed(token),
            account_id=user.account_id,
            school_id=user.school_id,
            user_id=user.id,
            access=access,
            key_id=key_id,
            provider_vouched=provider_vouched,
            portal_hash=portal_hash,
            names_hidden=names_hidden,
            csrf_token=secrets.token_urlsafe(24),
            created_at=now,
            touched_at=now,
            proved_at=now,
            ip=ip[:64],
            browser=browser[:300],
        )
    )
    db.flush()
    return token


def end(db: SchoolSession, token_hash: bytes, now: dt.datetime) -> None:
    """Ends one session."""
    _update(db, LoginSession.token_hash == token_hash, ended_at=now)


def end_all(db: SchoolSession, account_id: uuid.UUID, now: dt.datetime) -> None:
    """Ends every session of an account, at every school: its password or keys changed, or it was disabled."""
    _update(db, (LoginSession.account_id == account_id) & LoginSession.ended_at.is_(None), ended_at=now)
    _update_portal(
        db, (PortalSession.account_id == account_id) & PortalSession.ended_at.is_(None), ended_at=now
    )


def end_portal(db: SchoolSession, portal_hash: bytes, now: dt.datetime) -> None:
    """Ends an SSO log-in, and with it the sessions that it has at schools (`policy.portal_goes_on`)."""
    _update(db, (LoginSession.portal_hash == portal_hash) & LoginSession.ended_at.is_(None), ended_at=now)
    _update_portal(db, PortalSession.token_hash == portal_hash, ended_at=now)


def end_of_user(db: SchoolSession, user_id: uuid.UUID, now: dt.datetime) -> None:
    """Ends the sessions of a user of the session's school; those of an SSO account at other schools go on."""
    here = (LoginSession.school_id == db.school_id) & (LoginSession.user_id == user_id)
    _update(db, here & LoginSession.ended_at.is_(None), ended_at=now)


def lock(db: SchoolSession, token_hash: bytes, now: dt.datetime) -> None:
    """Locks a session: it goes on only with the password (ACC-12)."""
    _update(db, LoginSession.token_hash == token_hash, locked_at=now)


def unlock(db: SchoolSession, token_hash: bytes, now: dt.datetime) -> None:
    """Lets a locked session go on."""
    _update(db, LoginSession.token_hash == token_hash, locked_at=None, touched_at=now, proved_at=now)


def hide_names(db: SchoolSession, token_hash: bytes, hidden: bool) -> None:
    """Hides students' names in a session, or shows them again (DSH-08)."""
    _update(db, LoginSession.token_hash == token_hash, names_hidden=hidden)


def is_stale(touched_at: dt.datetime, idle: dt.timedelta, now: dt.datetime) -> bool:
    """Whether a request must write that its session is in use. Where little idle time is allowed that is
    sooner than a minute after the last time: what is not written does not count as activity."""
    return touched_at < now - min(TOUCH_EVERY, idle / 4)


def touch(db: SchoolSession, token_hash: bytes, at: dt.datetime) -> None:
    """Notes that a session was in use; what is known of a later time stays."""
    _update(db, (LoginSession.token_hash == token_hash) & (LoginSession.touched_at < at), touched_at=at)


def touch_portal(db: SchoolSession, portal_hash: bytes, at: dt.datetime) -> None:
    """Notes that an SSO log-in was in use, be it at one of its schools: who works at one need not log in to
    go on to another (ACC-03). What is known of a later time stays."""
    earlier = PortalSession.touched_at < at
    _update_portal(db, (PortalSession.token_hash == portal_hash) & earlier, touched_at=at)


def make_portal_idle(db: SchoolSession, portal_hash: bytes, since: dt.datetime) -> None:
    """Notes an SSO log-in as unused for so long that the password is asked for."""
    _update_portal(db, PortalSession.token_hash == portal_hash, touched_at=since)


def _update(db: SchoolSession, condition: ColumnElement[bool], **values: object) -> None:
    db.execute(update(LoginSession).where(condition).values(**values))


def _update_portal(db: SchoolSession, condition: ColumnElement[bool], **values: object) -> None:
    db.execute(update(PortalSession).where(condition).values(**values))
