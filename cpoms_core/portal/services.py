"""SSO accounts: made by the operator of accounts at several schools, ended and revived with the users that
they are (ACC-03); and setting their passwords."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from cpoms_core.access import accounts, security_log, sessions, throttle
from cpoms_core.access.accounts import Owner, email_key
from cpoms_core.access.addresses import use_up_links
from cpoms_core.access.identity import read_school, system_viewer
from cpoms_core.access.login import Visitor, end_lock_out
from cpoms_core.access.models import Account, Membership, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.audit.services import record
from cpoms_core.database.types import new_id
from cpoms_core.errors import Refused
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

MADE, ADDED = "sso.made", "sso.school-added"


def make_sso(app: Application, email: str, school_ids: Collection[int]) -> uuid.UUID:
    """Makes one SSO account of the accounts that a person has at several schools, or adds schools to the one
    that they have; returns its id. The e-mail must be an active user's at every one of the schools.

    Each school is converted in a transaction of its own: called again after a failure, it finishes the work.
    The owner is mailed a link to choose a password; keys and passwords of the schools stop working.
    Raises Refused, with what is missing at which school.
    """
    now = utc_now()
    account = _sso_account(app, email)
    served = _served(app, account.id) if account else set()
    schools = _schools(app, [one for one in dict.fromkeys(school_ids) if one not in served])
    if len(served) + len(schools) < 2:
        raise Refused("An SSO account is for several schools: name at least two that the person works at.")
    _refuse_missing(app, email, schools)
    new = account is None
    if account is None:
        account = _new_account(app, email, now)
    for school in schools:
        with app.transaction(school.id) as db:
            _convert(db, account.id, email, now, event=MADE if new else ADDED)
    if account.password_hash is None:
        _mail_first_link(app, account.id, now)
    return account.id


def add_school(app: Application, email: str, school_id: int) -> uuid.UUID:
    """Has an SSO account open one more school, where its e-mail is an active user's. Raises Refused."""
    if _sso_account(app, email) is None:
        raise Refused(f"{email} is no SSO account yet: make one, with all of its schools.")
    return make_sso(app, email, [school_id])


def end_membership(db: SchoolSession, user: User, now: dt.datetime) -> None:
    """A user of the session's school was deactivated: an SSO account does not open it any more. Its sessions
    there end; those at other schools go on."""
    sessions.end_of_user(db, user.id, now)
    _set_ended(db, user, now)


def revive_membership(db: SchoolSession, user: User) -> None:
    """A user of the session's school was reactivated: their SSO account, if it is one, opens it again."""
    _set_ended(db, user, None)


def _set_ended(db: SchoolSession, user: User, moment: dt.datetime | None) -> None:
    db.execute(
        update(Membership)
        .where(Membership.account_id == user.account_id, Membership.school_id == user.school_id)
        .values(ended_at=moment)
        .execution_options(synchronize_session=False)
    )


def send_link(app: Application, email: str, now: dt.datetime) -> bool:
    """Mails a link to set the password of an SSO account, if the address is one's. Whether it did is for
    tests and commands: the page says the same for every address (ACC-02)."""
    with app.session(None, writes=False) as db:
        owner = accounts.find_owner(db, email)
    if owner is None:
        throttle.note_unknown(app, now)  # a write as for a known one
        return False
    with app.transaction(owner.first_school) as db:
        return accounts.mail_link(db, read_school(db), owner, now)


def set_password(app: Application, token: str, password_hash: str, who: Visitor, now: dt.datetime) -> bool:
    """Uses up a link and sets the password of an SSO account; False where the link cannot be used any more:
    of two requests with one link, one wins."""
    with app.session(None, writes=False) as db:
        owner = accounts.sso_link_owner(db, token, now)
    if owner is None:
        return False
    with app.transaction(owner.first_school) as db:
        found = accounts.sso_link_owner(db, token, now)
        if found is None or not accounts.set_password_of(db, found, token, password_hash, now, ip=who.ip):
            return False
        end_lock_out(db, found.account)
    return True


def change_password(
    db: SchoolSession, owner: Owner, password_hash: str, who: Visitor, now: dt.datetime
) -> None:
    """Sets another password for its owner, who gave the present one: every session ends, everywhere."""
    account = db.get_one(Account, owner.account.id)
    accounts.replace_password(db, Owner(account, owner.users), password_hash, now, ip=who.ip)
    use_up_links(db, account.id, now)


# --- making an account -----------------------------------------------------------------------------------


def _sso_account(app: Application, email: str) -> Account | None:
    with app.session(None, writes=False) as db:
        return db.scalars(
            select(Account).where(Account.email_key == email_key(email), Account.home_school_id.is_(None))
        ).first()


def _served(app: Application, account_id: uuid.UUID) -> set[int]:
    with app.session(None, writes=False) as db:
        return set(security_log.users_of(db, account_id))


def _schools(app: Application, school_ids: Sequence[int]) -> list[School]:
    with app.session(None, writes=False) as db:
        found = {school.id: school for school in db.scalars(select(School).where(School.id.in_(school_ids)))}
    missing = [str(one) for one in school_ids if one not in found]
    if missing:
        raise Refused(f"There is no school with the id {', '.join(missing)}.")
    return [found[one] for one in school_ids]


def _refuse_missing(app: Application, email: str, schools: Sequence[School]) -> None:
    missing = []
    for school in schools:
        with app.session(school.id, writes=False) as db:
            if _local_user(db, email) is None:
                missing.append(school.slug)
    if missing:
        raise Refused(
            f"{email} is no active user at {', '.join(missing)}. Add the person there first, with this "
            "e-mail address."
        )


def _local_user(db: SchoolSession, email: str) -> User | None:
    found = accounts.find_user(db, email)
    return found[1] if found else None


def _new_account(app: Application, email: str, now: dt.datetime) -> Account:
    account = Account(
        id=new_id(), home_school_id=None, email=email.strip(), email_key=email_key(email), created_at=now
    )
    try:
        with app.transaction(None) as db:
            db.add(account)
    except IntegrityError:  # made at the same moment
        raise Refused(f"There is an SSO account of {email} already. Please try again.") from None
    return account


def _convert(db: SchoolSession, account_id: uuid.UUID, email: str, now: dt.datetime, *, event: str) -> None:
    """Makes the user of the session's school one of the SSO account's; the user's own account is disabled."""
    user = _local_user(db, email)
    if user is None:
        raise Refused(f"{email} is no active user any more.")
    own = db.get_one(Account, user.account_id)
    sessions.end_all(db, own.id, now)
    use_up_links(db, own.id, now)
    own.disabled_at = now
    user.account_id = account_id
    db.merge(Membership(account_id=account_id, school_id=user.school_id, user_id=user.id, ended_at=None))
    if event == ADDED:
        queue_mail(db, "sso-school-added", to_user=user.id, now=now)
    db.flush()
    record(db, system_viewer(db).through("command line"), event, [user.id])


def _mail_first_link(app: Application, account_id: uuid.UUID, now: dt.datetime) -> None:
    with app.session(None, writes=False) as db:
        users = security_log.users_of(db, account_id)
    with app.transaction(next(iter(users))) as db:
        owner = Owner(db.get_one(Account, account_id), users)
        accounts.mail_link(db, read_school(db), owner, now, letter="sso-made")
