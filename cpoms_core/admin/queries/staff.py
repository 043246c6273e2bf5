"""The staff of the MIS who could become users (USR-01)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import and_, or_, select

from cpoms_core.access.models import User
from cpoms_core.students.models import StaffMember
from cpoms_core.students.names import fold
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class StaffChoice:
    """A member of staff without an account that is in use. `why_not`: what keeps them off the list unless it
    is asked for; `user_id`: their deactivated account."""

    id: uuid.UUID
    name: str
    note: str
    why_not: frozenset[str]
    user_id: uuid.UUID | None


@dataclass(slots=True)
class StaffOffered:
    """The staff that a form offers, and how many more there are for each reason they are left out."""

    choices: list[StaffChoice] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


WHY_NOT = {"part-time": "who work part time", "later": "who start later", "left": "who have left"}
"""Why a member of staff is not offered at first (USR-01), in the words of the form."""


def staff_offered(db: SchoolSession, today: dt.date, also: Iterable[str] = ()) -> StaffOffered:
    """Staff of the MIS who have no account, by name: those whose start date has come and who work full time,
    and those of WHY_NOT that are asked for. Who the MIS says nothing about counts as full time. One query."""
    asked, offered = frozenset(also), StaffOffered(left_out=dict.fromkeys(WHY_NOT, 0))
    rows = db.execute(
        select(StaffMember, User.id)
        .outerjoin(
            User,
            and_(User.staff_mis_source == StaffMember.mis_source, User.staff_mis_id == StaffMember.mis_id),
        )
        .where(or_(User.id.is_(None), User.deactivated_at.is_not(None)))
    ).all()
    for person, user_id in sorted(rows, key=lambda row: (fold(row[0].surname), fold(row[0].forename))):
        why_not = _why_not(person, today)
        for reason in why_not:
            offered.left_out[reason] += 1
        if why_not <= asked:
            offered.choices.append(
                StaffChoice(
                    person.id,
                    f"{person.forename} {person.surname}".strip(),
                    _note(person, why_not, user_id),
                    why_not,
                    user_id,
                )
            )
    return offered


def _why_not(person: StaffMember, today: dt.date) -> frozenset[str]:
    reasons = {
        "part-time": person.full_time is False,
        "later": person.start_date is not None and person.start_date > today,
        "left": person.left_at is not None or (person.end_date is not None and person.end_date < today),
    }
    return frozenset(reason for reason, holds in reasons.items() if holds)


def _note(person: StaffMember, why_not: Iterable[str], user_id: uuid.UUID | None) -> str:
    """What tells the choice apart from others of the same name, and what is unusual about it."""
    words = {
        "part-time": "part time",
        "later": f"starts {person.start_date:%d %b %Y}" if person.start_date else "",
        "left": "has left",
    }
    parts = [person.title, person.email, *(words[reason] for reason in sorted(why_not))]
    if user_id is not None:
        parts.append("account deactivated")
    return ", ".join(filter(None, parts))
