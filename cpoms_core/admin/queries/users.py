"""Users: the lists, and one of them (USR-01, USR-02)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select, tuple_

from cpoms_core.access import policy
from cpoms_core.access.models import (
    Account,
    AlertGroup,
    AlertGroupMember,
    LoginSession,
    User,
    UserGroup,
)
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import Id
from cpoms_core.errors import NothingThere
from cpoms_core.imports.leavers import left_the_mis
from cpoms_core.students.names import fold
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 50  # users
MOST_WORDS = 10


@dataclass(frozen=True, slots=True)
class UserSearch:
    """What is asked of the list. `after`: id of the last user of the page before."""

    words: str = ""
    group_id: uuid.UUID | None = None
    deactivated: bool = False
    after: uuid.UUID | None = None


@dataclass(slots=True)
class UserRow:
    """A user in a list, or at the head of their own pages. `last_login` in UTC, None: never here."""

    id: uuid.UUID
    forename: str
    surname: str
    email: str
    group_id: uuid.UUID
    group: str
    has_key: bool
    sso: bool
    from_mis: bool
    deactivated_at: dt.datetime | None
    account_id: uuid.UUID
    last_login: dt.datetime | None = None

    @property
    def name(self) -> str:
        return f"{self.forename} {self.surname}".strip()


@dataclass(frozen=True, slots=True)
class UserPage:
    """A page of the list, and the id to go on after (None at the end)."""

    rows: Sequence[UserRow]
    after: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class UserCounts:
    """How many users are active, how many of those have a key, and how many are deactivated."""

    active: int
    keyed: int
    deactivated: int


def _rows() -> Any:
    return (
        select(User, Account, UserGroup.name, policy.holds_key(User.account_id).label("keyed"))
        .join(Account, Account.id == User.account_id)
        .join(UserGroup, UserGroup.id == User.group_id)
    )


def _row(user: User, account: Account, group: str, keyed: bool) -> UserRow:
    return UserRow(
        id=user.id,
        forename=user.forename,
        surname=user.surname,
        email=account.email,
        group_id=user.group_id,
        group=group,
        has_key=bool(keyed),
        sso=account.home_school_id is None,
        from_mis=user.staff_mis_id is not None,
        deactivated_at=user.deactivated_at,
        account_id=account.id,
    )


def users(db: SchoolSession, asked: UserSearch) -> UserPage:
    """A page of the users that match, by surname, with when each logged in last. Two queries, and one more
    to find the place of the page."""
    state = User.deactivated_at.is_not(None) if asked.deactivated else User.deactivated_at.is_(None)
    query = _rows().where(state, *(_containing(word) for word in fold(asked.words).split()[:MOST_WORDS]))
    if asked.group_id:
        query = query.where(User.group_id == asked.group_id)
    order = (User.surname_key, User.forename_key, User.id)
    if asked.after:
        last = db.execute(select(*order).where(User.id == asked.after)).first()
        if last is None:
            raise NothingThere
        query = query.where(tuple_(*order) > tuple_(literal(last[0]), literal(last[1]), literal(last[2], Id)))
    found = [_row(*row) for row in db.execute(query.order_by(*order).limit(PAGE + 1))]
    rows = found[:PAGE]
    _add_log_ins(db, rows)
    return UserPage(rows, rows[-1].id if len(found) > PAGE else None)


def _containing(word: str) -> ColumnElement[bool]:
    """Condition: the word is part of the name or address. Wildcards that a person types are letters."""
    plain = word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return or_(
        User.search_text.like(f"%{plain}%", escape="!"), Account.email_key.like(f"%{plain}%", escape="!")
    )


def _add_log_ins(db: SchoolSession, rows: Iterable[UserRow]) -> None:
    by_id = {row.id: row for row in rows}
    if not by_id:
        return
    last = db.execute(
        select(LoginSession.user_id, func.max(LoginSession.created_at))
        .where(
            LoginSession.school_id == db.school_id,
            LoginSession.account_id.in_([row.account_id for row in by_id.values()]),
        )
        .group_by(LoginSession.user_id)
    )
    for user_id, at in last:
        if user_id in by_id:
            by_id[user_id].last_login = at


def counts(db: SchoolSession) -> UserCounts:
    """How many users the school has. One query."""
    active = User.deactivated_at.is_(None)
    row = db.execute(
        select(
            func.count().filter(active),
            func.count().filter(policy.key_holders()),
            func.count().filter(~active),
        ).select_from(User)
    ).one()
    return UserCounts(*row)


def user_of(db: SchoolSession, user_id: uuid.UUID) -> UserRow:
    """One user of the school, deactivated or not. Raises NothingThere."""
    found = db.execute(_rows().where(User.id == user_id)).first()
    if found is None:
        raise NothingThere
    row = _row(*found)
    _add_log_ins(db, [row])
    return row


@dataclass(frozen=True, slots=True)
class Standing:
    """What hangs on a user: alerts that are open, and the alert groups that they are in."""

    open_alerts: int
    alert_groups: Sequence[str]


def standing_of(db: SchoolSession, user_id: uuid.UUID) -> Standing:
    """What somebody should know before they deactivate a user. Two queries."""
    open_alerts = db.scalar(select(func.count()).select_from(Alert).where(policy.open_alerts_of(user_id)))
    groups = db.scalars(
        select(AlertGroup.name)
        .join(AlertGroupMember, AlertGroupMember.group_id == AlertGroup.id)
        .where(AlertGroupMember.user_id == user_id)
    )
    return Standing(open_alerts or 0, sorted(groups, key=str.casefold))


def is_leaver(db: SchoolSession, user_id: uuid.UUID) -> bool:
    """Whether the MIS had this user as a member of staff and has them no more (USR-10)."""
    return db.scalar(select(User.id).where(User.id == user_id, left_the_mis())) is not None


def group_choices(db: SchoolSession) -> list[tuple[uuid.UUID, str]]:
    """The user groups by name, for a choice on a form."""
    rows = db.execute(select(UserGroup.id, UserGroup.name)).all()
    return sorted(((row.id, row.name) for row in rows), key=lambda row: (row[1].casefold(), row[0]))
