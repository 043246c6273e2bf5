"""The people of Hillside as plain values; texts are as SIMS displays them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

Address = tuple[str, str, str, str]  # house number, street, town, postcode


@dataclass(frozen=True, slots=True)
class DemoContact:
    """A contact of all children of a family."""

    id: int
    title: str
    forename: str
    surname: str
    relationship: str
    priority: int
    responsible: bool
    phones: tuple[str, ...]
    email: str
    address: Address


@dataclass(slots=True)
class DemoStudent:
    """A student of Hillside."""

    id: int
    admission_number: str
    upn: str
    forename: str
    surname: str
    girl: bool
    born: dt.date
    year: int
    admitted: dt.date
    ethnicity: str
    religion: str
    language: str
    address: Address
    contacts: tuple[DemoContact, ...]
    form: str = ""
    preferred_forename: str = ""
    preferred_surname: str = ""
    middle_names: str = ""
    sen: str = "N"
    needs: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    pupil_premium: bool = False
    free_meals: bool = False
    siblings: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """A member of staff of Hillside. `contracts` are (start, end, full time)."""

    id: int
    code: str
    title: str
    forename: str
    surname: str
    email: str
    contracts: tuple[tuple[dt.date, dt.date | None, bool], ...]


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """All people of Hillside."""

    students: tuple[DemoStudent, ...]
    staff: tuple[DemoStaff, ...]
