"""People who would be alerted and could not normally see the incident, and why not (INC-07)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, true

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.alerts.queries import About
from cpoms_core.incidents.models import Category
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Outsider:
    """A user who could not normally see an incident; `why` goes on after "because"."""

    id: uuid.UUID
    name: str
    why: str


def outsiders(db: SchoolSession, people: Collection[uuid.UUID], about: About) -> list[Outsider]:
    """Those of the people who could not normally see such an incident, each with every reason there is. The
    categories are asked about only where there are some."""
    if not people or not about.category_ids:
        return []
    would = policy.who_would_see(about.category_ids, about.student_ids, whole_school=about.whole_school)
    lacking = policy.lacking(about.student_ids, whole_school=about.whole_school)
    rows = db.execute(
        select(User.id, User.forename, User.surname, *(one.label(name) for name, one in lacking.items()))
        .where(User.id.in_(people), ~would)
        .order_by(User.surname, User.forename)
    ).all()
    hidden = _hidden_categories(db, [row.id for row in rows], about.category_ids) if rows else {}
    found = []
    for row in rows:
        why = [policy.LACKING[name] for name in lacking if getattr(row, name)]
        if row.id in hidden:
            why.append(f"their user group does not see {_and(hidden[row.id])}")
        found.append(Outsider(row.id, f"{row.forename} {row.surname}".strip(), _and(why)))
    return found


def _hidden_categories(
    db: SchoolSession, people: Collection[uuid.UUID], category_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[str]]:
    """Which of the categories each of the people does not see."""
    rows = db.execute(
        select(User.id, Category.name)
        .join(Category, true())
        .where(User.id.in_(people), Category.id.in_(category_ids), ~policy.category_seen_by_user())
        .order_by(Category.name)
    )
    found: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for user_id, name in rows:
        found[user_id].append(name)
    return dict(found)


def _and(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
