"""Where an answer of a phone is written down, and who is told. The phone has no session, so there is no
viewer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from cpoms_core.access import security_log
from cpoms_core.access.models import LoginApproval, User
from cpoms_core.application import Application
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.scope import SchoolSession

AT_ACCOUNTS = "accounts"
"""What the schools' audits say of where it was, as of every SSO log-in (ACC-03)."""


def school_to_tell(app: Application, approval: LoginApproval) -> int | None:
    """The school in whose audit and outbox an answer is written: the one that was logged in to; for a log-in
    at the accounts' own host the first that the account serves. None where it serves none any more."""
    if approval.school_id is not None:
        return approval.school_id
    with app.session(None, writes=False) as db:
        return min(security_log.users_of(db, approval.account_id), default=None)


def write_down(
    db: SchoolSession,
    approval: LoginApproval,
    event: str,
    now: dt.datetime,
    *,
    letter: str | None = None,
    **details: Any,
) -> None:
    """Writes an answer into the security log with the decision it belongs to, as the user's own deed, and
    queues a mail to them. The address and the browser are those of whoever wants to log in."""
    if approval.school_id is None:
        users = security_log.users_of(db, approval.account_id)
        details["at"] = AT_ACCOUNTS
    else:
        user_id = db.scalar(select(User.id).where(User.account_id == approval.account_id))
        users = {approval.school_id: user_id} if user_id else {}
    own = users.get(db.school_id or 0)
    if own is None:
        return  # deactivated meanwhile: there is nobody whose log it would be
    details["browser"] = approval.browser
    security_log.write(db, approval.account_id, users, event, now, ip=approval.ip, **details)
    if letter is not None:
        queue_mail(db, letter, to_user=own, now=now)
