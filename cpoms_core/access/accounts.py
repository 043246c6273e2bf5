"""Accounts: finding them, setting passwords, single-use links (ACC-01, ACC-02)."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import secrets
import unicodedata
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update

from cpoms_core.access import passwords, security_log, sessions
from cpoms_core.access.models import Account, EmailChange, Membership, ResetLink, User
from cpoms_core.access.viewer import SchoolFacts
from cpoms_core.application import Application
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.scope import SchoolSession

LINKS_AN_HOUR = 5
LONGEST_TYPED = 1_000  # characters of what may be an address


def email_key(email: str) -> str:
    """The form in which e-mail addresses are compared: people do not mind capitals, and may write the letters
    of a domain out."""
    folded = unicodedata.normalize("NFKC", email[:LONGEST_TYPED]).strip().casefold()
    name, at, domain = folded.rpartition("@")
    with contextlib.suppress(UnicodeError):  # then it is no address, and nobody's
        domain = domain.encode("idna").decode()
    return f"{name}{at}{domain}"[:254]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose account it is: a user of one school, or one at each of several (an SSO account). The first school
    carries the mails of an SSO account, which has no outbox of its own."""

    account: Account
    users: dict[int, uuid.UUID]

    @property
    def first_school(self) -> int:
        return next(iter(self.users))


def find_owner(db: SchoolSession, email: str) -> Owner | None:
    """Whose e-mail it is: at a school, its own accounts; in a session of no school, the SSO accounts."""
    if db.school_id is None:
        return _find_sso(db, email)
    found = find_user(db, email)
    return Owner(found[0], {db.school_id: found[1].id}) if found else None


def find_user(db: SchoolSession, email: str) -> tuple[Account, User] | None:
    """The active user of the session's school with this e-mail and an account of the school itself."""
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


def owner_of(db: SchoolSession, user: User) -> Owner:
    """Whose account a user of the session's school has."""
    account = db.get_one(Account, user.account_id)
    sso = account.home_school_id is None
    return Owner(account, security_log.users_of(db, account.id) if sso else {user.school_id: user.id})


def _find_sso(db: SchoolSession, email: str) -> Owner | None:
    rows = db.execute(
        select(Account, Membership.school_id, Membership.user_id)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Account.email_key == email_key(email),
            Account.home_school_id.is_(None),
            Account.disabled_at.is_(None),
            Membership.ended_at.is_(None),
        )
        .order_by(Membership.school_id)
    ).all()
    return Owner(rows[0][0], {row.school_id: row.user_id for row in rows}) if rows else None


def link_context(account_id: uuid.UUID) -> str:
    return f"reset link of {account_id}"


def midnight_after(now: dt.datetime, school: SchoolFacts) -> dt.datetime:
    """The end of the day that it is at the school, in UTC: when a link stops working (ACC-01)."""
    today = now.astimezone(school.zone).date()
    midnight = dt.datetime.combine(today + dt.timedelta(days=1), dt.time(), school.zone)
    return midnight.astimezone(dt.UTC)


def send_reset_link(
    db: SchoolSession, school: SchoolFacts, email: str, now: dt.datetime, *, ip: str = ""
) -> bool:
    """Mails a link to set a password, if the address is a user's; earlier links stop working.

    Whether it did is for tests and commands: the page says the same for every address (ACC-02).
    """
    owner = find_owner(db, email)
    if owner is None:
        # written down like a known one's: the two differ neither in work nor in what they wait for
        security_log.write(db, None, {}, "login.link-unknown", now, ip=ip)
        return False
    return mail_link(db, school, owner, now, ip=ip)


def mail_link(
    db: SchoolSession,
    school: SchoolFacts,
    owner: Owner,
    now: dt.datetime,
    *,
    letter: str = "reset-link",
    ip: str = "",
) -> bool:
    """Mails a link to set an account's password, until midnight at the session's `school`; earlier links stop
    working. False where there were too many."""
    account = owner.account
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
            school_id=account.home_school_id,
            created_at=now,
            expires_at=midnight_after(now, school),
        )
    )
    queue_mail(
        db,
        letter,
        to_user=owner.users[school.id],
        now=now,
        account=str(account.id),
        sealed_token=sealed_token(db, account.id, token),
    )
    security_log.write(db, account.id, owner.users, "login.link-sent", now, ip=ip)
    return True


