"""Accounts of staff who are no longer in the automatic extract (USR-10)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, func, literal, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.users import deactivate
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.imports.records import Extract, Problem
from cpoms_core.students.models import StaffMember
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.settings import read_settings

ALWAYS_FEW = 5
"""So many accounts an import may deactivate however small the school; of more, a share of its users."""


@dataclass(slots=True)
class Leavers:
    """Whom an import deactivated, and what it did not do and why."""

    deactivated: list[uuid.UUID] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def left_the_mis() -> ColumnElement[bool]:
    """Condition on User: the MIS had them as a member of staff, and has them no more."""
    return (
        select(literal(1))
        .select_from(StaffMember)
        .where(
            StaffMember.mis_source == User.staff_mis_source,
            StaffMember.mis_id == User.staff_mis_id,
            StaffMember.left_at.is_not(None),
        )
        .correlate_except(StaffMember)
        .exists()
    )


def still_active(db: SchoolSession) -> list[User]:
    """Active users who left the MIS, by name."""
    return list(
        db.scalars(
            select(User)
            .where(User.deactivated_at.is_(None), left_the_mis())
            .order_by(User.surname_key, User.forename_key, User.id)
        )
    )


def deactivate_leavers(
    db: SchoolSession, viewer: Viewer, run_id: uuid.UUID, source: str, extract: Extract
) -> Leavers:
    """Deactivates the users whom the source's extract no longer has, in the transaction of the import, once
    it was written. Nobody, where the school does not ask for it, where the extract holds no staff at all, and
    where so many would go that the extract is more likely at fault."""
    settings = read_settings(db)
    if not settings["disable_missing_accounts"] or not extract.staff:
        return Leavers()
    gone = [user for user in still_active(db) if user.staff_mis_source == source]
    active = db.scalar(select(func.count()).select_from(User).where(User.deactivated_at.is_(None))) or 0
    most = max(ALWAYS_FEW, active * int(settings["import_archive_guard"]) // 100)
    if len(gone) > most:
        return Leavers(problems=[_too_many(len(gone), most)])
    kept = _last_administrators(db, gone)
    found = Leavers(problems=[_last(user) for user in kept])
    for user in gone:
        if user not in kept:
            deactivate(db, user, viewer.now())
            audit.record(db, viewer, "user.deactivated", [user.id, run_id], because="not in the extract")
            found.deactivated.append(user.id)
    return found


def _last_administrators(db: SchoolSession, gone: Sequence[User]) -> list[User]:
    """Those who must stay, because without them nobody could administer the school."""
    able = set(db.scalars(select(User.id).where(policy.administrators())))
    return [user for user in gone if user.id in able] if able <= {user.id for user in gone} else []


def _last(user: User) -> Problem:
    return Problem(
        f"{user.name} is no longer in the extract, but nobody else with a key has the Administration"
        " permission. The account was left as it is: give the permission to somebody else, then"
        " deactivate it.",
        error=False,
    )


def _too_many(gone: int, most: int) -> Problem:
    return Problem(
        f"{gone:,} users are no longer in the extract. That is more than {most:,}, so the extract may be"
        " incomplete, and no account was deactivated. Look at them under Overview.",
        error=False,
    )
