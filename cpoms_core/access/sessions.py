"""Sessions: a row for each log-in, a cookie that names it, and the Viewer it stands for."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import and_, exists, select, update

from cpoms_core.access.models import Account, GroupPermission, LoginSession, SoftKey, User
from cpoms_core.access.viewer import Access, SchoolFacts, Viewer, utc_now
from cpoms_core.tenancy.models import ModuleSwitch, School
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.settings import read_settings

LONGEST = dt.timedelta(hours=12)
TOUCH_EVERY = dt.timedelta(minutes=1)


def hashed(token: str) -> bytes:
    """What is stored of a secret token, so that the database's reader cannot use it."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True, slots=True)
class Login:
    """A session that was found by its cookie: still good, or locked until the password is given again."""

    token_hash: bytes
    csrf_token: str
    account_id: uuid.UUID
    touched_at: dt.datetime
    locked: bool


def begin(db: SchoolSession, user: User, access: Access, *, ip: str, browser: str, now: dt.datetime) -> str:
    """Starts a session for a user of the session's school; returns the cookie's token."""
    token = secrets.token_urlsafe(32)
    db.add(
        LoginSession(
            token_hash=hashed(token),
            account_id=user.account_id,
            school_id=user.school_id,
            user_id=user.id,
            access=access,
            csrf_token=secrets.token_urlsafe(24),
            created_at=now,
            touched_at=now,
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
    """Ends every session of an account: its password or keys changed, or it was disabled."""
    _update(db, and_(LoginSession.account_id == account_id, LoginSession.ended_at.is_(None)), ended_at=now)


def lock(db: SchoolSession, token_hash: bytes, now: dt.datetime) -> None:
    """Locks a session: it goes on only with the password (ACC-12)."""
    _update(db, LoginSession.token_hash == token_hash, locked_at=now)


def unlock(db: SchoolSession, token_hash: bytes, now: dt.datetime) -> None:
    """Lets a locked session go on."""
    _update(db, LoginSession.token_hash == token_hash, locked_at=None, touched_at=now)


def touch(db: SchoolSession, token_hash: bytes, now: dt.datetime) -> None:
    """Notes that a session is in use."""
    _update(db, LoginSession.token_hash == token_hash, touched_at=now)


def _update(db: SchoolSession, condition: object, **values: object) -> None:
    db.execute(update(LoginSession).where(condition).values(**values))  # type: ignore[arg-type]


def read_school(db: SchoolSession) -> SchoolFacts:
    """The facts of the session's school."""
    school = db.scalars(select(School).where(School.id == db.school_id)).one()
    return SchoolFacts(
        school.id, school.slug, school.name, school.time_zone, school.accent, read_settings(db)
    )


def modules_on(db: SchoolSession) -> frozenset[str]:
    """The installed modules that the session's school has on; asked of the database each time, so that a
    switch is felt by the next request."""
    switched = db.scalars(select(ModuleSwitch.module).where(ModuleSwitch.enabled))
    return frozenset(name for name in switched if name in db.app.modules)


def find(
    db: SchoolSession, token: str, school: SchoolFacts, modules: frozenset[str], now: dt.datetime
) -> tuple[Login, Viewer] | None:
    """The session that a cookie's token names, at this school, of a user who is still active."""
    has_key = exists(
        select(SoftKey.id).where(SoftKey.account_id == User.account_id, SoftKey.removed_at.is_(None))
    )
    row = db.execute(
        select(LoginSession, User, has_key)
        .join(User, and_(User.id == LoginSession.user_id, User.account_id == LoginSession.account_id))
        .join(Account, Account.id == LoginSession.account_id)
        .where(
            LoginSession.token_hash == hashed(token),
            LoginSession.school_id == school.id,
            LoginSession.ended_at.is_(None),
            LoginSession.created_at > now - LONGEST,
            User.deactivated_at.is_(None),
            Account.disabled_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    session, user, keyed = row
    idle = dt.timedelta(minutes=school.setting("idle_minutes"))
    login = Login(
        session.token_hash,
        session.csrf_token,
        session.account_id,
        session.touched_at,
        locked=session.locked_at is not None or session.touched_at < now - idle,
    )
    # a session outlives neither the key it was elevated with nor the user's place in the group
    access: Access = "elevated" if session.access == "elevated" and keyed else "restricted"
    return login, viewer_of(db, user, access, school=school, modules=modules, has_key=keyed, ip=session.ip)


def viewer_of(
    db: SchoolSession,
    user: User,
    access: Access,
    *,
    school: SchoolFacts,
    modules: frozenset[str],
    has_key: bool,
    ip: str = "",
) -> Viewer:
    """The Viewer that a user is, with the permissions that count at this level of access (USR-12.1, 2)."""
    held = frozenset(
        db.scalars(select(GroupPermission.permission).where(GroupPermission.group_id == user.group_id))
    )
    declared = db.app.permissions
    counting = frozenset(
        name
        for name in held
        if name in declared
        and (declared[name][0] == "core" or declared[name][0] in modules)
        and (access == "elevated" or declared[name][1].when_restricted)
    )
    return Viewer(
        school=school,
        user_id=user.id,
        user_name=user.name,
        group_id=user.group_id,
        access=access,
        permissions=counting,
        modules=modules,
        sees_ungrouped=user.sees_ungrouped,
        has_key=has_key,
        ip=ip,
    )


def system_viewer(db: SchoolSession) -> Viewer:
    """The system's own work at a school (the worker, an operator's command): nobody's rights, so that what
    it shows must be asked for on behalf of a user."""
    return Viewer(
        school=read_school(db),
        user_id=None,
        user_name="",
        group_id=None,
        access="restricted",
        permissions=frozenset(),
        modules=modules_on(db),
        channel="worker",
        clock=utc_now,
    )
