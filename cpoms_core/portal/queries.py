"""Reading what SSO accounts are to schools: who has one, and which other schools one opens."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import Row, select

from cpoms_core.access.models import Account, Membership, PortalSession
from cpoms_core.access.sessions import LONGEST
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession


def has_sso_users(db: SchoolSession) -> bool:
    """Whether somebody logs in to the session's school with an SSO account: only there it is offered."""
    found = (
        select(Membership.account_id)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Membership.school_id == db.school_id,
            Membership.ended_at.is_(None),
            Account.disabled_at.is_(None),
        )
    )
    return db.scalar(found.limit(1)) is not None


def other_schools(db: SchoolSession, account_id: uuid.UUID) -> Sequence[Row[str, str]]:
    """The schools, beside the session's, that an SSO account opens: slug and name. One statement."""
    return db.execute(
        select(School.slug, School.name)
        .join(Membership, Membership.school_id == School.id)
        .where(
            Membership.account_id == account_id,
            Membership.ended_at.is_(None),
            Membership.school_id != db.school_id,
        )
        .order_by(School.name, School.id)
    ).all()


def access_of(db: SchoolSession, portal_hash: bytes) -> str | None:
    """The level of access of an SSO log-in that was not ended."""
    return db.scalar(
        select(PortalSession.access).where(
            PortalSession.token_hash == portal_hash, PortalSession.ended_at.is_(None)
        )
    )


def logins_of(db: SchoolSession, account_id: uuid.UUID, now: dt.datetime) -> list[PortalSession]:
    """The log-ins of an account that go on, the newest first."""
    return list(
        db.scalars(
            select(PortalSession)
            .where(
                PortalSession.account_id == account_id,
                PortalSession.ended_at.is_(None),
                PortalSession.created_at > now - LONGEST,
            )
            .order_by(PortalSession.created_at.desc())
        )
    )
