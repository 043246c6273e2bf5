"""Parts of an incident that more than one use case checks or writes."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import insert, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
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


def with_parents(db: SchoolSession, viewer: Viewer, category_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """The chosen categories with the parents of sub-categories; each must be one the viewer may add to."""
    if not category_ids:
        raise FormRefused([FieldError("categories", "Choose at least one category.")])
    rows = db.execute(
        select(Category.id, Category.parent_id).where(
            Category.id.in_(category_ids), policy.addable_categories(viewer)
        )
    ).all()
    if len(rows) != len(set(category_ids)):
        message = "One of these categories can no longer be used. Choose again from those shown."
        raise FormRefused([FieldError("categories", message)])
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
    if categories:
        db.execute(
            insert(IncidentCategory),
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
    db.add(
        IncidentVersion(
            school_id=viewer.school_id,
            incident_id=incident.id,
            version=incident.version,
            kind=kind,
            content=content,
            reason=reason,
            made_by=viewer.user_id,
            made_at=viewer.now(),
        )
    )
    db.flush()
