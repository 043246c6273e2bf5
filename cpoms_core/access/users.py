"""Users of a school: made, deactivated and taken back. Who may do that, and the audit of it, is for those who
call: the administration, an import, an operator's command."""

from __future__ import annotations

import datetime as dt
import unicodedata
import uuid

from sqlalchemy.exc import IntegrityError

from cpoms_core.access.accounts import email_key
from cpoms_core.access.addresses import TAKEN, new_address, use_up_links
from cpoms_core.access.models import Account, AlertGroup, AlertGroupMember, User
from cpoms_core.access.models.users import LONGEST_NAME
from cpoms_core.database.types import new_id
from cpoms_core.errors import Refused
from cpoms_core.portal.services import end_membership, revive_membership
from cpoms_core.tenancy.scope import SchoolSession

JOINERS = "\u200c\u200d"  # belong to how some names are written
UNSEEN = ("Cc", "Cf", "Cs")  # controls, marks that change the direction of what follows, half characters


def create_user(
    db: SchoolSession,
    *,
    email: str,
    forename: str,
    surname: str,
    group_id: uuid.UUID,
    now: dt.datetime,
    sees_ungrouped: bool = False,
    staff_mis_source: str | None = None,
    staff_mis_id: str | None = None,
) -> User:
    """Makes a user with an identity account. Nobody is handed a password (ACC-01). Raises Refused.

    staff_mis_source, staff_mis_id: the member of staff that the MIS has of them, if it has one.
    """
    email = new_address(db, email)
    forename, surname = typed_name(forename, "forename"), typed_name(surname, "surname")
    if not (forename or surname):
        raise Refused("Give a name.", field="surname")
    account = Account(
        id=new_id(), home_school_id=db.school_id, email=email, email_key=email_key(email), created_at=now
    )
    try:
        with db.begin_nested():
            db.add(account)
            db.flush()
    except IntegrityError:  # another request was faster
        raise Refused(TAKEN, field="email") from None
    user = User(
        school_id=db.school_id,
        id=new_id(),
        account_id=account.id,
        group_id=group_id,
        forename=forename,
        surname=surname,
        created_at=now,
        sees_ungrouped=sees_ungrouped,
        staff_mis_source=staff_mis_source,
        staff_mis_id=staff_mis_id,
    )
    db.add(user)
    db.flush()
    return user


def deactivate(db: SchoolSession, user: User, now: dt.datetime) -> None:
    """Deactivates a user (USR-02): their sessions end at once, links mailed to them stop working, an SSO
    account no longer serves this school. What they wrote, their alerts and their places in groups stay."""
    user.deactivated_at = now
    end_membership(db, user, now)
    if db.get_one(Account, user.account_id).home_school_id is not None:
        use_up_links(db, user.account_id, now)
    db.flush()


def reactivate(db: SchoolSession, user: User) -> None:
    """Takes a deactivated user back (USR-02), with the password and the keys that they had."""
    user.deactivated_at = None
    revive_membership(db, user)
    db.flush()


def typed_name(text: str, field: str) -> str:
    """A part of a person's name as it was typed, with single spaces. Raises Refused."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if len(name) > LONGEST_NAME:
        raise Refused(f"Use at most {LONGEST_NAME} characters.", field=field)
    if name != without_unseen(name):
        raise Refused(
            "This has characters that nobody can see, most likely from where it was copied. Type it instead.",
            field=field,
        )
    return name


def without_unseen(name: str) -> str:
    """A name without characters that nobody can see, and that could make it look like another."""
    return "".join(
        letter for letter in name if letter in JOINERS or unicodedata.category(letter) not in UNSEEN
    )


def create_alert_group(db: SchoolSession, name: str, members: list[uuid.UUID]) -> uuid.UUID:
    """Makes an alert group of users (USR-06)."""
    group = AlertGroup(school_id=db.school_id, id=new_id(), name=name)
    db.add(group)
    db.flush()
    for member in members:
        db.add(AlertGroupMember(school_id=db.school_id, group_id=group.id, user_id=member))
    db.flush()
    return group.id
