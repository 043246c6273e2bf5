"""The waiting side: a log-in asks its user's phone, and goes on once it was approved (ACC-10)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

from sqlalchemy import update

from cpoms_core.access import policy, throttle
from cpoms_core.access.models import Account, LoginApproval, SoftKey
from cpoms_core.application import Application
from cpoms_core.authenticator.devices import has_device
from cpoms_core.authenticator.prompts import PROMPTS, prompts_key
from cpoms_core.authenticator.queries import USED_WITHIN, answer_of, newest_of_session
from cpoms_core.errors import NothingThere
from cpoms_core.keys.owner import KeyOwner
from cpoms_core.tenancy.scope import SchoolSession

ANSWER_WITHIN = dt.timedelta(minutes=2)


def ask_phone(app: Application, owner: KeyOwner, *, ip: str, browser: str, now: dt.datetime) -> LoginApproval:
    """Asks the phone of a restricted session's user; while a question is open, it is that one.

    Raises NothingThere where the account has no phone, throttle.Wait where it was asked too often.
    """
    with app.session(owner.school_id, writes=False) as db:
        if not has_device(db, owner.account_id):
            raise NothingThere
        newest = newest_of_session(db, owner.account_id, owner.session_hash)
    if newest is not None and answer_of(newest, now) in ("waiting", "approved"):
        return newest
    throttle.take(app, {prompts_key(owner.account_id): PROMPTS}, now)
    with app.transaction(owner.school_id) as db:
        return _question(db, owner, ip=ip, browser=browser, now=now)


def _question(
    db: SchoolSession, owner: KeyOwner, *, ip: str, browser: str, now: dt.datetime
) -> LoginApproval:
    # two tabs that ask at one moment wait here for each other, and get the same question
    db.get_one(Account, owner.account_id, with_for_update=True)
    newest = newest_of_session(db, owner.account_id, owner.session_hash)
    if newest is not None and answer_of(newest, now) == "waiting":
        return newest
    question = LoginApproval(
        account_id=owner.account_id,
        school_id=owner.school_id,
        session_hash=owner.session_hash,
        number=str(10 + secrets.randbelow(90)),
        browser=browser[:300],
        ip=ip[:64],
        created_at=now,
        expires_at=now + ANSWER_WITHIN,
    )
    db.add(question)
    db.flush()
    return question


def use_approval(db: SchoolSession, owner: KeyOwner, now: dt.datetime) -> uuid.UUID | None:
    """Uses up the approval that the session waited for, once, and only while the phone's key is there; in the
    transaction that elevates the session. Returns the key's id; None where there is nothing to use."""
    newest = newest_of_session(db, owner.account_id, owner.session_hash)
    if newest is None or newest.decided_by is None:
        return None
    taken = db.execute(
        update(LoginApproval)
        .where(
            LoginApproval.id == newest.id,
            LoginApproval.decision == "approved",
            LoginApproval.decided_at > now - USED_WITHIN,
            LoginApproval.used_at.is_(None),
            policy.key_counts(LoginApproval.decided_by, LoginApproval.account_id),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    db.execute(
        update(SoftKey)
        .where(SoftKey.id == newest.decided_by, SoftKey.first_used_at.is_(None))
        .values(first_used_at=now)
        .execution_options(synchronize_session=False)
    )
    return newest.decided_by
