"""Deeds of modules in the audit of a student or an incident: a module may have rows of its own about them
that not everybody may see, such as somebody's private appointment."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.audit.models import AuditEntry
from cpoms_core.audit.subjects import read_subjects
from cpoms_core.audit.wording import EVENTS
from cpoms_core.students.models import Student
from cpoms_core.tenancy.scope import SchoolSession


def hidden_deeds(
    db: SchoolSession,
    viewer: Viewer,
    entries: Sequence[AuditEntry],
    about: Mapping[uuid.UUID, Collection[uuid.UUID]],
) -> frozenset[uuid.UUID]:
    """The entries of modules' events that are about something which neither the core nor the module names to
    this viewer, unless they did it themselves: that it is there is not theirs to know (USR-12.7). Whether a
    student is named decides nothing: a row may be about several. `about`: the subjects of each entry."""
    deeds = [one for one in entries if one.event not in EVENTS and one.user_id != viewer.user_id]
    named = read_subjects(db, viewer, {one for deed in deeds for one in about[deed.id]}) if deeds else {}
    missing = {deed.id: {one for one in about[deed.id] if one not in named} for deed in deeds}
    ids = set().union(*missing.values())
    if not ids:
        return frozenset()
    students = set(db.scalars(select(Student.id).where(Student.id.in_(ids))))
    return frozenset(entry_id for entry_id, of_it in missing.items() if of_it - students)
