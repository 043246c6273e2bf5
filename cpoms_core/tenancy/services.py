"""Making schools, and what each starts with."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from sqlalchemy import bindparam, select, update

from cpoms_core.access.models import GroupCategory, GroupPermission, UserGroup
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.deployment import ACCOUNTS
from cpoms_core.errors import Refused
from cpoms_core.incidents.models import Agency, Category
from cpoms_core.tenancy.models import Counter, ModuleSwitch, School, Setting
from cpoms_core.tenancy.scope import SchoolSession, built_once

if TYPE_CHECKING:
    from cpoms_core.hooks.relay import PluginSession

COUNTERS = ("incident", "import", "document")
"""Rising numbers that every school starts with: of its incidents, and of the imports applied."""
SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
ACCENT = re.compile(r"#[0-9a-fA-F]{6}")
LONGEST_NAME = 200


def create_school(
    app: Application,
    slug: str,
    name: str,
    *,
    now: dt.datetime,
    time_zone: str = "Europe/London",
    accent: str = "#0b5c7a",
) -> int:
    """Makes a school with its key for files; returns its id. accent: a colour, `#rrggbb`. Raises Refused."""
    name = " ".join(name.split())
    _refuse_facts(name, time_zone, accent)
    if not SLUG.fullmatch(slug):
        raise Refused("Use small letters, digits and hyphens for the school's address, as in 'hillside'.")
    if slug == ACCOUNTS:
        raise Refused(f"{slug!r} is the address of the accounts of several schools. Choose another.")
    with app.transaction(None) as db:
        if db.scalar(select(School.id).where(School.slug == slug)) is not None:
            raise Refused(f"There is already a school at the address {slug!r}. Choose another.")
        school = School(slug=slug, name=name, time_zone=time_zone, accent=accent, created_at=now)
        db.add(school)
        db.flush()
        school.file_key = app.key.new_file_key(school.id)
        school_id = school.id
    with app.transaction(school_id) as db:
        db.add_all(Counter(school_id=school_id, name=name, value=0) for name in COUNTERS)
    return school_id


def _refuse_facts(name: str, time_zone: str, accent: str) -> None:
    """Refuses what the school's pages, links and mails could not be made of."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(f"Give the school a name of at most {LONGEST_NAME} characters.", field="name")
    if time_zone not in available_timezones():
        raise Refused(f"There is no time zone {time_zone!r}. One looks like 'Europe/London'.", "time_zone")
    if not ACCENT.fullmatch(accent):
        raise Refused("Give the colour as '#' and six digits or letters a to f, as in '#0b5c7a'.", "accent")


NEXT = built_once(
    update(Counter)
    .where(Counter.name == bindparam("counter"))
    .values(value=Counter.value + bindparam("further"))
    .returning(Counter.value)
    .execution_options(synchronize_session=False)
)


def next_number(db: SchoolSession, name: str) -> int:
    """The next of a rising number without gaps: the row is locked until the transaction ends, and a failed
    one gives its number back."""
    return next_numbers(db, name, 1).start


def next_numbers(db: SchoolSession | PluginSession, name: str, count: int) -> range:
    """As `next_number`, for so many at once. The numbers of `document` are the document IDs that people see
    (EDT-10), of the core's files and of modules'."""
    last = db.execute(NEXT, {"counter": name, "further": count}).scalar()
    assert last is not None, "every school starts with its counters"
    return range(last - count + 1, last + 1)


def switch_module(db: SchoolSession, name: str, enabled: bool, now: dt.datetime) -> None:
    """Turns a module's switch. Its hooks are told by `modules.services.switch`."""
    row = db.get(ModuleSwitch, (db.school_id, name))
    if row is None:
        db.add(ModuleSwitch(school_id=db.school_id, module=name, enabled=enabled, changed_at=now))
    else:
        row.enabled, row.changed_at = enabled, now
    db.flush()


def change_setting(db: SchoolSession, name: str, text: str) -> None:
    """Sets a school's setting from what a person typed. Raises Refused."""
    spec = db.app.settings[name]
    try:
        value = spec.parse(text)
    except ValueError as error:
        raise Refused(str(error), field=name) from None
    choices = spec.offered(db) if spec.offered else spec.choices
    if choices and value not in dict(choices):
        raise Refused("Choose one of the list.", field=name)
    row = db.get(Setting, (db.school_id, name))
    if row is None:
        db.add(Setting(school_id=db.school_id, name=name, value=value))
    else:
        row.value = value


def add_category(
    db: SchoolSession, name: str, *, parent: uuid.UUID | None = None, colour: str = "#66788a"
) -> uuid.UUID:
    """Adds a category; nobody has a right to it yet."""
    row = Category(school_id=db.school_id, id=new_id(), name=name, parent_id=parent, colour=colour)
    db.add(row)
    db.flush()
    return row.id


def add_agency(db: SchoolSession, name: str) -> uuid.UUID:
    """Adds an agency."""
    row = Agency(school_id=db.school_id, id=new_id(), name=name)
    db.add(row)
    return row.id


def add_group(
    db: SchoolSession,
    name: str,
    permissions: tuple[str, ...],
    rights: dict[uuid.UUID, tuple[bool, bool, bool]],
) -> uuid.UUID:
    """Adds a user group. `rights`: category -> (view students, view incidents, add incidents)."""
    group = UserGroup(school_id=db.school_id, id=new_id(), name=name)
    db.add(group)
    db.flush()
    for permission in permissions:
        db.add(GroupPermission(school_id=db.school_id, group_id=group.id, permission=permission))
    for category, (view_students, view_incidents, add_incidents) in rights.items():
        db.add(
            GroupCategory(
                school_id=db.school_id,
                group_id=group.id,
                category_id=category,
                view_students=view_students,
                view_incidents=view_incidents,
                add_incidents=add_incidents,
            )
        )
    db.flush()
    return group.id