def sealed_token(db: SchoolSession, account_id: uuid.UUID, token: str) -> str:
    """A link's token as an outbox item may hold it: closed for this deployment and this account."""
    return base64.b64encode(db.app.key.seal(token.encode(), link_context(account_id))).decode()


def link_owner(db: SchoolSession, token: str, now: dt.datetime) -> tuple[Account, User] | None:
    """Whose link it is, while it can be used at the session's school."""
    row = db.execute(
        select(Account, User)
        .join(ResetLink, ResetLink.account_id == Account.id)
        .join(User, User.account_id == Account.id)
        .where(*_usable(token, db.school_id, now), User.deactivated_at.is_(None))
    ).first()
    return (row[0], row[1]) if row else None


def sso_link_owner(db: SchoolSession, token: str, now: dt.datetime) -> Owner | None:
    """Whose link it is, while it can be used at the accounts' own host."""
    account = db.scalars(
        select(Account)
        .join(ResetLink, ResetLink.account_id == Account.id)
        .where(*_usable(token, None, now), Account.home_school_id.is_(None))
    ).first()
    users = security_log.users_of(db, account.id) if account else {}
    return Owner(account, users) if account and users else None


def email_change(db: SchoolSession, token: str, now: dt.datetime) -> EmailChange | None:
    """The change of an SSO account's address that a link is for, while it can be used (ACC-04)."""
    return db.scalars(
        select(EmailChange)
        .join(Account, Account.id == EmailChange.account_id)
        .where(
            EmailChange.token_hash == sessions.hashed(token),
            EmailChange.used_at.is_(None),
            EmailChange.expires_at > now,
            Account.disabled_at.is_(None),
        )
    ).first()


def _usable(token: str, school_id: int | None, now: dt.datetime) -> list[ColumnElement[bool]]:
    return [
        ResetLink.token_hash == sessions.hashed(token),
        ResetLink.school_id.is_(None) if school_id is None else ResetLink.school_id == school_id,
        ResetLink.used_at.is_(None),
        ResetLink.expires_at > now,
        Account.disabled_at.is_(None),
    ]


def set_password(
    db: SchoolSession, token: str, password_hash: str, now: dt.datetime, *, ip: str = ""
) -> bool:
    """Uses up a link and sets the password; every session of the account ends. False where the link was
    used meanwhile: of two requests with one link, one wins."""
    found = link_owner(db, token, now)
    if found is None:
        return False
    account, user = found
    return set_password_of(db, Owner(account, {user.school_id: user.id}), token, password_hash, now, ip=ip)


def set_password_of(
    db: SchoolSession, owner: Owner, token: str, password_hash: str, now: dt.datetime, *, ip: str = ""
) -> bool:
    """As `set_password`, for the link of an owner who was found in the same transaction."""
    used = db.execute(
        update(ResetLink)
        .where(ResetLink.token_hash == sessions.hashed(token), ResetLink.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        return False
    replace_password(db, owner, password_hash, now, ip=ip)
    return True


def replace_password(
    db: SchoolSession, owner: Owner, password_hash: str, now: dt.datetime, *, ip: str = ""
) -> None:
    """Sets the password of an account, ends its sessions everywhere, and tells its owner. The session's
    school is one of the owner's."""
    assert db.school_id is not None
    account = owner.account
    account.password_hash = password_hash
    sessions.end_all(db, account.id, now)
    queue_mail(db, "password-set", to_user=owner.users[db.school_id], now=now)
    security_log.write(db, account.id, owner.users, "login.password-set", now, ip=ip)


def hash_new_password(
    app: Application, password: str, account: Account, user: User, school: SchoolFacts
) -> str:
    """Hashes a password after judging it with its owner's words in mind. Raises WeakPassword."""
    return hash_password_of(app, password, account, user.forename, user.surname, school.name)


def hash_password_of(app: Application, password: str, account: Account, *words: str) -> str:
    """Hashes a new password of an account; `words`: more that it must not consist of. Raises WeakPassword."""
    about = (*words, account.email, account.email.partition("@")[0])
    return passwords.hash_password(password, about=about, leaked=app.deployment.leaked_passwords)
