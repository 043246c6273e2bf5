"""The addresses of an SSO account: the one that it logs in with, and one for the mails of each school. Either
changes when a link that was mailed to the new address is confirmed; the old address is told (ACC-04)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from cpoms_core.access import accounts, security_log, sessions
from cpoms_core.access.accounts import email_key
from cpoms_core.access.addresses import plain_address, refuse_foreign_domain, use_up_links
from cpoms_core.access.identity import read_school
from cpoms_core.access.models import Account, EmailChange, Membership, User
from cpoms_core.application import Application
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.outbox.services import queue_mail
from cpoms_core.portal.identity import OwnSchool, Portal
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

TAKEN = "Another account has this e-mail address."
TOO_MANY = "Too many links were sent within the last hour. Please try again later."


def ask_email(app: Application, portal: Portal, text: str, now: dt.datetime) -> str:
    """Mails a link to an address that the account is to log in with; returns the address. Raises Refused."""
    email = plain_address(text)
    if email_key(email) == email_key(portal.email):
        raise Refused("This is the address that the account has.", field="email")
    refuse_email(app, portal.account_id, portal.users, email)
    with app.transaction(portal.first_school.id) as db:
        _mail_link(db, portal, email, "confirm-email", None, now)
        security_log.write(db, portal.account_id, portal.users, "account.email-asked", now)
    return email


def ask_alerts(
    app: Application, portal: Portal, school: OwnSchool, text: str, now: dt.datetime
) -> str | None:
    """Mails a link to an address that one school's mails are to go to; returns it. None where it is the
    account's own, which needs no link. Raises Refused."""
    email = plain_address(text)
    if email_key(email) == email_key(school.alert_email or portal.email):
        raise Refused("The mails of this school go to this address already.", field="email")
    with app.transaction(school.id) as db:
        if email_key(email) == email_key(portal.email):
            _set_alerts(db, portal.account_id, None, now)
            return None
        refuse_foreign_domain(db, email)
        _mail_link(db, portal, email, "confirm-alerts", school, now)
    return email


def refuse_email(app: Application, account_id: uuid.UUID, users: security_log.Users, email: str) -> None:
    """Refuses an address that another SSO account or another user of one of its schools has, or that one of
    its schools does not let in (USR-11). Raises Refused."""
    with app.session(None, writes=False) as db:
        taken = select(Account.id).where(
            Account.email_key == email_key(email), Account.home_school_id.is_(None), Account.id != account_id
        )
        if db.scalar(taken) is not None:
            raise Refused(TAKEN, field="email")
    for school_id in users:
        with app.session(school_id, writes=False) as db:
            refuse_foreign_domain(db, email)
            other = (
                select(User.id)
                .join(Account, Account.id == User.account_id)
                .where(Account.email_key == email_key(email), Account.id != account_id)
            )
            if db.scalar(other.limit(1)) is not None:
                raise Refused(TAKEN, field="email")


def _mail_link(
    db: SchoolSession, portal: Portal, email: str, letter: str, school: OwnSchool | None, now: dt.datetime
) -> None:
    """Writes a link to confirm an address and mails it there; an earlier one for the same purpose stops."""
    of_purpose = [
        EmailChange.account_id == portal.account_id,
        EmailChange.school_id.is_(None) if school is None else EmailChange.school_id == school.id,
    ]
    recent = (
        select(func.count())
        .select_from(EmailChange)
        .where(
            EmailChange.account_id == portal.account_id, EmailChange.created_at > now - dt.timedelta(hours=1)
        )
    )
    if (db.scalar(recent) or 0) >= accounts.LINKS_AN_HOUR:
        raise Refused(TOO_MANY, field="email")
    db.execute(
        update(EmailChange)
        .where(*of_purpose, EmailChange.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    token = secrets.token_urlsafe(32)
    db.add(
        EmailChange(
            token_hash=sessions.hashed(token),
            account_id=portal.account_id,
            school_id=school.id if school else None,
            email=email,
            created_at=now,
            expires_at=accounts.midnight_after(now, read_school(db)),
        )
    )
    queue_mail(
        db,
        letter,
        to_user=(school or portal.first_school).user_id,
        now=now,
        address=email,
        account=str(portal.account_id),
        sealed_token=accounts.sealed_token(db, portal.account_id, token),
    )


def asked_change(app: Application, token: str, now: dt.datetime) -> tuple[EmailChange, str | None] | None:
    """The change that a link would make, and the name of the school whose mails it is about (None: the
    address to log in with), while the link can be used."""
    with app.session(None, writes=False) as db:
        change = accounts.email_change(db, token, now)
        if change is None:
            return None
        name = db.scalar(select(School.name).where(School.id == change.school_id))
        return change, name


def confirm(app: Application, token: str, now: dt.datetime, *, ip: str = "") -> EmailChange:
    """Makes the change that a link was mailed for: of two requests with one link, one wins. Raises Refused
    where the address was taken meanwhile, NothingThere for a link that cannot be used."""
    found = asked_change(app, token, now)
    if found is None:
        raise NothingThere
    change = found[0]
    with app.session(None, writes=False) as db:
        users = security_log.users_of(db, change.account_id)
    school_id = change.school_id if change.school_id is not None else next(iter(users), None)
    if school_id not in users:
        raise NothingThere
    if change.school_id is None:
        refuse_email(app, change.account_id, users, change.email)
    with app.transaction(school_id) as db:
        if not _use_up(db, token, now):
            raise NothingThere
        if change.school_id is None:
            _set_email(db, change, users, now, ip)
        else:
            _set_alerts(db, change.account_id, change.email, now, ip=ip)
    return change


def _use_up(db: SchoolSession, token: str, now: dt.datetime) -> bool:
    used = db.execute(
        update(EmailChange)
        .where(EmailChange.token_hash == sessions.hashed(token), EmailChange.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(used.rowcount == 1)  # type: ignore[attr-defined]


def _set_email(
    db: SchoolSession, change: EmailChange, users: security_log.Users, now: dt.datetime, ip: str
) -> None:
    assert db.school_id is not None
    account = db.get_one(Account, change.account_id)
    old = account.email
    try:
        with db.begin_nested():
            account.email, account.email_key = change.email, email_key(change.email)
            db.flush()
    except IntegrityError:
        raise Refused(TAKEN) from None
    use_up_links(db, account.id, now)  # what was mailed to the old address
    queue_mail(db, "email-changed", to_user=users[db.school_id], now=now, address=old)
    security_log.write(db, account.id, users, "account.email-changed", now, ip=ip)


def _set_alerts(
    db: SchoolSession, account_id: uuid.UUID, email: str | None, now: dt.datetime, *, ip: str = ""
) -> None:
    """Where the mails of the session's school go from now on; None: to the account's own address."""
    assert db.school_id is not None
    membership = db.get_one(Membership, (account_id, db.school_id))
    old = membership.alert_email or db.get_one(Account, account_id).email
    membership.alert_email = email
    queue_mail(db, "alerts-changed", to_user=membership.user_id, now=now, address=old)
    users = {db.school_id: membership.user_id}
    security_log.write(db, account_id, users, "account.alerts-changed", now, ip=ip)
