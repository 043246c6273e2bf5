"""Users of a school."""

from __future__ import annotations

import datetime as dt
import re
import uuid

from sqlalchemy import select

from cpoms_core.access.accounts import email_key
from cpoms_core.access.models import Account, AlertGroup, AlertGroupMember, User
from cpoms_core.database.types import new_id
from cpoms_core.errors import Refused
from cpoms_core.tenancy.scope import SchoolSession

EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}")


def create_user(
    db: SchoolSession,
    *,
    email: str,
    forename: str,
    surname: str,
    group_id: uuid.UUID,
    now: dt.datetime,
    sees_ungrouped: bool = False,
    staff_mis_id: str | None = None,
) -> User:
    """Makes a user with an identity account. Nobody is handed a password (ACC-01). Raises Refused."""
    if not EMAIL.fullmatch(email):
        raise Refused("This is not an e-mail address.", field="email")
    key = email_key(email)
    taken = select(Account.id).where(Account.email_key == key, Account.home_school_id == db.school_id)
    if db.scalar(taken) is not None:
        raise Refused("Another user of the school has this e-mail address.", field="email")
    account = Account(id=new_id(), home_school_id=db.school_id, email=email, email_key=key, created_at=now)
    db.add(account)
    db.flush()
    user = User(
        school_id=db.school_id,
        id=new_id(),
        account_id=account.id,
        group_id=group_id,
        forename=forename,
        surname=surname,
        created_at=now,
        sees_ungrouped=sees_ungrouped,
        staff_mis_id=staff_mis_id,
    )
    db.add(user)
    db.flush()
    return user


def create_alert_group(db: SchoolSession, name: str, members: list[uuid.UUID]) -> uuid.UUID:
    """Makes an alert group of users (USR-06)."""
    group = AlertGroup(school_id=db.school_id, id=new_id(), name=name)
    db.add(group)
    db.flush()
    for member in members:
        db.add(AlertGroupMember(school_id=db.school_id, group_id=group.id, user_id=member))
    db.flush()
    return group.id
