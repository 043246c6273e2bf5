"""The demonstration's users, made from the staff that were imported, with passwords made on this machine."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import or_, select

from cpoms_core.access import passwords
from cpoms_core.access.models import Account, User
from cpoms_core.access.users import create_alert_group, create_user
from cpoms_core.demo.tree import ADMINISTRATORS, HEADS, SAFEGUARDING, SUPPORT, TEACHERS, Tree
from cpoms_core.keys import soft_keys
from cpoms_core.students.models import StaffMember
from cpoms_core.tenancy.scope import SchoolSession

LEAD, DEPUTY, ADMINISTRATOR, TEACHER = (
    "Designated safeguarding lead",
    "Deputy safeguarding lead",
    "Administrator",
    "Teacher",
)
HEAD = "Head of year"
STAFF: tuple[tuple[str, str, int, bool], ...] = (
    (LEAD, SAFEGUARDING, 1, True),
    (DEPUTY, SAFEGUARDING, 1, True),
    (ADMINISTRATOR, ADMINISTRATORS, 1, True),
    (HEAD, HEADS, 3, True),
    (TEACHER, TEACHERS, 10, False),
    ("Teaching assistant", SUPPORT, 2, False),
)
"""Role, user group, how many, and whether they have a key."""
SYLLABLES = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]


@dataclass(frozen=True, slots=True)
class Login:
    """What one of the demonstration's users logs in with. secret, otpauth: empty without a key."""

    role: str
    email: str
    password: str
    secret: str = ""
    otpauth: str = ""


@dataclass(slots=True)
class Staffed:
    """The users of a demonstration school by role, and their log-ins."""

    users: dict[str, list[uuid.UUID]] = field(default_factory=dict)
    logins: list[Login] = field(default_factory=list)

    def first(self, role: str) -> uuid.UUID:
        return self.users[role][0]

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(login) for login in self.logins]


def hire(db: SchoolSession, tree: Tree, school_name: str, now: dt.datetime) -> Staffed:
    """Gives accounts to members of staff of the session's school, and makes its alert groups."""
    staffed = Staffed()
    people = _present_staff(db, now)
    for role, group, count, keyed in STAFF:
        for person in islice(people, count):
            login = _hire(db, person, tree.groups[group], role, school_name, keyed, now, staffed)
            staffed.logins.append(login)
    heads = staffed.users.get(HEAD, [])
    team = [staffed.first(LEAD), *staffed.users.get(DEPUTY, [])]
    create_alert_group(db, "DSLs", team)
    create_alert_group(db, "Senior leadership", [staffed.first(LEAD), *heads[:1]])
    if heads:
        create_alert_group(db, "Heads of year", heads)
    return staffed


def new_password() -> str:
    """Three made-up words, 55 bits: strong, and easy to type from a terminal."""
    return "-".join("".join(secrets.choice(SYLLABLES) for _ in range(3)) for _ in range(3))


def _present_staff(db: SchoolSession, now: dt.datetime) -> Iterator[StaffMember]:
    """Staff with an address who work at the school today, in a stable order."""
    today = now.date()
    yield from db.scalars(
        select(StaffMember)
        .where(
            StaffMember.left_at.is_(None),
            StaffMember.email != "",
            or_(StaffMember.start_date.is_(None), StaffMember.start_date <= today),
            or_(StaffMember.end_date.is_(None), StaffMember.end_date > today),
        )
        .order_by(StaffMember.start_date, StaffMember.surname, StaffMember.forename, StaffMember.id)
    ).all()


def _hire(
    db: SchoolSession,
    person: StaffMember,
    group: uuid.UUID,
    role: str,
    school_name: str,
    keyed: bool,
    now: dt.datetime,
    staffed: Staffed,
) -> Login:
    user: User = create_user(
        db, email=person.email, forename=person.forename, surname=person.surname, group_id=group, now=now,
        sees_ungrouped=role in (LEAD, DEPUTY), staff_mis_source=person.mis_source, staff_mis_id=person.mis_id,
    )  # fmt: skip
    password = new_password()
    db.get_one(Account, user.account_id).password_hash = passwords.hash_password(password)
    staffed.users.setdefault(role, []).append(user.id)
    if not keyed:
        return Login(role, person.email, password)
    key = soft_keys.NewKey.make()
    soft_keys.add_key(db, user.account_id, "Demonstration", key, 0, now)
    address = soft_keys.provisioning_address(key.secret, email=person.email, school_name=school_name)
    return Login(role, person.email, password, key.secret, address)
