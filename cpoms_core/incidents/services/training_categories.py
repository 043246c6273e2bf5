"""Taking off real incidents the categories that removed actions had added, with the monitoring that came of
them (TRN-01)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, select, tuple_, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.database.rows import insert_rows
from cpoms_core.incidents.models import (
    Action,
    ActionVersion,
    Category,
    Incident,
    IncidentCategory,
    IncidentVersion,
)
from cpoms_core.incidents.services.contents import without_facts
from cpoms_core.incidents.services.editing import tell_modules
from cpoms_core.incidents.services.keeping_training import in_batches, students_of
from cpoms_core.students.monitoring import withdraw
from cpoms_core.tenancy.scope import SchoolSession

Off = dict[uuid.UUID, set[uuid.UUID]]
"""Categories by incident."""


@dataclass(frozen=True, slots=True)
class ActionGone:
    """A removed action of an incident that stays, with the categories that it had added to it."""

    id: uuid.UUID
    incident_id: uuid.UUID
    categories: Sequence[uuid.UUID]


def take_categories_off(db: SchoolSession, viewer: Viewer, gone: Sequence[ActionGone], reason: str) -> None:
    """What is said by another action that stays, or is the parent of a sub-category that stays, stays too;
    so do all where none would be left. Modules are told of each incident's new version."""
    added: Off = defaultdict(set)
    for action in gone:
        if action.categories:
            added[action.incident_id].update(action.categories)
    for some in in_batches(list(added)):
        off = _to_take_off(db, {one: added[one] for one in some})
        if off:
            _take_off(db, viewer, off, reason)


def _to_take_off(db: SchoolSession, added: Off) -> Off:
    for incident_id, said in _said_by_others(db, added).items():
        added[incident_id] -= said
    present: Off = defaultdict(set)
    parents: dict[uuid.UUID, uuid.UUID | None] = {}
    for incident_id, category_id, parent_id in db.execute(
        select(IncidentCategory.incident_id, Category.id, Category.parent_id)
        .join(Category, Category.id == IncidentCategory.category_id)
        .where(IncidentCategory.incident_id.in_(added))
    ):
        present[incident_id].add(category_id)
        parents[category_id] = parent_id
    off: Off = {}
    for incident_id, categories in added.items():
        staying = present[incident_id] - categories
        staying |= {parent for one in staying if (parent := parents[one]) is not None}
        leaving = present[incident_id] - staying
        if leaving and staying:
            off[incident_id] = leaving
    return off


def _said_by_others(db: SchoolSession, incidents: Collection[uuid.UUID]) -> Off:
    newest = and_(ActionVersion.action_id == Action.id, ActionVersion.version == Action.version)
    said: Off = defaultdict(set)
    for incident_id, content in db.execute(
        select(Action.incident_id, ActionVersion.content)
        .join(ActionVersion, newest)
        .where(Action.incident_id.in_(incidents), Action.deleted_at.is_(None))
    ):
        said[incident_id].update(uuid.UUID(one) for one in content.get("categories", ()))
    return said


def _take_off(db: SchoolSession, viewer: Viewer, off: Off, reason: str) -> None:
    pairs = [(incident_id, one) for incident_id, categories in off.items() for one in categories]
    for some in in_batches(pairs):
        place = tuple_(IncidentCategory.incident_id, IncidentCategory.category_id)
        db.execute(
            delete(IncidentCategory).where(place.in_(some)).execution_options(synchronize_session=False)
        )
    _keep_versions(db, viewer, off, reason)
    incidents_of: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for incident_id, category_id in pairs:
        incidents_of[category_id].append(incident_id)
    for category_id, incidents in incidents_of.items():
        withdraw(db, viewer, incidents, category_ids=[category_id])
    changed = select(Incident).where(Incident.id.in_(off)).execution_options(populate_existing=True)
    for incident in db.scalars(changed).all():
        tell_modules(db, viewer, incident)


def _keep_versions(db: SchoolSession, viewer: Viewer, off: Off, reason: str) -> None:
    newest = and_(IncidentVersion.incident_id == Incident.id, IncidentVersion.version == Incident.version)
    rows = db.execute(
        select(Incident.id, Incident.version, IncidentVersion.content)
        .join(IncidentVersion, newest)
        .where(Incident.id.in_(off))
    ).all()
    versions = []
    for row in rows:
        content = without_facts(row.content)
        gone = {str(one) for one in off[row.id]}
        content["categories"] = [one for one in content["categories"] if one not in gone]
        versions.append(
            {
                "school_id": viewer.school_id,
                "incident_id": row.id,
                "version": row.version + 1,
                "kind": "edited",
                "content": content,
                "reason": reason,
                "made_by": viewer.user_id,
                "made_at": viewer.now(),
            }
        )
    insert_rows(db, IncidentVersion, versions)
    db.execute(
        update(Incident)
        .where(Incident.id.in_(off))
        .values(version=Incident.version + 1)
        .execution_options(synchronize_session=False)
    )
    students = students_of(db, off)
    audit.write_entries(
        db,
        [
            audit.entry(
                viewer,
                "incident.edited",
                [row.id, *students.get(row.id, ())],
                version=row.version + 1,
                fields=["categories"],
            )
            for row in rows
        ],
    )
