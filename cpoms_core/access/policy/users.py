"""Which users are active, hold a key and could administer; when a key or a log-in still counts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, or_

from cpoms_core.access.models import (
    Account,
    ApprovingDevice,
    OpenIdProvider,
    OpenIdSubject,
    PortalSession,
    SecurityKey,
    SoftKey,
    User,
)
from cpoms_core.access.policy.sight import Condition, eyes_of_users, there_is


def holds_key(account_id: Any) -> Condition:
    """Whether an account (a column, or an id as SQL) has a key of either kind."""
    return or_(
        there_is(SoftKey, where=[SoftKey.account_id == account_id, SoftKey.removed_at.is_(None)]),
        there_is(SecurityKey, where=[SecurityKey.account_id == account_id, SecurityKey.removed_at.is_(None)]),
    )


def key_counts(key_id: Any, account_id: Any) -> Condition:
    """Whether a key of an account is still there: a session outlives no key that elevated it."""
    return or_(
        *(
            there_is(
                kind, where=[kind.id == key_id, kind.account_id == account_id, kind.removed_at.is_(None)]
            )
            for kind in (SoftKey, SecurityKey)
        )
    )


def device_counts() -> Condition:
    """Condition on ApprovingDevice: it may see and answer its account's log-ins, because the soft key that it
    belongs to was proved and is still there (ACC-10)."""
    own = [SoftKey.id == ApprovingDevice.id, SoftKey.account_id == ApprovingDevice.account_id]
    return there_is(SoftKey, where=[*own, SoftKey.removed_at.is_(None)])


def portal_goes_on(token_hash: Any) -> Condition:
    """Whether an SSO log-in was not ended: the schools' sessions that came from it end with it (ACC-03)."""
    return there_is(
        PortalSession, where=[PortalSession.token_hash == token_hash, PortalSession.ended_at.is_(None)]
    )


def account_in_use() -> Condition:
    """Condition on User: not deactivated, and with an account that can log in."""
    return and_(
        User.deactivated_at.is_(None),
        there_is(Account, where=[Account.id == User.account_id, Account.disabled_at.is_(None)]),
    )


def can_be_elevated() -> Condition:
    """Condition on User: has a key, or a provider's second factor that counts as one."""
    return or_(holds_key(User.account_id), _vouched_by_provider())


def key_holders() -> Condition:
    """Condition on User: active, with a key."""
    return and_(account_in_use(), can_be_elevated())


def _vouched_by_provider() -> Condition:
    """ACC-14: a provider whose second factor the school lets count as a key knows the user."""
    return there_is(
        OpenIdSubject,
        OpenIdProvider,
        where=[
            OpenIdSubject.user_id == User.id,
            OpenIdProvider.id == OpenIdSubject.provider_id,
            OpenIdProvider.enabled,
            OpenIdProvider.counts_as_key,
        ],
    )


def administrators() -> Condition:
    """Condition on User: could administer the school: a key holder whose user group has the Administration
    permission. A school keeps at least one, or nobody could give the administration back."""
    return and_(key_holders(), eyes_of_users().permits("admin"))
