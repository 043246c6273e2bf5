"""What versions hold of other incidents that were merged with theirs, or split off, and that the viewer may
not know of (USR-12.7). The versions keep all of it; such a reader is told neither their students nor their
categories, but for what the incident had from the beginning or has now, which is there to be seen."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import Action, Incident, IncidentVersion
from cpoms_core.incidents.services.contents import Content, older_of_action, older_of_incident
from cpoms_core.students.typed_in import matched_now
from cpoms_core.tenancy.scope import SchoolSession

MOVES = ("merged", "split")
OF_ACTIONS = frozenset({*MOVES, "kept off", "merge undone"})
"""The kinds of versions that merging and splitting make: of incidents, and of actions."""
Ids = frozenset[str]


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a viewer is not told of the versions of one incident or action: `categories` and `students`.
    `others`: whether there is an incident of which they may not know at all."""

    categories: Ids = frozenset()
    students: Ids = frozenset()
    others: bool = False

    def told(self, content: Content) -> Content:
        """A version's content without it."""
        kept = {
            "categories": [one for one in content.get("categories", []) if str(one) not in self.categories],
            "linked": [one for one in content.get("linked", []) if one["student"] not in self.students],
            "places": [one for one in content.get("places", []) if one["student"] not in self.students],
        }
        return {**content, **{name: value for name, value in kept.items() if name in content}}


def withheld(db: SchoolSession, viewer: Viewer, of: Incident | Action) -> Withheld:
    """What the viewer is not to be told of the versions of an incident or action. One statement where nothing
    was ever merged with it or split off, and as many more as merges led from one to the next."""
    own = {of.id} if isinstance(of, Incident) else {of.incident_id, of.became_incident} - {None}
    hidden = _moved_with(db, own)
    hidden -= known_of(db, viewer, hidden)
    if not hidden:
        return Withheld()
    theirs = db.scalars(select(IncidentVersion.content).where(IncidentVersion.incident_id.in_(hidden))).all()
    here = db.scalars(
        select(IncidentVersion.content)
        .join(Incident, Incident.id == IncidentVersion.incident_id)
        .where(
            Incident.id.in_(own - hidden),
            or_(IncidentVersion.version == 1, IncidentVersion.version == Incident.version),
        )
    ).all()
    return Withheld(
        categories=_categories(theirs) - _categories(here),
        students=_as_matched(db, _students(theirs)) - _students(here),
        others=True,
    )


def told_version(db: SchoolSession, viewer: Viewer, of: Incident | Action, version: int) -> Content:
    """The content of one version of an incident or action, as the viewer may know it. Raises NothingThere."""
    if isinstance(of, Incident):
        content = older_of_incident(db, of, version)
    else:
        content = older_of_action(db, of, version)
    return withheld(db, viewer, of).told(content)


def _moved_with(db: SchoolSession, own: Collection[uuid.UUID | None]) -> set[uuid.UUID | None]:
    """The incidents that ever were one with these, or with one that was."""
    seen, newly = set(own), set(own)
    while newly:
        contents = db.scalars(
            select(IncidentVersion.content).where(
                IncidentVersion.incident_id.in_(newly), IncidentVersion.kind.in_(MOVES)
            )
        )
        newly = {other_of(content) for content in contents} - {None} - seen
        seen |= newly
    return seen - {None}


def _categories(contents: Iterable[Content]) -> Ids:
    return frozenset(str(one) for content in contents for one in content.get("categories", []))


def _students(contents: Iterable[Content]) -> Ids:
    return frozenset(
        student
        for content in contents
        for student in (content.get("student"), *(one["student"] for one in content.get("linked", [])))
        if student
    )


def _as_matched(db: SchoolSession, students: Ids) -> Ids:
    """Students, and the register's records of those who had been typed in and are matched since (INC-02)."""
    now: Mapping[Any, Any] = matched_now(db, [uuid.UUID(one) for one in students])
    return students | {str(one) for one in now.values()}


def other_of(content: Content) -> uuid.UUID | None:
    """The second incident that a version speaks of."""
    text = content.get("other") or content.get("out_of")
    return uuid.UUID(text) if text else None


def known_of(
    db: SchoolSession, viewer: Viewer, others: Collection[uuid.UUID | None]
) -> set[uuid.UUID | None]:
    """Those of the incidents that versions speak of which the viewer may know of."""
    ids = set(others) - {None}
    if not ids:
        return set()
    return set(db.scalars(select(Incident.id).where(Incident.id.in_(ids), policy.known_incidents(viewer))))
