"""The audit of a student: everything done on their record, and on the incidents about them (STU-08). Each
page is a fixed number of statements, paged as the audits of a user are."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.places import place_of
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit.models import AuditEntry
from cpoms_core.audit.of_modules import hidden_deeds
from cpoms_core.audit.other_incidents import AS_EVENT, asked_for, fits, untold
from cpoms_core.audit.queries import (
    CHUNK,
    PAGE,
    SUBJECTS_SHOWN,
    Cursor,
    EntryShown,
    Filters,
    Page,
    narrowed_by,
    page_of,
)
from cpoms_core.audit.subjects import Subject, read_subjects
from cpoms_core.audit.wording import facts_of, words_of
from cpoms_core.incidents.models import Category
from cpoms_core.tenancy.scope import SchoolSession

NOBODY = "The system"
MOST_SUBJECTS = 40
"""Looked up for one entry: an import's is about a whole school."""


def audits_about(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, filters: Filters, before: Cursor | None = None
) -> Page[EntryShown]:
    """A page of what was done on a student, newest first, of what the viewer may know."""
    return _page(db, viewer, student_id, filters, before, PAGE)


def every_audit_about(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, filters: Filters
) -> Iterator[EntryShown]:
    """All of it, newest first, read in pieces."""
    before = None
    while True:
        page = _page(db, viewer, student_id, filters, before, CHUNK)
        yield from page.rows
        before = page.before
        if before is None:
            return


def _page(
    db: SchoolSession,
    viewer: Viewer,
    student_id: uuid.UUID,
    filters: Filters,
    before: Cursor | None,
    most: int,
) -> Page[EntryShown]:
    widened = replace(filters, events=asked_for(filters.events))
    statement = select(AuditEntry).where(
        policy.audits_about_student(viewer, student_id), *narrowed_by(viewer, widened)
    )
    audit = _OfStudent(student_id, filters.events)
    return page_of(db, viewer, statement, before, most, audit.shown, audit.told)


class _OfStudent:
    """Words the entries of one student's audit. The student is in all of them, so they are named in none;
    other students have audits of their own. What the viewer may not see is left out without a word: its place
    here would tell that it is there."""

    def __init__(self, student_id: uuid.UUID, events: frozenset[str]) -> None:
        self._student_id = student_id
        self._events = events

    def told(self, db: SchoolSession, viewer: Viewer, entries: Sequence[AuditEntry]) -> list[AuditEntry]:
        """Those of which the viewer is told, and that are what they asked for."""
        secret = untold(db, viewer, entries)
        left_out = hidden_deeds(db, viewer, entries, {entry.id: self._about(entry) for entry in entries})
        return [
            entry
            for entry in entries
            if entry.id not in left_out and fits(entry, self._events, told=entry.id not in secret)
        ]

    def shown(self, db: SchoolSession, viewer: Viewer, entries: Sequence[AuditEntry]) -> list[EntryShown]:
        about = {entry.id: self._about(entry) for entry in entries}
        known = read_subjects(db, viewer, {one for ids in about.values() for one in ids})
        hidden = _hidden_categories(db, viewer) if entries else frozenset()
        people = names_of_staff(db, {entry.user_id for entry in entries if entry.user_id})
        secret = untold(db, viewer, entries)
        shown = []
        for entry in entries:
            named = [known[one] for one in about[entry.id] if one in known and one not in hidden]
            subjects = [one for one in named if one.kind != "student"]
            shown.append(worded_entry(db, viewer, entry, subjects, people, told=entry.id not in secret))
        return shown

    def _about(self, entry: AuditEntry) -> list[uuid.UUID]:
        ids = map(uuid.UUID, dict.fromkeys(entry.subjects))
        others = [one for one in ids if one not in (self._student_id, entry.user_id)]
        return others[:MOST_SUBJECTS]


def worded_entry(
    db: SchoolSession,
    viewer: Viewer,
    entry: AuditEntry,
    subjects: list[Subject],
    people: dict[uuid.UUID, str],
    *,
    told: bool,
) -> EntryShown:
    """`told`: the viewer may know of every incident that its facts name (`other_incidents.untold`)."""
    words = words_of(db.app.audit_words, entry.event if told else AS_EVENT)
    return EntryShown(
        at=viewer.local(entry.at),
        phrase=words.phrase,
        kind=words.kind,
        subjects=subjects[:SUBJECTS_SHOWN],
        more=max(0, len(subjects) - SUBJECTS_SHOWN),
        facts=facts_of(entry.event, entry.details) if told else "",
        channel=entry.channel,
        access=entry.access,
        ip=entry.ip,
        by=people.get(entry.user_id, NOBODY) if entry.user_id else NOBODY,
        place=place_of(entry.ip) if entry.ip else "",
    )


def _hidden_categories(db: SchoolSession, viewer: Viewer) -> frozenset[uuid.UUID]:
    """The categories of which the viewer may not know who is monitored for them (USR-12.5)."""
    return frozenset(db.scalars(select(Category.id).where(~policy.monitored_categories(viewer))))


def names_of_staff(db: SchoolSession, user_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Who did it, those who have left too."""
    if not user_ids:
        return {}
    rows = db.execute(select(User.id, staff_name().label("name")).where(User.id.in_(user_ids)))
    return {row.id: row.name for row in rows}
