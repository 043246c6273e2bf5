"""Recording an incident, in one transaction with all that it owes (INC-09)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import bindparam, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.queries import About, configured
from cpoms_core.alerts.services import alert
from cpoms_core.audit import services as audit
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import Id, new_id
from cpoms_core.documents.services import attach
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents import drafts
from cpoms_core.incidents.models import (
    Incident,
    IncidentAgency,
    IncidentStudent,
)
from cpoms_core.incidents.services.choosing import follow_matched, hold_choosable, students_of
from cpoms_core.incidents.services.in_training import is_training
from cpoms_core.incidents.services.parts import add_categories, add_version, attached_wrongly, with_parents
from cpoms_core.incidents.services.sent_again import same_incident
from cpoms_core.incidents.services.student_parts import NO_LONGER, unusable
from cpoms_core.incidents.services.typed import FormRefused, NewIncident
from cpoms_core.modules.kept_fields import kept_with_it
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.students.models import Student
from cpoms_core.students.monitoring import monitor
from cpoms_core.students.typed_in import add_typed_in
from cpoms_core.tenancy.scope import SchoolSession, built_once
from cpoms_core.tenancy.services import next_number

SUBMITTED = built_once(
    select(Incident).where(
        Incident.submission == bindparam("submission", type_=Id),
        Incident.author_id == bindparam("author", type_=Id),
    )
)


def record_incident(db: SchoolSession, viewer: Viewer, new: NewIncident) -> Incident:
    """Records a concern: number, version, students, categories, monitoring, alerts with their mails, files
    and the modules' parts. A repeat of the same submission answers with what is already there, and alerts
    whom it names besides.

    Raises NothingThere (no right to add), FormRefused and Refused (what was typed cannot be), and
    NotAllRecorded (a repeat with other parts), after which the transaction is to be kept.
    """
    if not viewer.may("incidents:add"):
        raise NothingThere
    repeated = db.scalars(SUBMITTED, {"submission": new.submission, "author": viewer.acting_user}).first()
    if repeated is not None:
        return same_incident(db, viewer, repeated, new)
    training = is_training(db, viewer, new.opened_in_training)
    categories = with_parents(db, viewer, new.category_ids)
    if new.new_student is not None:
        new = replace(new, student_id=add_typed_in(db, viewer, new.new_student).id)
    asked_about = new.student_id
    new, known = _hold_students(db, viewer, new)
    recipients = _check(db, viewer, new, categories, known)
    incident = _insert_incident(db, viewer, new, categories, training=training)
    subject = [new.student_id] if new.student_id else []
    monitored = subject + [one.student_id for one in new.linked if one.monitor]
    attach(db, viewer, new.documents, incident_id=incident.id)
    monitor(db, viewer, monitored, categories, incident_id=incident.id)
    alert(db, viewer, recipients, incident.id, categories)
    drafts.forget(db, viewer, new.draft)
    if new.student_id != asked_about:
        _forget_moved_draft(db, viewer, new)
    audit.record(
        db,
        viewer,
        "incident.recorded",
        [incident.id, *(one.student_id for one in new.linked), *subject],
        number=incident.number,
        alerted=len(recipients),
        files=len(new.documents),
    )
    db.app.hooks.effect(
        "incident_saved",
        db,
        viewer,
        keep_for_retry(db, viewer),
        incident_id=incident.id,
        version=1,
        values=dict(new.module_values),
    )
    return incident


def _hold_students(db: SchoolSession, viewer: Viewer, new: NewIncident) -> tuple[NewIncident, set[uuid.UUID]]:
    """The form under the records that its students have now, and those of them who may be chosen: they stay
    what they are until the transaction ends."""
    new = follow_matched(db, new)
    known = hold_choosable(db, viewer, students_of(new))
    if not known.issuperset(students_of(new)):
        later = follow_matched(db, new)  # matched while this waited
        if later != new:
            return later, hold_choosable(db, viewer, students_of(later))
    return new, known


def _forget_moved_draft(db: SchoolSession, viewer: Viewer, new: NewIncident) -> None:
    """The draft of a form that was open during the match went to the child's record with it."""
    draft = drafts.read(db, viewer, f"incident-{new.student_id}")
    if draft is not None and draft.fields.get("submission") == str(new.submission):
        db.delete(draft)


