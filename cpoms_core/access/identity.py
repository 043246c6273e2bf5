"""Who asks: the school's facts, the session that a cookie names, and the Viewer that it stands for. It is
read with every request, so its statements are built once."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, bindparam, literal, or_, select, union_all

from cpoms_core.access import policy
from cpoms_core.access.models import Account, GroupPermission, LoginSession, User
from cpoms_core.access.sessions import LONGEST, hashed
from cpoms_core.access.viewer import Access, SchoolFacts, Viewer, utc_now
from cpoms_core.hooks.types import Permission
from cpoms_core.modules.models import HookSetAside
from cpoms_core.students.names_of_school import hider_of
from cpoms_core.tenancy.models import ModuleSwitch, School, Setting
from cpoms_core.tenancy.scope import SchoolSession, built_once
from cpoms_core.tenancy.settings import with_defaults
from cpoms_core.tenancy.training import SETTING as TRAINING

_SCHOOL = built_once(
    select(
        School.id,
        School.slug,
        School.name,
        School.time_zone,
        School.accent,
        Setting.name.label("setting"),
        Setting.value,
    )
    .outerjoin(Setting, Setting.school_id == School.id)
    .where(School.id == bindparam("school"))
)
_SWITCHED = select(literal("module").label("what"), ModuleSwitch.module.label("name")).where(
    ModuleSwitch.enabled
)
_PERMITTED = select(literal("permission").label("what"), GroupPermission.permission.label("name")).where(
    GroupPermission.group_id == bindparam("group")
)
_ASIDE = select(
    literal("set aside").label("what"), (HookSetAside.module + "." + HookSetAside.hook).label("name")
).where(HookSetAside.lifted_at.is_(None))
_MODULES, _PERMISSIONS, _SET_ASIDE, _RIGHTS = (
    built_once(one) for one in (_SWITCHED, _PERMITTED, _ASIDE, union_all(_SWITCHED, _PERMITTED, _ASIDE))
)
_SESSION = built_once(
    select(
        LoginSession.token_hash,
        LoginSession.id,
        LoginSession.csrf_token,
        LoginSession.account_id,
        LoginSession.touched_at,
        LoginSession.proved_at,
        LoginSession.locked_at,
        LoginSession.access,
        LoginSession.provider_vouched,
        LoginSession.portal_hash,
        LoginSession.names_hidden,
        LoginSession.ip,
        Account.email,
        Account.home_school_id,
        User.id.label("user_id"),
        User.forename,
        User.surname,
        User.group_id,
        User.sees_ungrouped,
        policy.holds_key(LoginSession.account_id).label("keyed"),
        policy.key_counts(LoginSession.key_id, LoginSession.account_id).label("key_counts"),
    )
    .join(User, and_(User.id == LoginSession.user_id, User.account_id == LoginSession.account_id))
    .join(Account, Account.id == LoginSession.account_id)
    .where(
        LoginSession.token_hash == bindparam("token_hash"),
        LoginSession.school_id == bindparam("school"),
        LoginSession.ended_at.is_(None),
        LoginSession.created_at > bindparam("since"),
        or_(LoginSession.portal_hash.is_(None), policy.portal_goes_on(LoginSession.portal_hash)),
        User.deactivated_at.is_(None),
        Account.disabled_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Login:
    """A session that was found by its cookie: still good, or locked until the password is given again."""

    token_hash: bytes
    id: uuid.UUID
    csrf_token: str
    account_id: uuid.UUID
    touched_at: dt.datetime
    idle: dt.timedelta  # after so long without activity it is locked
    proved_at: dt.datetime
    locked: bool
    email: str
    sso: bool  # of an account that serves several schools
    portal_hash: bytes | None  # of the SSO log-in that it came from


@dataclass(frozen=True, slots=True)
class Asking:
    """The school that was asked and, where a good session came with the request, who asked."""

    school: SchoolFacts
    modules: frozenset[str]
    login: Login | None = None
    viewer: Viewer | None = None


def read_school(db: SchoolSession) -> SchoolFacts:
    """The facts of the session's school, with its settings."""
    rows = db.execute(_SCHOOL, {"school": db.school_id}).all()
    first = rows[0]
    own = {row.setting: row.value for row in rows if row.setting is not None}
    return SchoolFacts(
        first.id,
        first.slug,
        first.name,
        first.time_zone,
        first.accent,
        with_defaults(db.app, own),
        logo=uuid.UUID(own["logo"]) if own.get("logo") else None,
        training=bool(own.get(TRAINING)),
    )


