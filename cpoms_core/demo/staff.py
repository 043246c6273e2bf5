"""Makes the staff of Hillside."""

from __future__ import annotations

import datetime as dt
import random

from cpoms_core.demo.families import Families, folded
from cpoms_core.demo.names import TITLES_F, TITLES_M
from cpoms_core.demo.people import DemoStaff

STAFF_COUNT = 150
LETTERS = "ABCDEFGHJKLMNPRSTWY"


def make_staff(rng: random.Random) -> tuple[DemoStaff, ...]:
    """150 members of staff; a few have left, a few start later, some have had two contracts."""
    families = Families(rng)
    codes: set[str] = set()
    addresses: set[str] = set()
    staff = []
    for number in range(STAFF_COUNT):
        background = families.background()
        woman = rng.random() < 0.7
        forename = rng.choice(background.girls if woman else background.boys)
        surname = families.surname(background)
        staff.append(
            DemoStaff(
                id=301 + number * 2,
                code=_code(rng, forename, surname, codes),
                title=rng.choice(TITLES_F if woman else TITLES_M),
                forename=forename,
                surname=surname,
                email=_email(forename, surname, addresses),
                contracts=_contracts(rng, number),
            )
        )
    return tuple(staff)


def _code(rng: random.Random, forename: str, surname: str, taken: set[str]) -> str:
    """Three letters, the initials first, that nobody else has."""
    start = (folded(forename)[:1] + folded(surname)[:1]).upper() or "X"
    code = start + rng.choice(LETTERS)
    while code in taken:
        code = start[0] + rng.choice(LETTERS) + rng.choice(LETTERS)
    taken.add(code)
    return code


def _email(forename: str, surname: str, taken: set[str]) -> str:
    local = f"{folded(forename)[:1]}.{folded(surname)}"
    number = 1
    address = f"{local}@hillside.example"
    while address in taken:
        number += 1
        address = f"{local}{number}@hillside.example"
    taken.add(address)
    return address


def _contracts(rng: random.Random, number: int) -> tuple[tuple[dt.date, dt.date | None, bool], ...]:
    start = dt.date(rng.randint(1998, 2025), 9, 1)
    full_time = rng.random() < 0.75
    if number < 4:
        return ((start, dt.date(2026, 8, 31), full_time),)
    if number < 6:
        return ((dt.date(2027, 1, 4), None, full_time),)
    if number < 18:
        return ((start, dt.date(2026, 8, 31), not full_time), (dt.date(2026, 9, 1), None, full_time))
    return ((start, None, full_time),)
