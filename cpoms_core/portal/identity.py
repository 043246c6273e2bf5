"""Who asks at the accounts' own host: the SSO log-in that a cookie names, and the schools that it opens."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.models import Account, Membership, PortalSession
from cpoms_core.access.sessions import LONGEST, hashed
from cpoms_core.access.viewer import Access
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

IDLE = dt.timedelta(minutes=15)
"""After so long without activity here and at every school the password is asked for again."""

_PORTAL = (
    select(
        PortalSession.token_hash,
        PortalSession.id,
        PortalSession.account_id,
        PortalSession.access,
        PortalSession.key_id,
        PortalSession.csrf_token,
        PortalSession.touched_at,
        PortalSession.proved_at,
        Account.email,
        Membership.school_id,
        Membership.user_id,
        Membership.alert_email,
        School.slug,
        School.name,
        School.time_zone,
        policy.holds_key(PortalSession.account_id).label("keyed"),
        policy.key_counts(PortalSession.key_id, PortalSession.account_id).label("key_counts"),
    )
    .join(Account, Account.id == PortalSession.account_id)
    .join(Membership, Membership.account_id == PortalSession.account_id)
    .join(School, School.id == Membership.school_id)
    .where(
        PortalSession.token_hash == bindparam("token_hash"),
        PortalSession.ended_at.is_(None),
        PortalSession.created_at > bindparam("since"),
        Account.disabled_at.is_(None),
        Account.home_school_id.is_(None),
        Membership.ended_at.is_(None),
    )
    .order_by(Membership.school_id)
)


@dataclass(frozen=True, slots=True)
class OwnSchool:
    """A school that an SSO account opens, as which user, and where the mails of that school go."""

    id: int
    slug: str
    name: str
    zone: ZoneInfo
    user_id: uuid.UUID
    alert_email: str | None  # None: the account's own address


@dataclass(frozen=True, slots=True)
class Portal:
    """An SSO log-in that goes on; `locked` until the password is given again. An account that no school goes
    on with has none, so there is always a first school: it carries what is written down and mailed."""

    token_hash: bytes
    id: uuid.UUID
    account_id: uuid.UUID
    email: str
    csrf_token: str
    access: Access
    key_id: uuid.UUID | None  # the key that elevated it
    has_key: bool
    touched_at: dt.datetime
    proved_at: dt.datetime
    locked: bool
    schools: tuple[OwnSchool, ...]

    @property
    def elevated(self) -> bool:
        return self.access == "elevated"

    @property
    def first_school(self) -> OwnSchool:
        return self.schools[0]

    @property
    def users(self) -> dict[int, uuid.UUID]:
        """The users that the account is, by school."""
        return {school.id: school.user_id for school in self.schools}

    def local(self, moment: dt.datetime) -> dt.datetime:
        """A stored moment as the clocks of the first school show it."""
        return moment.astimezone(self.first_school.zone)


def portal_of(db: SchoolSession, token: str, now: dt.datetime) -> Portal | None:
    """The SSO log-in of a cookie's token ("" for none), or None. One statement. A log-in outlives neither the
    key that elevated it nor its account."""
    if not token:
        return None
    rows = db.execute(_PORTAL, {"token_hash": hashed(token), "since": now - LONGEST}).all()
    if not rows:
        return None
    first = rows[0]
    return Portal(
        token_hash=first.token_hash,
        id=first.id,
        account_id=first.account_id,
        email=first.email,
        csrf_token=first.csrf_token,
        access="elevated" if first.access == "elevated" and first.key_counts else "restricted",
        key_id=first.key_id if first.key_counts else None,
        has_key=first.keyed,
        touched_at=first.touched_at,
        proved_at=first.proved_at,
        locked=first.touched_at <= now - IDLE,
        schools=tuple(
            OwnSchool(
                row.school_id, row.slug, row.name, ZoneInfo(row.time_zone), row.user_id, row.alert_email
            )
            for row in rows
        ),
    )
