"""What ran out long ago is forgotten, and nothing else (ACC-01, ACC-03, ACC-10)."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.forgetting import KEPT, forget_what_ran_out
from cpoms_core.access.models import (
    Account,
    ApprovingDevice,
    EmailChange,
    FailureCount,
    HandOff,
    KeyChallenge,
    LoginApproval,
    LoginSession,
    PortalSession,
    ResetLink,
    User,
)
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.testing.schools import SchoolForTests

LONG_AGO, JUST_NOW = KEPT + dt.timedelta(days=1), dt.timedelta(hours=1)


def rows(school: SchoolForTests, account: Any, user: Any, at: dt.datetime) -> list[Any]:
    """One of each, that ran out (or began) at a moment."""

    def token() -> bytes:
        return secrets.token_bytes(32)

    session = {"csrf_token": "x", "created_at": at, "touched_at": at, "proved_at": at, "access": "restricted"}
    link = {"token_hash": token(), "account_id": account, "created_at": at, "expires_at": at}
    return [
        HandOff(
            token_hash=token(), portal_hash=b"p", account_id=account, school_id=school.id, state_hash=b"s",
            expires_at=at,
        ),
        KeyChallenge(
            account_id=account, purpose="use", session_hash=b"s", challenge=b"c", created_at=at, expires_at=at
        ),
        LoginApproval(account_id=account, session_hash=b"s", number="47", created_at=at, expires_at=at),
        ResetLink(**link, school_id=school.id),
        EmailChange(**{**link, "token_hash": token()}, email="new@example.org"),
        PortalSession(token_hash=token(), account_id=account, **session),
        LoginSession(token_hash=token(), account_id=account, school_id=school.id, user_id=user, **session),
        FailureCount(key=token(), failures=1, last_at=at),
        ApprovingDevice(id=new_id(), account_id=account, public_key=b"k", created_at=at),
    ]  # fmt: skip


KINDS = 9


def left(app: Application, account: Any, failures: set[bytes]) -> int:
    """How many of the rows of an account are there."""
    found = 0
    with app.session(None, writes=False) as db:
        for table in (
            HandOff, KeyChallenge, LoginApproval, ResetLink, EmailChange, PortalSession, LoginSession,
            ApprovingDevice,
        ):  # fmt: skip
            found += len(db.scalars(select(table).where(table.account_id == account)).all())
        found += len(db.scalars(select(FailureCount).where(FailureCount.key.in_(failures))).all())
    return found


@pytest.mark.parametrize(("age", "stays"), [(LONG_AGO, 1), (JUST_NOW, 2)])
def test_what_ran_out_long_ago_is_forgotten(
    app: Application, school: SchoolForTests, age: dt.timedelta, stays: int
) -> None:
    """The old goes, in every table; of log-ins the newest of a user stays, and says when it was."""
    now = utc_now()
    with app.transaction(school.id) as db:
        user = db.get_one(User, (school.id, school.users["teacher"]))
        account = db.get_one(Account, user.account_id).id
        made = [*rows(school, account, user.id, now - age), *rows(school, account, user.id, now)]
        db.add_all(made)
        failures = {row.key for row in made if isinstance(row, FailureCount)}
    while forget_what_ran_out(app, now):
        pass
    assert left(app, account, failures) == stays * KINDS


def test_the_last_log_in_stays_however_old(app: Application, school: SchoolForTests) -> None:
    """USR-01: the list of users says when somebody last logged in."""
    then = utc_now() - LONG_AGO
    with app.transaction(school.id) as db:
        user = db.get_one(User, (school.id, school.users["colleague"]))
        account = user.account_id
        older, last = (rows(school, account, user.id, at)[6] for at in (then - JUST_NOW, then))
        db.add_all([older, last])
    kept = last.id
    while forget_what_ran_out(app, utc_now()):
        pass
    with app.session(None, writes=False) as db:
        assert list(db.scalars(select(LoginSession.id).where(LoginSession.account_id == account))) == [kept]
