"""Schools for tests, made by the product's own services: users of each access, categories, students."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select

from cpoms_core.access import identity, passwords, sessions
from cpoms_core.access.models import Account, User
from cpoms_core.access.users import create_alert_group, create_user
from cpoms_core.access.viewer import Access, Viewer, utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.keys import soft_keys
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.students.names import fold
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import (
    add_agency,
    add_category,
    add_group,
    create_school,
    switch_module,
)

_slugs = itertools.count(1)
PASSWORD = "-".join(secrets.token_hex(3) for _ in range(4))
"""The password of every test user, another in each run."""
_password_hash = ""
ALL = (True, True, True)
ADD_ONLY = (False, False, True)


@dataclass(slots=True)
class SchoolForTests:
    """A school with a lead (elevated, every category), an admin (elevated, Behaviour only), a head of year
    (elevated, Behaviour and Attendance) and a teacher (no key, may add to every category)."""

    app: Application
    id: int
    slug: str
    categories: dict[str, uuid.UUID] = field(default_factory=dict)
    agencies: dict[str, uuid.UUID] = field(default_factory=dict)
    groups: dict[str, uuid.UUID] = field(default_factory=dict)
    users: dict[str, uuid.UUID] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    keys: dict[str, uuid.UUID] = field(default_factory=dict)
    students: dict[str, uuid.UUID] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return f"{self.slug}.{self.app.deployment.domain}"

    def viewer(self, who: str, *, elevated: bool | None = None) -> Viewer:
        """One of the school's users as a viewer: elevated if they have a key, unless said otherwise."""
        with self.app.session(self.id, writes=False) as db:
            user = db.get_one(User, (self.id, self.users[who]))
            keyed = who in self.secrets
            access: Access = "elevated" if (keyed if elevated is None else elevated) else "restricted"
            return identity.viewer_of(
                db,
                user,
                access,
                school=identity.read_school(db),
                modules=identity.modules_on(db),
                has_key=keyed,
            )

    def session_token(self, who: str, *, elevated: bool | None = None) -> str:
        """The cookie's value of a new session of one of the users."""
        keyed = who in self.secrets
        access: Access = "elevated" if (keyed if elevated is None else elevated) else "restricted"
        with self.app.transaction(self.id) as db:
            user = db.get_one(User, (self.id, self.users[who]))
            key_id = self.keys[who] if access == "elevated" else None
            return sessions.begin(
                db, user, access, ip="127.0.0.1", browser="test", now=utc_now(), key_id=key_id
            )


def make_school(app: Application, *, modules: Collection[str] | None = None) -> SchoolForTests:
    """Makes a school that no other test has. modules: the names of those that are on; None is all of them."""
    now = utc_now()
    slug = f"school-{os.getpid()}-{next(_slugs)}-{secrets.token_hex(2)}"
    school = SchoolForTests(app, create_school(app, slug, f"School {slug}", now=now), slug)
    with app.transaction(school.id) as db:
        _fill(db, school, now)
        for name in app.modules:
            switch_module(db, name, modules is None or name in modules, now)
    return school


def _fill(db: SchoolSession, school: SchoolForTests, now: dt.datetime) -> None:
    names = school.categories
    for name in ("Behaviour", "Attendance", "Child Protection", "Medical"):
        names[name] = add_category(db, name, colour="#7a1f3d" if name == "Child Protection" else "#1f5c7a")
    names["Bullying"] = add_category(db, "Bullying", parent=names["Behaviour"])
    for name in ("Social care", "Police"):
        school.agencies[name] = add_agency(db, name)
    everything = (
        "students:list",
        "students:details",
        "incidents:add",
        "incidents:edit",
        "reports:run",
        "files:attach",
    )
    some = {names[n]: ALL for n in ("Behaviour", "Bullying", "Attendance")}
    school.groups = {
        "Safeguarding": add_group(
            db, "Safeguarding", (*everything, "admin"), dict.fromkeys(names.values(), ALL)
        ),
        "Heads of year": add_group(db, "Heads of year", everything, some),
        "Administrators": add_group(
            db, "Administrators", ("students:list", "admin"), {names["Behaviour"]: (True, False, False)}
        ),
        "Teachers": add_group(
            db, "Teachers", ("incidents:add", "files:attach"), dict.fromkeys(names.values(), ADD_ONLY)
        ),
    }
    for who, forename, group, keyed in (
        ("lead", "Lena", "Safeguarding", True),
        ("head", "Hugo", "Heads of year", True),
        ("admin", "Ada", "Administrators", True),
        ("teacher", "Tariq", "Teachers", False),
        ("colleague", "Cleo", "Teachers", False),
    ):
        add_user(db, school, who, forename, school.groups[group], keyed, now)
    create_alert_group(db, "DSLs", [school.users["lead"], school.users["head"]])
    for who, forename, surname, tutor in (
        ("aoife", "Aoife", "O'Connor", "7A"),
        ("björn", "Björn", "Ångström", "7A"),
        ("chloe", "Chloë", "Martin-Smith", "8B"),
    ):
        school.students[who] = add_student(db, forename, surname, tutor=tutor)


def add_user(
    db: SchoolSession,
    school: SchoolForTests,
    who: str,
    forename: str,
    group: uuid.UUID,
    keyed: bool,
    now: dt.datetime,
) -> None:
    """Adds a user of one of the school's groups, with a key (`keyed`) or without."""
    global _password_hash  # noqa: PLW0603 - argon2 is slow on purpose: once a run
    _password_hash = _password_hash or passwords.hash_password(PASSWORD)
    email = f"{who}@{school.slug}.example"
    user = create_user(
        db,
        email=email,
        forename=forename,
        surname=who.capitalize(),
        group_id=group,
        now=now,
        sees_ungrouped=who == "lead",
    )
    db.get_one(Account, user.account_id).password_hash = _password_hash
    school.users[who], school.emails[who] = user.id, email
    if keyed:
        new = soft_keys.NewKey.make()
        school.secrets[who], school.keys[who] = new.secret, new.id
        soft_keys.add_key(db, user.account_id, "Phone", new, 0, now)


def add_student(
    db: SchoolSession, forename: str, surname: str, *, tutor: str = "", archived: bool = False
) -> uuid.UUID:
    """Adds a student as an import would have, in a tutor and a year group."""
    now = utc_now()
    student = Student(
        school_id=db.school_id, id=new_id(), mis_source="sims", mis_id=secrets.token_hex(6), mis_hash="",
        legal_forename=forename, legal_surname=surname, surname_key=fold(surname),
        forename_key=fold(forename), search_text=fold(f"{forename} {surname}"), year_group=tutor[:1],
        tutor_group=tutor, created_at=now, archived_at=now if archived else None,
    )  # fmt: skip
    db.add(student)
    db.flush()
    for kind, name in (("tutor", tutor), ("year", tutor[:1])):
        if name:
            _join(db, student.id, kind, name)
    return student.id


def _join(db: SchoolSession, student_id: uuid.UUID, kind: str, name: str) -> None:
    same = select(StudentGroup).where(StudentGroup.kind == kind, StudentGroup.name == name)
    group = db.scalars(same).first()
    if group is None:
        group = StudentGroup(school_id=db.school_id, id=new_id(), kind=kind, name=name)
        db.add(group)
        db.flush()
    db.add(GroupMember(school_id=db.school_id, group_id=group.id, student_id=student_id))
    db.flush()
