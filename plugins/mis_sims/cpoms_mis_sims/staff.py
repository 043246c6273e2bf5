"""Rows of a staff report to staff records (USR-01)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

from cpoms_core.imports.records import StaffRecord
from cpoms_mis_sims import values
from cpoms_mis_sims.kinds import Recognised
from cpoms_mis_sims.people import Person, Register
from cpoms_mis_sims.problems import Problems, quoted

Value = TypeVar("Value")

SINGLES = {
    "staff_forename": True,
    "staff_surname": True,
    **dict.fromkeys(
        ("staff_preferred_forename", "staff_preferred_surname", "staff_title", "staff_email"), False
    ),
}
CONTRACT = ("staff_start_date", "staff_end_date", "staff_full_time")
TWO_PEOPLE = (
    "Two different members of staff have the id {id}: see also {other}. Check the id column of the report."
)
NAMELESS = "The member of staff has no {part}. Enter it in SIMS and run the report again."


def read_staff(staff: Recognised, problems: Problems) -> tuple[StaffRecord, ...]:
    """The members of staff, in the order of the report. Raises Refused when it cannot be read on."""
    register = Register(problems)
    open_ended: set[str] = set()
    people: dict[str, Person] = {}
    for id, cells in register.identified(staff):
        person = register.enter(people, id, staff.report.where(cells.row.line))
        if other := register.merge(person, cells, SINGLES):
            problems.error(TWO_PEOPLE.format(id=quoted(id), other=person.place(other)), cells.where(other))
        register.merge_several(person, cells, CONTRACT)
        if not cells.one("staff_end_date"):
            open_ended.add(id)
    return tuple(_record(person, person.id in open_ended, problems) for person in people.values())


def fields_of(staff: Recognised) -> frozenset[str]:
    """The fields of StaffRecord that a delivery speaks about."""
    names = {field.name for field in dataclasses.fields(StaffRecord)}
    return frozenset({"mis_id"} | {name for name in names if staff.binding.has(f"staff_{name}")})


def _record(person: Person, open_ended: bool, problems: Problems) -> StaffRecord:
    """One member of staff. The report repeats a person for each contract: the first start counts, and the
    last end unless one contract has none."""
    names = {}
    for part in ("forename", "surname"):
        names[part] = person.text(f"staff_preferred_{part}") or person.text(f"staff_{part}")
        if not names[part]:
            problems.error(
                NAMELESS.format(part=part), dataclasses.replace(person.where, element=part.title())
            )
    starts = _each(person, "staff_start_date", values.date, problems)
    ends = _each(person, "staff_end_date", values.date, problems)
    full_time = _each(person, "staff_full_time", values.full_time, problems)
    return StaffRecord(
        mis_id=person.id,
        forename=names["forename"],
        surname=names["surname"],
        title=person.text("staff_title"),
        email=person.value_or_none("staff_email", values.email, problems) or "",
        start_date=min(starts, default=None),
        end_date=None if open_ended else max(ends, default=None),
        full_time=any(full_time) if full_time else None,
        where=person.where,
    )


def _each(person: Person, name: str, parse: Callable[[str], Value | None], problems: Problems) -> list[Value]:
    """The values of all contracts; an error for each that cannot be one."""
    found = []
    for text, where in person.texts(name).items():
        try:
            value = parse(text)
        except ValueError as error:
            problems.error(f"{quoted(text)} {error}.", where)
            continue
        if value is not None:
            found.append(value)
    return found
