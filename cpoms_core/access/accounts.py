"""Accounts: finding them, setting passwords, single-use links (ACC-01, ACC-02)."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import unicodedata
import uuid

from sqlalchemy import func, select, update

from cpoms_core.access import passwords, sessions
from cpoms_core.access.models import Account, ResetLink, User
from cpoms_core.access.viewer import SchoolFacts
from cpoms_core.audit.services import raw_entry, write_entries
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.scope import SchoolSession

LINKS_AN_HOUR = 5


def email_key(email: str) -> str:
    """The form in which e-mail addresses are compared: people do not mind capitals."""
    return unicodedata.normalize("NFKC", email).strip().casefold()[:254]


def find_user(db: SchoolSession, email: str) -> tuple[Account, User] | None:
    """The active user of the session's school with this e-mail, and their account."""
    row = db.execute(
        select(Account, User)
        .join(User, User.account_id == Account.id)
        .where(
            Account.email_key == email_key(email),
            Account.home_school_id == db.school_id,
            Account.disabled_at.is_(None),
            User.deactivated_at.is_(None),
        )
    ).first()
    return (row[0], row[1]) if row else None


def link_context(account_id: uuid.UUID) -> str:
    return f"reset link of {account_id}"


def midnight_after(now: dt.datetime, school: SchoolFacts) -> dt.datetime:
    """The end of the day that it is at the school, in UTC: when a link stops working (ACC-01)."""
    today = now.astimezone(school.zone).date()
    midnight = dt.datetime.combine(today + dt.timedelta(days=1), dt.time(), school.zone)
    return midnight.astimezone(dt.UTC)


def send_reset_link(db: SchoolSession, school: SchoolFacts, email: str, now: dt.datetime) -> bool:
    """Mails a link to set a password, if the address is a user's; earlier links stop working.

    Whether it did is for tests and commands: the page says the same for every address (ACC-02).
    """
    found = find_user(db, email)
    if found is None:
        # written down like a known one's: the two differ neither in work nor in what they wait for
        write_entries(db, [raw_entry(school.id, None, "login.link-unknown", [], {}, at=now)])
        return False
    account, user = found
    recent = db.scalar(
        select(func.count())
        .select_from(ResetLink)
        .where(ResetLink.account_id == account.id, ResetLink.created_at > now - dt.timedelta(hours=1))
    )
    if (recent or 0) >= LINKS_AN_HOUR:
        return False
    db.execute(
        update(ResetLink)
        .where(ResetLink.account_id == account.id, ResetLink.used_at.is_(None))
        .values(used_at=now)
    )
    token = secrets.token_urlsafe(32)
    db.add(
        ResetLink(
            token_hash=sessions.hashed(token),
            account_id=account.id,
            school_id=school.id,
            created_at=now,
            expires_at=midnight_after(now, school),
        )
    )
    sealed = db.app.key.seal(token.encode(), link_context(account.id))
    queue_mail(
        db,
        "reset-link",
        to_user=user.id,
        now=now,
        account=str(account.id),
        sealed_token=base64.b64encode(sealed).decode(),
    )
    write_entries(db, [raw_entry(school.id, user.id, "login.link-sent", [user.id], {}, at=now)])
    return True


def link_owner(db: SchoolSession, token: str, now: dt.datetime) -> tuple[Account, User] | None:
    """Whose link it is, while it can be used at the session's school."""
    row = db.execute(
        select(Account, User)
        .join(ResetLink, ResetLink.account_id == Account.id)
        .join(User, User.account_id == Account.id)
        .where(
            ResetLink.token_hash == sessions.hashed(token),
            ResetLink.school_id == db.school_id,
            ResetLink.used_at.is_(None),
            ResetLink.expires_at > now,
            Account.disabled_at.is_(None),
            User.deactivated_at.is_(None),
        )
    ).first()
    return (row[0], row[1]) if row else None


def set_password(
    db: SchoolSession, token: str, password_hash: str, now: dt.datetime, *, ip: str = ""
) -> bool:
    """Uses up a link and sets the password; every session of the account ends. False where the link was
    used meanwhile: of two requests with one link, one wins."""
    found = link_owner(db, token, now)
    if found is None:
        return False
    account, user = found
    used = db.execute(
        update(ResetLink)
        .where(ResetLink.token_hash == sessions.hashed(token), ResetLink.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        return False
    account.password_hash = password_hash
    sessions.end_all(db, account.id, now)
    queue_mail(db, "password-set", to_user=user.id, now=now)
    write_entries(
        db, [raw_entry(user.school_id, user.id, "login.password-set", [user.id], {}, at=now, ip=ip)]
    )
    return True


def hash_new_password(password: str, account: Account, user: User, school: SchoolFacts) -> str:
    """Hashes a password after judging it with its owner's words in mind. Raises WeakPassword."""
    about = (user.forename, user.surname, school.name, account.email, account.email.partition("@")[0])
    return passwords.hash_password(password, about=about)