def modules_on(db: SchoolSession) -> frozenset[str]:
    """The installed modules that the session's school has on, without those whose tables are not up to date;
    asked of the database each time, so that a switch is felt by the next request."""
    return frozenset(row.name for row in db.execute(_MODULES) if row.name in db.app.usable)


def hooks_set_aside(db: SchoolSession) -> frozenset[tuple[str, str]]:
    """The modules' hooks that are set aside at the session's school, as (module, hook) (MOD-04)."""
    return _set_aside(db.execute(_SET_ASIDE))


def _set_aside(rows: Iterable[Any]) -> frozenset[tuple[str, str]]:
    parted = (row.name.partition(".") for row in rows if row.what == "set aside")
    return frozenset((module, hook) for module, _dot, hook in parted)


def asking(db: SchoolSession, token: str, now: dt.datetime) -> Asking:
    """Who asks with a cookie's token ("" for none) at the session's school: a user who is still active, in a
    session that goes on, or nobody. Three statements; a fourth while names are hidden."""
    school = read_school(db)
    row = (
        token
        and db.execute(
            _SESSION, {"token_hash": hashed(token), "school": school.id, "since": now - LONGEST}
        ).first()
    )
    if not row:
        return Asking(school, modules_on(db))
    rights = db.execute(_RIGHTS, {"group": row.group_id}).all()
    modules = frozenset(one.name for one in rights if one.what == "module" and one.name in db.app.usable)
    access = _access(row, school)
    viewer = Viewer(
        school=school,
        user_id=row.user_id,
        user_name=f"{row.forename} {row.surname}".strip(),
        group_id=row.group_id,
        access=access,
        permissions=_counting(
            db, (one.name for one in rights if one.what == "permission"), access, modules, school
        ),
        modules=modules,
        set_aside=_set_aside(rights),
        sees_ungrouped=row.sees_ungrouped,
        has_key=row.keyed,
        ip=row.ip,
        names=hider_of(db) if row.names_hidden else None,
    )
    idle = dt.timedelta(minutes=school.setting("idle_minutes"))
    login = Login(
        row.token_hash,
        row.id,
        row.csrf_token,
        row.account_id,
        row.touched_at,
        idle,
        row.proved_at,
        locked=row.locked_at is not None or row.touched_at < now - idle,
        email=row.email,
        sso=row.home_school_id is None,
        portal_hash=row.portal_hash,
    )
    return Asking(school, modules, login, viewer)


def _access(row: Any, school: SchoolFacts) -> Access:
    """What the session may be now: a session outlives neither the key it was elevated with nor the school's
    rule that everyone needs one (ACC-15)."""
    if row.access == "elevated" and (row.key_counts or row.provider_vouched):
        return "elevated"
    return "account" if school.setting("key_for_everyone") else "restricted"


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
    held = db.execute(_PERMISSIONS, {"group": user.group_id})
    return Viewer(
        school=school,
        user_id=user.id,
        user_name=user.name,
        group_id=user.group_id,
        access=access,
        permissions=_counting(db, (row.name for row in held), access, modules, school),
        modules=modules,
        set_aside=hooks_set_aside(db),
        sees_ungrouped=user.sees_ungrouped,
        has_key=has_key,
        ip=ip,
    )


def _counting(
    db: SchoolSession, held: Iterable[str], access: Access, modules: frozenset[str], school: SchoolFacts
) -> frozenset[str]:
    declared = db.app.permissions
    if access == "account":
        return frozenset()
    return frozenset(
        name
        for name in held
        if name in declared
        and (declared[name][0] == "core" or declared[name][0] in modules)
        and (access == "elevated" or _without_key(declared[name][1], school))
    )


def _without_key(permission: Permission, school: SchoolFacts) -> bool:
    """Whether a permission counts without a key: always, never, or as the school has set it (LIB-04)."""
    when = permission.when_restricted
    return bool(school.setting(when)) if isinstance(when, str) else when


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
        set_aside=hooks_set_aside(db),
        channel="worker",
        clock=utc_now,
    )


def operator_viewer(db: SchoolSession) -> Viewer:
    """The operator at the command line: administers the school, and sees nothing of its records."""
    return replace(system_viewer(db), permissions=frozenset({"admin"}), channel="command line")
