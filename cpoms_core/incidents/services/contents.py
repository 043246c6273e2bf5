"""Everything of an incident or action that can be edited, as its versions keep it: read from the rows, so
that a version says what is, whoever changed it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.rows import insert_rows
from cpoms_core.documents.models import Document
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import (
    Action,
    ActionAgency,
    ActionVersion,
    Incident,
    IncidentAgency,
    IncidentCategory,
    IncidentStudent,
    IncidentVersion,
)
from cpoms_core.incidents.services.record_places import places_told
from cpoms_core.modules.kept_fields import NOT_TAKEN
from cpoms_core.students.typed_in import matched_now
from cpoms_core.tenancy.scope import SchoolSession

Content = dict[str, Any]


def newest_of_incident(db: SchoolSession, incident: Incident) -> Content:
    """The content of an incident's newest version."""
    return db.get_one(IncidentVersion, (incident.school_id, incident.id, incident.version)).content


def newest_of_action(db: SchoolSession, action: Action) -> Content:
    """The content of an action's newest version."""
    return db.get_one(ActionVersion, (action.school_id, action.id, action.version)).content


def older_of_incident(db: SchoolSession, incident: Incident, version: int) -> Content:
    """The content of one of an incident's versions. Raises NothingThere."""
    found = db.get(IncidentVersion, (incident.school_id, incident.id, version))
    if found is None:
        raise NothingThere
    return found.content


def as_matched_now(db: SchoolSession, content: Content) -> Content:
    """An older version's content, with who was typed in and matched since under the record that is theirs
    now (INC-02). Where both records were in it, what it says of the register's counts."""
    named = [
        uuid.UUID(one) for one in (content.get("student"), *(o["student"] for o in content["linked"])) if one
    ]
    now = {str(old): str(new) for old, new in matched_now(db, named).items()}
    if not now:
        return content
    linked = {now.get(one["student"], one["student"]): one for one in content["linked"]}
    linked |= {one["student"]: one for one in content["linked"] if one["student"] not in now}
    return {
        **content,
        "student": now.get(content["student"], content["student"]),
        "linked": [{**one, "student": student} for student, one in linked.items()],
    }


def older_of_action(db: SchoolSession, action: Action, version: int) -> Content:
    """The content of one of an action's versions. Raises NothingThere."""
    found = db.get(ActionVersion, (action.school_id, action.id, version))
    if found is None:
        raise NothingThere
    return found.content


def content_of_incident(
    db: SchoolSession, incident: Incident, modules: Mapping[str, Any] | None = None
) -> Content:
    """What an incident's rows hold now. `modules`: what was typed in modules' fields; as in the newest
    version where nothing was."""
    kept = db.get(IncidentVersion, (incident.school_id, incident.id, incident.version))
    newest = kept.content if kept else {}  # none yet: it is just being made
    students = db.scalars(
        select(IncidentStudent)
        .where(IncidentStudent.incident_id == incident.id)
        .order_by(IncidentStudent.linked, IncidentStudent.student_id)
        .execution_options(populate_existing=True)
    ).all()
    subject = next((row for row in students if not row.linked), None)
    return {
        **newest,
        "text": incident.text,
        "occurred_at": incident.occurred_at.isoformat(),
        "student": str(incident.student_id) if incident.student_id else None,
        "part": _text(subject.part_id) if subject else None,
        "linked": [
            {
                "student": str(row.student_id),
                "monitor": row.monitored,
                "share_documents": row.share_documents,
                "part": _text(row.part_id),
            }
            for row in students
            if row.linked
        ],
        "categories": _ids(db, IncidentCategory.category_id, IncidentCategory.incident_id == incident.id),
        "agencies": _ids(db, IncidentAgency.agency_id, IncidentAgency.incident_id == incident.id),
        "documents": _ids(
            db,
            Document.id,
            Document.incident_id == incident.id,
            Document.action_id.is_(None),
            Document.removed_at.is_(None),
        ),
        "modules": {**newest.get("modules", {}), **(modules or {})},
    }


def content_of_action(
    db: SchoolSession,
    action: Action,
    *,
    categories: list[str] | None = None,
    modules: Mapping[str, Any] | None = None,
) -> Content:
    """As `content_of_incident`. `categories`: those that the action adds to its incident, where they
    change."""
    newest = newest_of_action(db, action)
    return {
        **newest,
        "text": action.text,
        "occurred_at": action.occurred_at.isoformat(),
        "categories": newest.get("categories", []) if categories is None else categories,
        "agencies": _ids(db, ActionAgency.agency_id, ActionAgency.action_id == action.id),
        "documents": _ids(db, Document.id, Document.action_id == action.id, Document.removed_at.is_(None)),
        "on_linked": action.on_linked,
        "share_documents": action.share_documents,
        **_places(db, action, newest),
        "modules": {**newest.get("modules", {}), **(modules or {})},
    }


def _places(db: SchoolSession, action: Action, newest: Content) -> Content:
    """Where something is, or was, said of single students (EDT-04)."""
    told = places_told(db, action.id)
    return {"places": told} if told or newest.get("places") else {}


def keep_incident_version(
    db: SchoolSession,
    viewer: Viewer,
    incident: Incident,
    kind: str,
    *,
    reason: str = "",
    modules: Mapping[str, Any] | None = None,
    **facts: Any,
) -> None:
    """The next version of an incident, as its rows are now. `facts`: what else this kind of version says."""
    db.flush()
    content = without_facts(content_of_incident(db, incident, modules))
    incident.version += 1
    insert_rows(
        db,
        IncidentVersion,
        [
            {
                **_made(viewer, incident.version, kind, reason),
                "incident_id": incident.id,
                "content": {**content, **facts},
            }
        ],
    )
    db.flush()


def keep_action_version(
    db: SchoolSession,
    viewer: Viewer,
    action: Action,
    kind: str,
    *,
    reason: str = "",
    categories: list[str] | None = None,
    modules: Mapping[str, Any] | None = None,
    **facts: Any,
) -> None:
    """The next version of an action, as its rows are now."""
    db.flush()
    content = without_facts(content_of_action(db, action, categories=categories, modules=modules))
    action.version += 1
    insert_rows(
        db,
        ActionVersion,
        [
            {
                **_made(viewer, action.version, kind, reason),
                "action_id": action.id,
                "content": {**content, **facts},
            }
        ],
    )
    db.flush()


FACTS = ("number", "other", "out_of", "actions", "restored", "file", NOT_TAKEN)
"""What one version says of itself, and the next one does not repeat: the number of another incident, which
incident it was merged with or split off from, the actions that went along, the version that was restored,
the file that was removed or brought back, what was typed in fields that were gone when it was sent."""


def without_facts(content: Content) -> Content:
    """A version's content without what only that version says of itself."""
    return {name: value for name, value in content.items() if name not in FACTS}


def _made(viewer: Viewer, version: int, kind: str, reason: str) -> dict[str, Any]:
    return {
        "school_id": viewer.school_id,
        "version": version,
        "kind": kind,
        "reason": reason,
        "made_by": viewer.user_id,
        "made_at": viewer.now(),
    }


def _ids(db: SchoolSession, column: Any, *conditions: Any) -> list[str]:
    return [str(one) for one in db.scalars(select(column).where(*conditions).order_by(column))]


def _text(value: uuid.UUID | None) -> str | None:
    return str(value) if value else None
