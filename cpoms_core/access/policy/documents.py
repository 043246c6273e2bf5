"""Which files a viewer may open, remove and restore (USR-12.6, EDT-10), and which belong into a vault."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import aliased

from cpoms_core.access.policy.incidents import rightful_incidents, visible_incidents
from cpoms_core.access.policy.linked import action_files_on_linked
from cpoms_core.access.policy.sight import Condition, Sight, as_sql, eyes_of, for_viewer, there_is
from cpoms_core.access.policy.students import student_records
from cpoms_core.alerts.models import Alert
from cpoms_core.documents.models import Document, PreparedFile
from cpoms_core.incidents.models import Action, Incident, IncidentStudent
from cpoms_core.students.models import Student


@for_viewer
def visible_documents(viewer: Sight) -> Condition:
    """Condition on Document: it follows what it hangs on (USR-12.6). An open alert to a file lets its
    recipient open that one file, and nothing else (USR-12.4)."""
    follows = _follows(viewer, visible_incidents(viewer))
    alerted = there_is(
        Alert,
        where=[
            Alert.document_id == Document.id,
            Alert.recipient_id == as_sql(viewer.user_id),
            Alert.read_at.is_(None),
        ],
    )
    return and_(Document.removed_at.is_(None), or_(follows, and_(alerted, ~hangs_on_what_is_gone(Document))))


@for_viewer
def rightful_documents(viewer: Sight) -> Condition:
    """Condition on Document: the viewer sees it by their own rights, not only through an alert. They may
    alert others to it."""
    return and_(Document.removed_at.is_(None), _follows(viewer, rightful_incidents(viewer)))


@for_viewer
def kept_documents(viewer: Sight) -> Condition:
    """Condition on Document: an administrator with a key who sees what it hangs on may remove it, sees that
    it was removed and why, and may restore it (EDT-10)."""
    return and_(eyes_of(viewer).permits("admin"), _follows(viewer, rightful_incidents(viewer)))


def _follows(viewer: Sight, incidents: Condition) -> Condition:
    """Condition on Document: it hangs on one of these incidents or its actions, or is in the vault of a
    student whose record the viewer may open."""
    action = there_is(Action, where=[Action.id == Document.action_id, Action.deleted_at.is_(None)])
    on_incident = and_(
        there_is(Incident, where=[Incident.id == Document.incident_id, incidents]),
        or_(Document.action_id.is_(None), action),
    )
    in_vault = there_is(Student, where=[Student.id == Document.student_id, student_records(viewer)])
    return or_(on_incident, in_vault)


def hangs_on_what_is_gone(document: Any) -> Condition:
    """Whether a document is one of an incident or action that was deleted, and so never existed (EDT-02)."""
    incident, action = aliased(Incident), aliased(Action)
    return or_(
        there_is(incident, where=[incident.id == document.incident_id, incident.deleted_at.is_not(None)]),
        there_is(action, where=[action.id == document.action_id, action.deleted_at.is_not(None)]),
    )


def in_vault_of(student_id: Any) -> Condition:
    """Condition on Document: belongs into the vault of a student (STU-05): their own files, those of
    incidents about them, and of incidents that they are only linked to what was shared with them (INC-04,
    ACT-01)."""
    part = aliased(IncidentStudent)
    of_student = select(part.incident_id).where(part.student_id == student_id)
    # from the student's own few incidents, once: of each file, it would have gone through all actions of all
    actions = select(Action.id).where(Action.incident_id.in_(of_student), action_files_on_linked(student_id))
    return or_(
        Document.student_id == student_id,
        Document.incident_id.in_(of_student.where(~part.linked)),
        and_(Document.action_id.is_(None), Document.incident_id.in_(of_student.where(part.share_documents))),
        Document.action_id.in_(actions),
    )


@for_viewer
def own_prepared_files(viewer: Sight) -> Condition:
    """Condition on PreparedFile: the viewer asked for it. What it holds was asked for with a key."""
    return PreparedFile.asked_by == as_sql(viewer.user_id) if viewer.elevated else false()
