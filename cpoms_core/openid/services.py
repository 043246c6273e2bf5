"""A school's OpenID providers, and whose log-in it is that one of them vouches for (ACC-14)."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from cpoms_core.access.accounts import find_user
from cpoms_core.access.models import Account, LoginSession, OpenIdProvider, OpenIdSubject, User
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.audit.services import record
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.openid.client import Client
from cpoms_core.tenancy.scope import SchoolSession

MICROSOFT = "https://login.microsoftonline.com/"
EVERYBODYS_TENANTS = ("common", "organizations", "consumers")


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What an administrator says of a provider. `secret`: empty keeps the one that is stored."""

    name: str
    issuer: str
    client_id: str
    secret: str
    counts_as_key: bool
    enabled: bool


def check_issuer(allowed: tuple[str, ...], issuer: str) -> None:
    """Whether the operator lets schools use a provider. `allowed`: whole addresses, or beginnings that end
    with a slash. Raises Refused."""
    tenant = issuer.removeprefix(MICROSOFT).partition("/")[0] if issuer.startswith(MICROSOFT) else ""
    if tenant in EVERYBODYS_TENANTS:
        raise Refused(
            "This address stands for every organisation. Use the one with your own tenant's number.",
            field="issuer",
        )
    if not any(issuer == one or (one.endswith("/") and issuer.startswith(one)) for one in allowed):
        raise Refused(
            "Schools here may use: " + ", ".join(allowed) + ". For another one, ask your operator.",
            field="issuer",
        )


def save_provider(
    db: SchoolSession, viewer: Viewer, provider_id: uuid.UUID | None, facts: ProviderFacts
) -> uuid.UUID:
    """Adds a provider or changes one. Sessions that it vouched for end where that counts no longer. Raises
    NothingThere, Refused."""
    same = select(OpenIdProvider.id).where(OpenIdProvider.issuer == facts.issuer)
    if db.scalar(same.where(OpenIdProvider.id != (provider_id or new_id()))) is not None:
        raise Refused("There is already a log-in with this provider.", field="issuer")
    if provider_id is None:
        if not facts.secret:
            raise Refused("Paste the client secret.", field="secret")
        row = OpenIdProvider(school_id=db.school_id, id=new_id(), created_at=viewer.now())
        db.add(row)
    else:
        row = _provider(db, provider_id)
        if row.issuer != facts.issuer and db.scalar(
            select(OpenIdSubject.subject).where(OpenIdSubject.provider_id == row.id).limit(1)
        ):
            raise Refused("People log in with this one. Add another provider instead.", field="issuer")
        if not (facts.enabled and facts.counts_as_key):
            _end_vouched(db)
    row.name, row.issuer, row.client_id = facts.name, facts.issuer, facts.client_id
    row.counts_as_key, row.enabled = facts.counts_as_key, facts.enabled
    if facts.secret:
        row.sealed_secret = db.app.key.seal(facts.secret.encode(), _secret_context(row.id))
    db.flush()
    record(db, viewer, "provider.saved", [row.id], enabled=row.enabled, counts_as_key=row.counts_as_key)
    return row.id


def _end_vouched(db: SchoolSession) -> None:
    db.execute(
        update(LoginSession)
        .where(
            LoginSession.school_id == db.school_id,
            LoginSession.provider_vouched,
            LoginSession.ended_at.is_(None),
        )
        .values(ended_at=utc_now())
    )


def client_of(db: SchoolSession, provider_id: uuid.UUID, back: str) -> Client:
    """What an enabled provider knows the school by. Raises NothingThere."""
    row = _provider(db, provider_id)
    if not row.enabled:
        raise NothingThere
    secret = db.app.key.open(row.sealed_secret, _secret_context(row.id)).decode()
    return Client(row.name, row.issuer, row.client_id, secret, back)


def enabled_providers(db: SchoolSession) -> list[OpenIdProvider]:
    """The providers that the log-in page offers, by name."""
    return list(
        db.scalars(select(OpenIdProvider).where(OpenIdProvider.enabled).order_by(OpenIdProvider.name))
    )


def providers(db: SchoolSession) -> list[OpenIdProvider]:
    """Every provider of the school, by name."""
    return list(db.scalars(select(OpenIdProvider).order_by(OpenIdProvider.name)))


def _provider(db: SchoolSession, provider_id: uuid.UUID) -> OpenIdProvider:
    row = db.get(OpenIdProvider, (db.school_id, provider_id))
    if row is None:
        raise NothingThere
    return row


def _secret_context(provider_id: uuid.UUID) -> str:
    return f"client secret of {provider_id}"


@dataclass(frozen=True, slots=True)
class Vouched:
    """A user whom a provider vouches for; `as_key`: with a second factor that the school lets count."""

    user: User
    provider: OpenIdProvider
    as_key: bool


def vouched_user(db: SchoolSession, provider_id: uuid.UUID, claims: dict[str, Any]) -> Vouched | None:
    """The active user whom a provider's checked claims mean, linked to the provider's own name for them at
    the first time; None where they mean nobody of the school."""
    provider = _provider(db, provider_id)
    if not provider.enabled:
        raise NothingThere
    subject = str(claims["sub"])
    user = _linked(db, provider, subject)
    if user is None:
        email = _vouched_email(provider, claims)
        found = find_user(db, email) if email else None
        if found is None or _has_other_link(db, provider, found[1].id) or not 0 < len(subject) <= 255:
            return None
        user = found[1]
        db.add(
            OpenIdSubject(
                school_id=db.school_id,
                provider_id=provider.id,
                subject=subject,
                user_id=user.id,
                linked_at=utc_now(),
            )
        )
        db.flush()
    return Vouched(user, provider, provider.counts_as_key and _asserts_two_factors(claims))


def _linked(db: SchoolSession, provider: OpenIdProvider, subject: str) -> User | None:
    return db.scalars(
        select(User)
        .join(OpenIdSubject, OpenIdSubject.user_id == User.id)
        .join(Account, Account.id == User.account_id)
        .where(
            OpenIdSubject.provider_id == provider.id,
            OpenIdSubject.subject == subject,
            User.deactivated_at.is_(None),
            Account.disabled_at.is_(None),
            Account.home_school_id == db.school_id,
        )
    ).first()


def _has_other_link(db: SchoolSession, provider: OpenIdProvider, user_id: uuid.UUID) -> bool:
    """Whether the provider means this user by another name: then somebody else has the address now."""
    link = select(OpenIdSubject.subject).where(
        OpenIdSubject.provider_id == provider.id, OpenIdSubject.user_id == user_id
    )
    return db.scalar(link) is not None


def _vouched_email(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    """The address that the provider itself stands for. Microsoft does not check what it sends as `email`,
    but a tenant's user name can only lie in a domain that the tenant has proved to own."""
    if provider.issuer.startswith(MICROSOFT):
        address = claims.get("preferred_username")
    else:
        address = claims.get("email") if claims.get("email_verified") is True else None
    text = unicodedata.normalize("NFKC", address) if isinstance(address, str) else ""
    return text if len(text) <= 254 else ""


def _asserts_two_factors(claims: dict[str, Any]) -> bool:
    """RFC 8176: `mfa` in `amr` says that several factors were used."""
    methods = claims.get("amr")
    return isinstance(methods, list) and "mfa" in methods