def _why_not(db: SchoolSession, ids: Sequence[uuid.UUID], who: str) -> str:
    """Why a student cannot be chosen: who was on the form may have left the school since it was opened."""
    left = select(Student.id).where(Student.id.in_(ids), Student.archived_at.is_not(None))
    if db.scalar(left.limit(1)):
        return (
            f"{who} has left the school's register since. Ask a colleague with a key to record it: your text "
            "is kept here."
        )
    return f"{who} is not known. Choose again from the list."


def _check(
    db: SchoolSession,
    viewer: Viewer,
    new: NewIncident,
    categories: Sequence[uuid.UUID],
    known: Collection[uuid.UUID],
) -> list[uuid.UUID]:
    """Everything that can be wrong, told at once; returns whom to alert, configured people included. `known`:
    the students who may be chosen."""
    errors: list[FieldError] = []
    if new.student_id is not None and new.student_id not in known:
        errors.append(FieldError("student", _why_not(db, [new.student_id], "This student")))
    unknown = [linked.student_id for linked in new.linked if linked.student_id not in known]
    if unknown:
        errors.append(FieldError("linked", _why_not(db, unknown, "One of these students")))
    if any(linked.student_id == new.student_id for linked in new.linked):
        errors.append(FieldError("linked", "The student themselves cannot be linked as well."))
    if unusable(db, [new.part_id]):
        errors.append(FieldError("student_part", NO_LONGER))
    if unusable(db, [linked.part_id for linked in new.linked]):
        errors.append(FieldError("linked", NO_LONGER))
    recipients = list(new.alert_ids)
    about = About(new.student_id, [linked.student_id for linked in new.linked], categories)
    recipients += [person.id for person in configured(db, about)]
    if not recipients and viewer.school.setting("enforce_alert"):
        errors.append(FieldError("alerts", "Your school asks that somebody is alerted to every incident."))
    errors += attached_wrongly(db, viewer, new)
    values = {
        **new.module_values,
        "student": str(new.student_id) if new.student_id else None,
        "linked": [str(linked.student_id) for linked in new.linked],
        "categories": [str(one) for one in categories],
        "occurred": new.occurred_at.isoformat(),
    }
    errors += db.app.hooks.veto("validate_incident", db, viewer, values=values)
    if errors:
        raise FormRefused(errors)
    return list(dict.fromkeys(recipients))


def _insert_incident(
    db: SchoolSession, viewer: Viewer, new: NewIncident, categories: Sequence[uuid.UUID], *, training: bool
) -> Incident:
    now, school_id = viewer.now(), viewer.school_id
    incident = Incident(
        school_id=school_id,
        id=new_id(),
        number=next_number(db, "incident"),
        student_id=new.student_id,
        author_id=viewer.acting_user,
        text=new.text,
        occurred_at=new.occurred_at,
        created_at=now,
        version=1,
        submission=new.submission,
        training=training,
    )
    db.add(incident)
    db.flush()
    rows = [(new.student_id, False, True, True, new.part_id)] if new.student_id else []
    rows += [(one.student_id, True, one.monitor, one.share_documents, one.part_id) for one in new.linked]
    common = {"school_id": school_id, "incident_id": incident.id}
    insert_rows(
        db,
        IncidentStudent,
        [
            {
                **common,
                "student_id": student_id,
                "occurred_at": incident.occurred_at,
                "linked": linked,
                "monitored": monitored,
                "share_documents": share,
                "part_id": part_id,
            }
            for student_id, linked, monitored, share, part_id in rows
        ],
    )
    add_categories(db, incident.id, categories)
    agencies = [{**common, "agency_id": agency_id} for agency_id in dict.fromkeys(new.agency_ids)]
    insert_rows(db, IncidentAgency, agencies)
    content = {
        "text": new.text,
        "occurred_at": new.occurred_at.isoformat(),
        "student": str(new.student_id) if new.student_id else None,
        "part": str(new.part_id) if new.part_id and new.student_id else None,
        "linked": [
            {
                "student": str(one.student_id),
                "monitor": one.monitor,
                "share_documents": one.share_documents,
                "part": str(one.part_id) if one.part_id else None,
            }
            for one in new.linked
        ],
        "categories": [str(one) for one in categories],
        "agencies": [str(one) for one in new.agency_ids],
        "documents": [str(document.id) for document in new.documents],
        "modules": dict(new.module_values),
        **kept_with_it(new.not_taken),
    }
    add_version(db, viewer, incident, "created", content)
    return incident
