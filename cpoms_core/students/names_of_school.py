"""The names that a school has now, for hiding them (DSH-08)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from threading import Lock
from typing import Any

from sqlalchemy import literal, select, union_all

from cpoms_core.access.models import User
from cpoms_core.students.hiding import NameHider, StaffName, StudentNames
from cpoms_core.students.models import StaffMember, Student
from cpoms_core.tenancy.scope import SchoolSession, built_once

Row = tuple[Any, ...]
Key = tuple[int | None, bytes]
"""A school, and the names that it had."""
KEPT_SCHOOLS = 16
NOTHING = literal("")
_NAMES = built_once(
    union_all(
        select(
            literal(True).label("student"),
            Student.legal_forename.label("a"),
            Student.legal_surname.label("b"),
            Student.preferred_forename.label("c"),
            Student.preferred_surname.label("d"),
            Student.middle_names.label("e"),
        ),
        select(literal(False), User.forename, User.surname, NOTHING, NOTHING, NOTHING),
        select(
            literal(False), StaffMember.forename, StaffMember.surname, StaffMember.title, NOTHING, NOTHING
        ),
    )
)


def hider_of(db: SchoolSession) -> NameHider:
    """What hides the names that the session's school has now, archived students' too. One statement; what is
    made of the names is kept until one of them changes."""
    rows: list[Row] = sorted((row[0], *row[1:]) for row in db.execute(_NAMES))
    key = (db.school_id, blake2b(repr(rows).encode(), digest_size=16).digest())
    with _lock:
        found = _kept.pop(key, None)
        if found is not None:
            _kept[key] = found  # the one that was asked for last stays longest
    return found or _keep(key, _made(rows))


def _keep(key: Key, made: NameHider) -> NameHider:
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT_SCHOOLS:
            del _kept[next(iter(_kept))]
    return made


_kept: dict[Key, NameHider] = {}
_lock = Lock()


def _made(rows: Sequence[Row]) -> NameHider:
    def students() -> Iterator[StudentNames]:
        for student, *names in rows:
            if student:
                yield StudentNames(*names)

    staff = [StaffName(one[1], one[2], one[3]) for one in rows if not one[0]]
    return NameHider(students(), staff)
