"""What versions hold of an incident that was merged with theirs for a time, and that the viewer may not know
of (USR-12.7): its students and its categories came with it, and left with it when it was split off."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentVersion
from cpoms_core.incidents.services.contents import Content, older_of_action, older_of_incident
from cpoms_core.tenancy.scope import SchoolSession

BEGAN = ("merged", "kept off")
ENDED = ("split", "merge undone")
"""The kinds of versions with which another incident came to this one, and left it."""
BROUGHT = ("categories", "linked", "places")
Keys = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Stay:
    """The versions in which a hidden incident was part of this one: from `first` on, and before `end` (None:
    to the newest). `brought`: what came with it, by the fields of a version."""

    first: int
    end: int | None
    brought: Keys

    def is_at(self, version: int) -> bool:
        """Whether it was there in a version."""
        return self.first <= version and (self.end is None or version < self.end)


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a viewer is not told of the versions of one incident or action."""

    stays: Sequence[Stay]

    def told(self, version: int, content: Content) -> Content:
        """A version's content without what came with hidden incidents."""
        for stay in self.stays:
            if stay.is_at(version):
                content = {**content, **_without(content, stay.brought)}
        return content


def withheld(db: SchoolSession, viewer: Viewer, of: Incident | Action) -> Withheld:
    """What the viewer is not to be told of the versions of an incident or action. One statement where nothing
    was ever merged with it, three at most."""
    model, of_it = _versions_of(of)
    moves = db.execute(
        select(model.version, model.kind, model.content)
        .where(of_it, model.kind.in_(BEGAN + ENDED))
        .order_by(model.version)
    ).all()
    hidden = {other_of(row.content) for row in moves} - {None}
    hidden -= known_of(db, viewer, hidden)
    began = [
        row for row in moves if row.kind in BEGAN and row.version > 1 and other_of(row.content) in hidden
    ]
    if not began:
        return Withheld(())
    before = select(model.version, model.content).where(
        of_it, model.version.in_([row.version - 1 for row in began])
    )
    contents: dict[int, Content] = dict(db.execute(before).tuples().all())
    return Withheld([_stay(row, contents[row.version - 1], moves) for row in began])


def told_version(db: SchoolSession, viewer: Viewer, of: Incident | Action, version: int) -> Content:
    """The content of one version of an incident or action, as the viewer may know it. Raises NothingThere."""
    if isinstance(of, Incident):
        content = older_of_incident(db, of, version)
    else:
        content = older_of_action(db, of, version)
    return withheld(db, viewer, of).told(version, content)


def _versions_of(of: Incident | Action) -> tuple[Any, Any]:
    if isinstance(of, Incident):
        return IncidentVersion, IncidentVersion.incident_id == of.id
    return ActionVersion, ActionVersion.action_id == of.id


def _stay(began: Any, before: Content, moves: Sequence[Any]) -> Stay:
    other = other_of(began.content)
    ends = (
        row.version
        for row in moves
        if row.version > began.version and row.kind in ENDED and other_of(row.content) == other
    )
    had, has = _keys(before), _keys(began.content)
    return Stay(began.version, next(ends, None), {name: has[name] - had[name] for name in BROUGHT})


def _keys(content: Content) -> Keys:
    return {name: frozenset(_key(one) for one in content.get(name, [])) for name in BROUGHT}


def _key(one: Any) -> str:
    """A category is kept by its id; what is said of a student, by the student's."""
    return str(one["student"] if isinstance(one, Mapping) else one)


def _without(content: Content, brought: Keys) -> Content:
    return {
        name: [one for one in content[name] if _key(one) not in keys]
        for name, keys in brought.items()
        if name in content
    }


def other_of(content: Content) -> uuid.UUID | None:
    """The second incident that a version speaks of."""
    text = content.get("other") or content.get("out_of")
    return uuid.UUID(text) if text else None


def known_of(db: SchoolSession, viewer: Viewer, others: set[uuid.UUID | None]) -> set[uuid.UUID | None]:
    """Those of the incidents that versions speak of which the viewer may know of."""
    ids = others - {None}
    if not ids:
        return set()
    return set(db.scalars(select(Incident.id).where(Incident.id.in_(ids), policy.known_incidents(viewer))))
