"""E-mail addresses of users: which are taken, which domains a school lets in (USR-11), changing one."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
import uuid
from email.errors import MessageError
from email.headerregistry import Address

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from cpoms_core.access.accounts import email_key
from cpoms_core.access.models import Account, EmailChange, ResetLink, User
from cpoms_core.errors import Refused
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.models import Setting
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.settings import domains

LONGEST = 254  # characters of an address (RFC 5321)
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
ADDRESS = re.compile(rf"[^@\s\x00-\x1f\x7f]{{1,64}}@{LABEL}(?:\.{LABEL})*", re.IGNORECASE)
NO_ADDRESS = "This is not an e-mail address. It looks like name@school.example."
PLAIN_LETTERS = (
    "Mail cannot be sent to an address with accents or other special letters before the @. Ask for the "
    "address without them."
)
OTHER_DOMAIN = (
    "Some letters of this domain can be read as two different domains. Type it as its owner writes it in "
    "plain letters (it begins with xn--)."
)
TAKEN = "Another user of the school has this e-mail address."


def plain_address(text: str) -> str:
    """An address as a person typed it, in the form that every mail server takes. Raises Refused."""
    email = unicodedata.normalize("NFC", text).strip()
    name, at, domain = email.rpartition("@")
    if not at or len(email) > LONGEST:
        raise Refused(NO_ADDRESS, field="email")
    if not name.isascii():
        raise Refused(PLAIN_LETTERS, field="email")
    plain = f"{name}@{_plain_domain(domain)}"
    try:
        usable = ADDRESS.fullmatch(plain) and Address(addr_spec=plain).addr_spec == plain
    except (ValueError, IndexError, MessageError):
        usable = False
    if not usable or len(plain) > LONGEST:
        raise Refused(NO_ADDRESS, field="email")
    return plain


def _plain_domain(domain: str) -> str:
    """The domain in plain letters, as mail servers know it."""
    if domain.isascii():
        return domain
    try:
        plain = domain.encode("idna")
        written = plain.decode("idna")
    except UnicodeError:
        raise Refused(NO_ADDRESS, field="email") from None
    # the older rule for such domains, Python's, reads some letters as others: mail would go to strangers
    if written.lower() != unicodedata.normalize("NFKC", domain).lower():
        raise Refused(OTHER_DOMAIN, field="email")
    return plain.decode()


def new_address(db: SchoolSession, text: str, *, owner: uuid.UUID | None = None) -> str:
    """An address that a user of the session's school may have from now on. `owner`: the account that it is
    for, where there is one. Raises Refused."""
    email = plain_address(text)
    refuse_foreign_domain(db, email)
    _refuse_taken(db, email_key(email), owner)
    return email


def change_address(
    db: SchoolSession, user: User, text: str, now: dt.datetime, *, changed_by: uuid.UUID | None
) -> bool:
    """Gives the identity account of a user another address; tells the old address and the new one. Sessions
    go on; links mailed to the old address stop working. Answers whether it is another one. Raises Refused."""
    account = db.get_one(Account, user.account_id)
    if account.home_school_id is None:
        raise Refused(
            "This account is used at several schools. Its owner changes the e-mail address.", field="email"
        )
    if plain_address(text) == account.email:
        return False
    old, email = account.email, new_address(db, text, owner=account.id)
    try:
        with db.begin_nested():
            account.email, account.email_key = email, email_key(email)
            db.flush()
    except IntegrityError:
        raise Refused(TAKEN, field="email") from None
    use_up_links(db, account.id, now)
    sender = str(changed_by or "")
    queue_mail(db, "email-changed", to_user=user.id, now=now, address=old, sender=sender)
    queue_mail(db, "email-new", to_user=user.id, now=now, address=email, sender=sender)
    return True


def use_up_links(db: SchoolSession, account_id: uuid.UUID, now: dt.datetime) -> None:
    """Stops every link of an account that was mailed and is not used yet."""
    for link in (ResetLink, EmailChange):
        db.execute(
            update(link)
            .where(link.account_id == account_id, link.used_at.is_(None))
            .values(used_at=now)
            .execution_options(synchronize_session=False)
        )


def refuse_foreign_domain(db: SchoolSession, email: str) -> None:
    """USR-11: where the school lists domains, others are refused; a domain does not stand for those below."""
    listed = db.scalar(select(Setting.value).where(Setting.name == "email_domains")) or ""
    allowed = domains(listed)
    if allowed and email.rpartition("@")[2].casefold() not in allowed:
        raise Refused(
            f"The school's settings allow only e-mail addresses that end with "
            f"{' or '.join(f'@{domain}' for domain in allowed)}.",
            field="email",
        )


def _refuse_taken(db: SchoolSession, key: str, owner: uuid.UUID | None) -> None:
    query = select(User).join(Account, Account.id == User.account_id).where(Account.email_key == key)
    if owner is not None:
        query = query.where(Account.id != owner)
    other = db.scalars(query).first()
    if other is None:
        return
    if other.deactivated_at is None:
        raise Refused(f"{other.name} has this e-mail address already.", field="email")
    raise Refused(
        f"{other.name}, whose account is deactivated, has this e-mail address. Reactivate that account if it "
        "is the same person; if not, give that account another address first.",
        field="email",
    )
