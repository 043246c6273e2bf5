"""How an SSO log-in becomes a session at one school (ACC-03): a code of 30 seconds, used up by a conditional
update, for one school, and of use only to the browser that asked for it.

The school gives the browser a secret (`state`) in a cookie and sends only its hash on; the code is bound to
that hash. So a code that somebody else got hold of opens nothing without the cookie.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
import secrets
from typing import Any

from sqlalchemy import select, update

from cpoms_core.access import policy, security_log, sessions
from cpoms_core.access.identity import read_school
from cpoms_core.access.login import Visitor
from cpoms_core.access.models import Account, HandOff, LoginSession, Membership, PortalSession, User
from cpoms_core.application import Application
from cpoms_core.errors import NothingThere
from cpoms_core.portal.identity import OwnSchool, Portal
from cpoms_core.tenancy.scope import SchoolSession

GOOD_FOR = dt.timedelta(seconds=30)
STATE = re.compile(r"[A-Za-z0-9_-]{43}")
STATE_HASH = re.compile(r"[0-9a-f]{64}")


class PasswordNeeded(Exception):
    """The school lets its users be idle for less time than has gone by, or its session was locked."""


def new_state() -> str:
    return secrets.token_urlsafe(32)


def issue(app: Application, portal: Portal, school: OwnSchool, state_hash: str, now: dt.datetime) -> str:
    """A code for one of the account's schools. `state_hash`: what the school sent the browser with, in hex.
    Raises NothingThere where the user is not active there, and PasswordNeeded."""
    with app.session(school.id, writes=False) as db:
        active = select(User.id).where(
            User.id == school.user_id,
            User.account_id == portal.account_id,
            User.deactivated_at.is_(None),
        )
        if db.scalar(active) is None:
            raise NothingThere
        idle = dt.timedelta(minutes=read_school(db).setting("idle_minutes"))
        if portal.touched_at < now - idle or _locked_there(db, portal):
            raise PasswordNeeded
    code = secrets.token_urlsafe(32)
    with app.transaction(None) as db:
        db.add(
            HandOff(
                token_hash=sessions.hashed(code),
                portal_hash=portal.token_hash,
                account_id=portal.account_id,
                school_id=school.id,
                state_hash=bytes.fromhex(state_hash),
                expires_at=now + GOOD_FOR,
            )
        )
    return code


def _locked_there(db: SchoolSession, portal: Portal) -> bool:
    """Whether the school's session of this log-in was locked: another one must be no way around that."""
    locked = select(LoginSession.id).where(
        LoginSession.portal_hash == portal.token_hash,
        LoginSession.school_id == db.school_id,
        LoginSession.locked_at.is_not(None),
        LoginSession.ended_at.is_(None),
    )
    return db.scalar(locked.limit(1)) is not None


def use(db: SchoolSession, code: str, state: str, who: Visitor, now: dt.datetime) -> str | None:
    """Uses a code up at the session's school and begins a session there; returns the cookie's token. None for
    a code that is used, too old, of another school or another browser's, or whose log-in or user is no more.

    A code that came with a wrong state is used up, too: it is in the wrong hands.
    """
    taken = db.execute(
        update(HandOff)
        .where(
            HandOff.token_hash == sessions.hashed(code),
            HandOff.school_id == db.school_id,
            HandOff.used_at.is_(None),
            HandOff.expires_at > now,
        )
        .values(used_at=now)
        .returning(HandOff.portal_hash, HandOff.account_id, HandOff.state_hash)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None or not hmac.compare_digest(taken.state_hash, sessions.hashed(state)):
        return None
    row = db.execute(
        select(User, PortalSession, policy.key_counts(PortalSession.key_id, PortalSession.account_id))
        .join(PortalSession, PortalSession.account_id == User.account_id)
        .join(Account, Account.id == User.account_id)
        .join(Membership, Membership.account_id == User.account_id)
        .where(
            PortalSession.token_hash == taken.portal_hash,
            PortalSession.account_id == taken.account_id,
            PortalSession.ended_at.is_(None),
            PortalSession.created_at > now - sessions.LONGEST,
            Account.disabled_at.is_(None),
            Membership.school_id == db.school_id,
            Membership.ended_at.is_(None),
            User.deactivated_at.is_(None),
        )
    ).first()
    return None if row is None else _begin(db, *row, who, now)


def _begin(
    db: SchoolSession, user: User, portal: PortalSession, key_counts: bool, who: Visitor, now: dt.datetime
) -> str:
    """A session with the access and the key of the SSO log-in, in place of those that it had here."""
    elevated = portal.access == "elevated" and key_counts
    access, key_id = ("elevated", portal.key_id) if elevated else ("restricted", None)
    before = db.execute(
        update(LoginSession)
        .where(
            LoginSession.portal_hash == portal.token_hash,
            LoginSession.school_id == db.school_id,
            LoginSession.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(LoginSession.names_hidden)
        .execution_options(synchronize_session=False)
    ).all()
    token = sessions.begin(
        db,
        user,
        access,  # type: ignore[arg-type]
        ip=who.ip,
        browser=who.browser,
        now=now,
        key_id=key_id,
        portal_hash=portal.token_hash,
        names_hidden=any(row.names_hidden for row in before),
    )
    details: dict[str, Any] = {"browser": who.browser[:300]} | ({"key": str(key_id)} if key_id else {})
    users = {user.school_id: user.id}
    security_log.write(db, None, users, "login.sso", now, access=access, ip=who.ip, **details)
    return token
