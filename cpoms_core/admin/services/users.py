"""Users (USR-01, USR-02, USR-03): made, changed, deactivated and taken back by administrators, audited."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select

from cpoms_core.access import users
from cpoms_core.access.accounts import LINKS_AN_HOUR, mail_link, owner_of
from cpoms_core.access.addresses import change_address, new_address
from cpoms_core.access.models import Account, User, UserGroup
from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change, keep_an_administrator, refuse_if_changed
from cpoms_core.audit import services as audit
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.keys.services import remove_all_keys
from cpoms_core.students.models import StaffMember
from cpoms_core.tenancy.scope import SchoolSession

LAST_ADMINISTRATOR = (
    "{name} is the only user with a key who has the Administration permission. Give it to another user with "
    "a key first: otherwise nobody could administer the school."
)


class WasDeactivated(Refused):
    """The member of staff had an account, `user_id`, which can be reactivated."""

    def __init__(self, user: User) -> None:
        super().__init__(
            f"{user.name} had an account, which was deactivated. Reactivate it: what they wrote is theirs.",
            field="staff",
        )
        self.user_id = user.id


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user as the form asks for one. `staff_id`: a member of staff of the MIS, whose name they have and,
    with `email` left empty, whose address; else the name is typed. `send_link`: a link to set a password is
    mailed."""

    email: str
    group_id: uuid.UUID | None
    staff_id: uuid.UUID | None = None
    forename: str = ""
    surname: str = ""
    send_link: bool = True


def add_user(db: SchoolSession, viewer: Viewer, new: NewUser) -> uuid.UUID:
    """Makes a user; returns their id. Raises WasDeactivated, Refused, NothingThere."""
    begin_change(db, viewer)
    person = _staff(db, new.staff_id) if new.staff_id else None
    group_id = _group(db, new.group_id)
    names = (person.forename, person.surname) if person else (new.forename, new.surname)
    if person:  # nobody here can put the MIS's spelling right
        names = (users.without_unseen(names[0]), users.without_unseen(names[1]))
    elif not new.surname.strip():
        raise Refused("Give the last name.", field="surname")
    user = users.create_user(
        db,
        email=new.email.strip() or (person.email if person else ""),
        forename=names[0],
        surname=names[1],
        group_id=group_id,
        now=viewer.now(),
        staff_mis_source=person.mis_source if person else None,
        staff_mis_id=person.mis_id if person else None,
    )
    audit.record(
        db, viewer, "user.added", [user.id, group_id], from_mis=person is not None, link=new.send_link
    )
    if new.send_link:
        _send_link(db, viewer, user)
    return user.id


def change_details(
    db: SchoolSession, viewer: Viewer, user_id: uuid.UUID, forename: str, surname: str, email: str, seen: str
) -> None:
    """Changes the name of a user who is not from the MIS, and the address of an identity account.

    seen: the mark of what the page showed (`details_shown`). Raises ChangedMeanwhile, Refused, NothingThere.
    """
    begin_change(db, viewer)
    user = _user(db, user_id)
    account = db.get_one(Account, user.account_id)
    refuse_if_changed("this user", seen, *details_shown(user, account))
    names, changed = (user.forename, user.surname), []
    if user.staff_mis_id is None:
        if not surname.strip():
            raise Refused("Give the last name.", field="surname")
        names = users.typed_name(forename, "forename"), users.typed_name(surname, "surname")
    if account.home_school_id is not None and change_address(
        db, user, email, viewer.now(), changed_by=viewer.user_id
    ):
        changed.append("email")
    if names != (user.forename, user.surname):
        user.forename, user.surname = names
        changed.append("name")
    if changed:
        audit.record(db, viewer, "user.changed", [user_id], fields=changed)
    db.flush()


def details_shown(user: User, account: Account) -> tuple[Any, ...]:
    """What the page of a user's details shows, for its mark."""
    return user.forename, user.surname, account.email


