"""Recording an incident, in one transaction with all that it owes (INC-09)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, bindparam, select

from cpoms_core.access import policy
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
    IncidentVersion,
)
from cpoms_core.incidents.services.parts import add_categories, add_version, attached_wrongly, with_parents
from cpoms_core.incidents.services.typed import AlreadySubmitted, FormRefused, NewIncident
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.students.models import Student
from cpoms_core.students.monitoring import monitor
from cpoms_core.tenancy.scope import SchoolSession, built_once
from cpoms_core.tenancy.services import next_number

SUBMITTED = built_once(
    select(Incident).where(
        Incident.submission == bindparam("submission", type_=Id),
        Incident.author_id == bindparam("author", type_=Id),
    )
)


@policy.for_rights
def _choosable(sight: policy.Sight) -> Select[uuid.UUID]:
    ids = bindparam("students", expanding=True, type_=Id)
    return select(Student.id).where(Student.id.in_(ids), policy.choosable_students(sight))


def record_incident(db: SchoolSession, viewer: Viewer, new: NewIncident) -> Incident:
    """Records a concern: number, version, students, categories, monitoring, alerts with their mails, files
    and the modules' parts. A repeat of the same submission answers with what is already there.

    Raises NothingThere (no right to add), FormRefused and Refused (what was typed cannot be).
    """
    if not viewer.may("incidents:add"):
        raise NothingThere
    repeated = db.scalars(SUBMITTED, {"submission": new.submission, "author": viewer.acting_user}).first()
    if repeated is not None:
        first = db.get_one(IncidentVersion, (viewer.school_id, repeated.id, 1)).content
        if (first["text"], first["student"]) != (new.text, str(new.student_id) if new.student_id else None):
            raise AlreadySubmitted
        return repeated
    categories = with_parents(db, viewer, new.category_ids)
    recipients = _check(db, viewer, new, categories)
    incident = _insert_incident(db, viewer, new, categories)
    subject = [new.student_id] if new.student_id else []
    monitored = subject + [one.student_id for one in new.linked if one.monitor]
    monitor(db, viewer, monitored, categories, incident_id=incident.id)
    attach(db, viewer, new.documents, incident_id=incident.id)
    alert(db, viewer, recipients, incident.id, categories)
    drafts.forget(db, viewer, new.draft)
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


def _check(
    db: SchoolSession, viewer: Viewer, new: NewIncident, categories: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Everything that can be wrong, told at once; returns whom to alert, configured people included."""
    errors: list[FieldError] = []
    student_ids = [one for one in (new.student_id, *(linked.student_id for linked in new.linked)) if one]
    known = set(db.scalars(_choosable(viewer), policy.who(viewer, students=student_ids)))
    if new.student_id is not None and new.student_id not in known:
        errors.append(FieldError("student", "This student is not known. Choose one from the list."))
    if any(linked.student_id not in known for linked in new.linked):
        errors.append(FieldError("linked", "One of these students is not known. Choose again."))
    if any(linked.student_id == new.student_id for linked in new.linked):
        errors.append(FieldError("linked", "The student themselves cannot be linked as well."))
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
    db: SchoolSession, viewer: Viewer, new: NewIncident, categories: Sequence[uuid.UUID]
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
    )
    db.add(incident)
    db.flush()
    rows = [(new.student_id, False, True, True)] if new.student_id else []
    rows += [(one.student_id, True, one.monitor, one.share_documents) for one in new.linked]
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
            }
            for student_id, linked, monitored, share in rows
        ],
    )
    add_categories(db, incident.id, categories)
    agencies = [{**common, "agency_id": agency_id} for agency_id in dict.fromkeys(new.agency_ids)]
    insert_rows(db, IncidentAgency, agencies)
    content = {
        "text": new.text,
        "occurred_at": new.occurred_at.isoformat(),
        "student": str(new.student_id) if new.student_id else None,
        "linked": [
            {"student": str(one.student_id), "monitor": one.monitor, "share_documents": one.share_documents}
            for one in new.linked
        ],
        "categories": [str(one) for one in categories],
        "agencies": [str(one) for one in new.agency_ids],
        "documents": [str(document.id) for document in new.documents],
        "modules": dict(new.module_values),
    }
    add_version(db, viewer, incident, "created", content)
    return incident
