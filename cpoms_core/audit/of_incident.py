"""The audit of an incident: who saw it, printed it and changed it or one of its actions and files
(EDT-09)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, or_, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.audit.models import AuditEntry, AuditSubject
from cpoms_core.audit.of_modules import hidden_deeds
from cpoms_core.audit.of_student import names_of_staff, worded_entry
from cpoms_core.audit.other_incidents import untold
from cpoms_core.audit.queries import PAGE, Cursor, EntryShown, Page, page_of
from cpoms_core.audit.subjects import read_subjects
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.withheld import known_of
from cpoms_core.tenancy.scope import SchoolSession

TOLD = frozenset({"document", "user"})
"""Kinds of subjects that an entry of one incident's audit names: which file, and who was alerted. The
incident and its students stand above."""


def audits_about(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, before: Cursor | None = None
) -> Page[EntryShown]:
    """A page of what was done on an incident, newest first: on itself, on its actions and files, on what was
    merged into it while that stood by itself, and on the action that it or this was before it was split off.
    Policy was asked before whether it is the viewer's to edit. What was refused is not told: it happened to
    nobody's record."""
    return page_of(
        db, viewer, _done_on(incident_id, _hidden(db, viewer, incident_id)), before, PAGE, _shown, _told
    )


def _hidden(db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """The incidents that were split off it, and that the viewer may not know of (USR-12.7)."""
    split = select(Action.became_incident).where(
        Action.incident_id == incident_id, Action.became_incident.is_not(None)
    )
    became = set(db.scalars(split))
    return [one for one in became - known_of(db, viewer, became) if one is not None]


def _done_on(incident_id: uuid.UUID, hidden: Sequence[uuid.UUID]) -> Select[AuditEntry]:
    actions = select(Action.id).where(
        Action.incident_id == incident_id,
        or_(Action.became_incident.is_(None), Action.became_incident.not_in(hidden)),
    )
    merged = select(Incident.id).where(Incident.merged_into.in_(actions))
    split = select(Action.id).where(
        or_(Action.became_incident == incident_id, Action.became_incident.in_(merged))
    )
    files = select(Document.id).where(Document.incident_id == incident_id)
    about = select(AuditSubject.entry_id).where(
        or_(
            AuditSubject.subject_id == incident_id,
            AuditSubject.subject_id.in_(actions),
            AuditSubject.subject_id.in_(merged),
            AuditSubject.subject_id.in_(split),
            AuditSubject.subject_id.in_(files),
        )
    )
    return select(AuditEntry).where(AuditEntry.id.in_(about), AuditEntry.event != "refused")


def _told(db: SchoolSession, viewer: Viewer, entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    left_out = hidden_deeds(db, viewer, entries, {entry.id: _about(entry) for entry in entries})
    return [entry for entry in entries if entry.id not in left_out]


def _shown(db: SchoolSession, viewer: Viewer, entries: Sequence[AuditEntry]) -> list[EntryShown]:
    about = {entry.id: _about(entry) for entry in entries}
    known = read_subjects(db, viewer, {one for ids in about.values() for one in ids})
    people = names_of_staff(db, {entry.user_id for entry in entries if entry.user_id})
    secret = untold(db, viewer, entries)
    return [
        worded_entry(
            db,
            viewer,
            entry,
            [known[one] for one in about[entry.id] if one in known and known[one].kind in TOLD],
            people,
            told=entry.id not in secret,
        )
        for entry in entries
    ]


def _about(entry: AuditEntry) -> list[uuid.UUID]:
    return [one for one in map(uuid.UUID, dict.fromkeys(entry.subjects)) if one != entry.user_id]
