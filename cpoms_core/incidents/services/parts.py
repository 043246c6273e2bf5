"""Parts of an incident that more than one use case checks or writes."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import Id
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents.models import (
    Agency,
    Category,
    Incident,
    IncidentCategory,
    IncidentVersion,
)
from cpoms_core.incidents.services.typed import FormRefused, NewAction, NewIncident
from cpoms_core.tenancy.scope import SchoolSession


@policy.for_rights
def _addable(sight: policy.Sight) -> Select[uuid.UUID, uuid.UUID | None]:
    ids = bindparam("categories", expanding=True, type_=Id)
    return select(Category.id, Category.parent_id).where(
        Category.id.in_(ids), policy.addable_categories(sight)
    )


def with_parents(db: SchoolSession, viewer: Viewer, category_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """The chosen categories with the parents of sub-categories; each must be one the viewer may add to."""
    if not category_ids:
        raise FormRefused([FieldError("categories", "Choose at least one category.")])
    found = usable_with_parents(db, viewer, category_ids)
    if not set(category_ids) <= set(found):
        message = "One of these categories can no longer be used. Choose again from those shown."
        raise FormRefused([FieldError("categories", message)])
    return found


def usable_with_parents(
    db: SchoolSession, viewer: Viewer, category_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Those of the categories that the viewer may add to, with the parents of sub-categories."""
    if not category_ids:
        return []
    rows = db.execute(_addable(viewer), policy.who(viewer, categories=category_ids)).all()
    return list(dict.fromkeys([row.parent_id for row in rows if row.parent_id] + [row.id for row in rows]))


def attached_wrongly(db: SchoolSession, viewer: Viewer, new: NewIncident | NewAction) -> list[FieldError]:
    """What is wrong with the files and agencies of an incident or action."""
    errors: list[FieldError] = []
    if new.documents and not viewer.may("files:attach"):
        errors.append(FieldError("files", "You may not attach files. Leave them out."))
    if new.agency_ids:
        usable = db.scalars(
            select(Agency.id).where(Agency.id.in_(new.agency_ids), Agency.disabled_at.is_(None))
        ).all()
        if len(usable) != len(set(new.agency_ids)):
            errors.append(
                FieldError("agencies", "One of these agencies can no longer be used. Choose again.")
            )
    return errors


def add_categories(db: SchoolSession, incident_id: uuid.UUID, categories: Collection[uuid.UUID]) -> None:
    """Puts categories on an incident."""
    insert_rows(
        db,
        IncidentCategory,
        [
            {"school_id": db.school_id, "incident_id": incident_id, "category_id": category}
            for category in categories
        ],
    )


def add_version(
    db: SchoolSession,
    viewer: Viewer,
    incident: Incident,
    kind: str,
    content: dict[str, Any],
    reason: str = "",
) -> None:
    """Keeps a version of an incident; `content` is everything of it that can be edited."""
    row = {
        "school_id": viewer.school_id,
        "incident_id": incident.id,
        "version": incident.version,
        "kind": kind,
        "content": content,
        "reason": reason,
        "made_by": viewer.user_id,
        "made_at": viewer.now(),
    }
    insert_rows(db, IncidentVersion, [row])
