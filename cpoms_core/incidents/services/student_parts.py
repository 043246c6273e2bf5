"""The parts that students can have in an incident: the school's own list (INC-15). Nothing is assumed: "not
said" until somebody says it, and never the same for all."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import func, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import IncidentPart
from cpoms_core.tenancy.scope import SchoolSession, built_once

LONGEST = 120
USABLE = built_once(
    select(IncidentPart.id, IncidentPart.name)
    .where(IncidentPart.disabled_at.is_(None))
    .order_by(IncidentPart.weight, IncidentPart.name)
)
NO_LONGER = "One of these parts can no longer be chosen. Choose again from the list."


def usable_parts(
    db: SchoolSession, kept: Collection[uuid.UUID | None] = ()
) -> Sequence[tuple[uuid.UUID, str]]:
    """The parts that can be chosen, id and name in the school's order. `kept`: those that an incident has
    already; they can stay although they were disabled since."""
    usable = list(db.execute(USABLE).all())
    others = set(kept) - {None} - {one for one, _ in usable}
    if others:
        usable += db.execute(
            select(IncidentPart.id, IncidentPart.name)
            .where(IncidentPart.id.in_(others))
            .order_by(IncidentPart.name)
        ).all()
    return usable


def unusable(
    db: SchoolSession, chosen: Iterable[uuid.UUID | None], kept: Collection[uuid.UUID | None] = ()
) -> bool:
    """Whether a part was chosen that cannot be; `kept` as for `usable_parts`."""
    wanted = set(chosen) - {None} - set(kept)
    return bool(wanted) and not wanted <= {one for one, _ in usable_parts(db)}


def all_parts(db: SchoolSession) -> Sequence[IncidentPart]:
    """Every part, disabled ones too, in the school's order: for its administration."""
    return db.scalars(select(IncidentPart).order_by(IncidentPart.weight, IncidentPart.name)).all()


def add_part(db: SchoolSession, viewer: Viewer, name: str) -> uuid.UUID:
    """Adds a part at the end of the list. Raises Refused and NothingThere."""
    _administrator(viewer)
    part = plant_part(db, _free_name(db, name, None))
    audit.record(db, viewer, "incident-part.added", [part.id])
    return part.id


def plant_part(db: SchoolSession, name: str) -> IncidentPart:
    """Adds a part at the end of the list: what a new school starts with, too."""
    last = db.scalar(select(func.max(IncidentPart.weight)))
    part = IncidentPart(
        school_id=db.school_id, id=new_id(), name=name, weight=0 if last is None else last + 1
    )
    db.add(part)
    db.flush()
    return part


def rename_part(db: SchoolSession, viewer: Viewer, part_id: uuid.UUID, name: str) -> None:
    """Gives a part another name; it applies to the past, too. Raises Refused and NothingThere."""
    part = _part(db, viewer, part_id)
    part.name = _free_name(db, name, part_id)
    audit.record(db, viewer, "incident-part.renamed", [part_id])


def turn_part(db: SchoolSession, viewer: Viewer, part_id: uuid.UUID, *, usable: bool) -> None:
    """Disables a part or enables it again. Incidents that have it keep it. Raises NothingThere."""
    part = _part(db, viewer, part_id)
    if (part.disabled_at is None) == usable:
        return
    part.disabled_at = None if usable else viewer.now()
    event = "incident-part.enabled" if usable else "incident-part.disabled"
    audit.record(db, viewer, event, [part_id])


def move_part(db: SchoolSession, viewer: Viewer, part_id: uuid.UUID, *, earlier: bool) -> None:
    """Moves a part one place up or down. Raises NothingThere."""
    _part(db, viewer, part_id)
    parts = list(all_parts(db))
    at = next(index for index, part in enumerate(parts) if part.id == part_id)
    to = at - 1 if earlier else at + 1
    if not 0 <= to < len(parts):
        return
    parts[at], parts[to] = parts[to], parts[at]
    for weight, part in enumerate(parts):
        part.weight = weight
    audit.record(db, viewer, "incident-part.moved", [part_id])


def _administrator(viewer: Viewer) -> None:
    if not viewer.may("admin"):
        raise NothingThere


def _part(db: SchoolSession, viewer: Viewer, part_id: uuid.UUID) -> IncidentPart:
    _administrator(viewer)
    part = db.get(IncidentPart, (db.school_id, part_id))
    if part is None:
        raise NothingThere
    return part


def _free_name(db: SchoolSession, typed: str, part_id: uuid.UUID | None) -> str:
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST or not name.isprintable():
        raise Refused(f"Give the part a name of at most {LONGEST} characters.", field="name")
    same = (one for one in all_parts(db) if one.name.casefold() == name.casefold())
    if any(one.id != part_id for one in same):
        raise Refused("There is already a part of this name.", field="name")
    return name