def deactivate_user(db: SchoolSession, viewer: Viewer, user_id: uuid.UUID) -> None:
    """Deactivates a user; their sessions end at once (USR-02). Raises Refused, NothingThere."""
    begin_change(db, viewer)
    user = _user(db, user_id)
    if user.deactivated_at is not None:
        raise Refused("This account is deactivated already.")
    if user.id == viewer.user_id:
        raise Refused("You cannot deactivate your own account. Another administrator can.")
    keep_an_administrator(db, [user.id], LAST_ADMINISTRATOR.format(name=user.name))
    users.deactivate(db, user, viewer.now())
    audit.record(db, viewer, "user.deactivated", [user.id])


def reactivate_user(
    db: SchoolSession,
    viewer: Viewer,
    user_id: uuid.UUID,
    email: str,
    group_id: uuid.UUID | None,
    *,
    send_link: bool,
) -> None:
    """Takes a deactivated user back with an address and a user group (USR-02); an SSO account keeps its own
    address. Raises Refused, NothingThere."""
    begin_change(db, viewer)
    user = _user(db, user_id)
    if user.deactivated_at is None:
        raise Refused("This account is in use already.")
    account, chosen = db.get_one(Account, user.account_id), _group(db, group_id)
    sso = account.home_school_id is None
    if not sso:
        new_address(db, email, owner=account.id)  # given again, the present one is as good as new
    users.reactivate(db, user)
    user.group_id = chosen
    if not sso:
        change_address(db, user, email, viewer.now(), changed_by=viewer.user_id)
    audit.record(db, viewer, "user.reactivated", [user.id, user.group_id], link=send_link and not sso)
    if send_link and not sso:
        _send_link(db, viewer, user)


def send_link(db: SchoolSession, viewer: Viewer, user_id: uuid.UUID) -> None:
    """Mails a user a link to set their password (ACC-01). Raises Refused, NothingThere."""
    begin_change(db, viewer)
    user = _user(db, user_id)
    if user.deactivated_at is not None:
        raise Refused("This account is deactivated, so no link was sent. Reactivate it first.")
    if db.get_one(Account, user.account_id).home_school_id is None:
        raise Refused("This account is used at several schools. Its owner asks for a link on its own page.")
    _send_link(db, viewer, user)
    audit.record(db, viewer, "user.link-sent", [user.id])


def remove_keys(db: SchoolSession, viewer: Viewer, user_id: uuid.UUID, *, understood: bool) -> int:
    """Removes every key of a user, who then logs in with the password only (ACC-11); answers how many.
    `understood`: the notice about it was ticked. Raises Refused, NothingThere."""
    begin_change(db, viewer)
    user = _user(db, user_id)
    if not understood:
        raise Refused("Tick that you have read and understand the notice.", field="understood")
    keep_an_administrator(db, [user.id], LAST_ADMINISTRATOR.format(name=user.name))
    return remove_all_keys(db, viewer, user.account_id)


def _send_link(db: SchoolSession, viewer: Viewer, user: User) -> None:
    if not mail_link(db, viewer.school, owner_of(db, user), viewer.now()):
        raise Refused(
            f"{LINKS_AN_HOUR} links were mailed to this address within the hour, so no other was sent. The "
            "newest of them works until midnight."
        )


def _user(db: SchoolSession, user_id: uuid.UUID) -> User:
    user = db.get(User, (db.school_id, user_id))
    if user is None:
        raise NothingThere
    return user


def _group(db: SchoolSession, group_id: uuid.UUID | None) -> uuid.UUID:
    if group_id is None or db.get(UserGroup, (db.school_id, group_id)) is None:
        raise Refused("Choose a user group.", field="group")
    return group_id


def _staff(db: SchoolSession, staff_id: uuid.UUID) -> StaffMember:
    """A member of staff who has no account. Raises WasDeactivated and Refused."""
    row = db.execute(
        select(StaffMember, User)
        .outerjoin(
            User,
            and_(User.staff_mis_source == StaffMember.mis_source, User.staff_mis_id == StaffMember.mis_id),
        )
        .where(StaffMember.id == staff_id)
    ).first()
    if row is None:
        raise Refused("Choose a member of staff of the list.", field="staff")
    person, user = row
    if user is not None and user.deactivated_at is not None:
        raise WasDeactivated(user)
    if user is not None:
        raise Refused(f"{user.name} has an account already.", field="staff")
    return person  # type: ignore[no-any-return]
