"""Who reads what was done (USR-03), and of one student without a word of anything hidden (STU-08)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import and_, or_, select

from cpoms_core.access.policy.categories import monitored_categories
from cpoms_core.access.policy.documents import visible_documents
from cpoms_core.access.policy.editing import kept_incidents
from cpoms_core.access.policy.incidents import visible_actions, visible_incidents
from cpoms_core.access.policy.sight import Condition, Sight, eyes_of, for_viewer, there_is
from cpoms_core.access.policy.students import student_records
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit.models import AuditEntry, AuditSubject
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Action, Category, Incident, IncidentStudent
from cpoms_core.students.models import Student


@for_viewer
def audits(viewer: Sight) -> Condition:
    """Condition on AuditEntry: administrators read who did what (USR-03). What it was done to, they are told
    only where they may see that themselves."""
    return eyes_of(viewer).permits("admin")


ABOUT_AN_INCIDENT = ("incident.%", "action.%", "alert.%", "why.%")
"""The events that are about one incident: each says by itself that there is one."""


def audits_about_student(viewer: Viewer | Sight, student_id: uuid.UUID) -> Condition:
    """Condition on AuditEntry: done on this student's record, and tells this viewer of nothing that they may
    not see (USR-12.7). Whoever may open the record reads what was done on it; what was done on an incident
    about the student, whoever sees that incident; that monitoring began or ended, whoever sees who is
    monitored for its category. What was done while they had a record that staff typed in counts (INC-02). Of
    modules' own rows only they know who sees them: `audit.of_modules` asks."""
    record = there_is(Student, where=[Student.id == student_id, student_records(viewer)])
    incidents = select(IncidentStudent.incident_id).where(IncidentStudent.student_id == student_id)
    theirs = or_(visible_incidents(viewer), kept_incidents(viewer))
    seen = select(Incident.id).where(Incident.id.in_(incidents), theirs)
    hidden = select(Incident.id).where(Incident.id.in_(incidents), ~theirs)
    told = [
        seen,
        select(Action.id).where(Action.incident_id.in_(incidents), visible_actions(viewer)),
        select(Document.id).where(Document.incident_id.in_(incidents), visible_documents(viewer)),
    ]
    untold = [
        hidden,
        select(Action.id).where(Action.incident_id.in_(incidents), ~visible_actions(viewer)),
        select(Document.id).where(Document.incident_id.in_(hidden)),
    ]
    category = select(Category.id).where(monitored_categories(viewer))
    of_an_incident = or_(*(AuditEntry.event.like(form) for form in ABOUT_AN_INCIDENT))
    of_the_record = or_(AuditEntry.event.like("student%"), AuditEntry.event == "incidents.viewed")
    on_it = and_(
        _entries_about(
            select(Student.id).where(or_(Student.id == student_id, Student.matched_to == student_id))
        ),
        ~of_an_incident,
        or_(of_the_record, and_(*(~_entries_about(ids) for ids in untold))),
        or_(~AuditEntry.event.like("monitoring.%"), _entries_about(category)),
    )
    return and_(record, or_(on_it, *(_entries_about(ids) for ids in told)))


def _entries_about(ids: Any) -> Condition:
    """Condition on AuditEntry: one of these ids (a list, or a select of them) is among its subjects."""
    return AuditEntry.id.in_(select(AuditSubject.entry_id).where(AuditSubject.subject_id.in_(ids)))
