"""Recording incidents and actions: each in one transaction with all that it owes (INC-09)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts import queries as alert_queries
from cpoms_core.alerts.services import alert
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.documents.services import Incoming, attach
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents import drafts
from cpoms_core.incidents.models import (
    Action,
    ActionAgency,
    ActionVersion,
    Agency,
    Category,
    Incident,
    IncidentAgency,
    IncidentCategory,
    IncidentStudent,
    IncidentVersion,
)
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.students.models import Student
from cpoms_core.students.monitoring import monitor
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import next_number


@dataclass(frozen=True, slots=True)
class Linked:
    """A further student on whose record the incident appears, with the two ticks of INC-04."""

    student_id: uuid.UUID
    monitor: bool = False
    share_documents: bool = False


@dataclass(frozen=True, slots=True)
class NewIncident:
    """A concern as it was typed. `student_id`: None for the whole school. `occurred_at`: UTC.

    `submission`: made with the form, so that a second click or the back button records nothing twice.
    `module_values`: what was typed in modules' fields, by field name.
    """

    submission: uuid.UUID
    student_id: uuid.UUID | None
    text: str
    category_ids: Sequence[uuid.UUID]
    occurred_at: dt.datetime
    linked: Sequence[Linked] = ()
    alert_ids: Sequence[uuid.UUID] = ()
    agency_ids: Sequence[uuid.UUID] = ()
    documents: Sequence[Incoming] = ()
    module_values: Mapping[str, Any] = field(default_factory=dict)
    draft: str = "incident"  # the draft that becomes this incident


@dataclass(frozen=True, slots=True)
class NewAction:
    """A follow-up as it was typed; fields as for NewIncident. `on_linked`: shown on the linked students'
    records too."""

    submission: uuid.UUID
    incident_id: uuid.UUID
    text: str
    occurred_at: dt.datetime
    category_ids: Sequence[uuid.UUID] = ()
    alert_ids: Sequence[uuid.UUID] = ()
    agency_ids: Sequence[uuid.UUID] = ()
    documents: Sequence[Incoming] = ()
    on_linked: bool = False
    share_documents: bool = False
    module_values: Mapping[str, Any] = field(default_factory=dict)


class FormRefused(Exception):
    """A form that cannot be accepted as it is: what is wrong, field by field. Nothing was saved."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("the form was refused")
        self.errors = errors


class AlreadySubmitted(FormRefused):
    """The form was submitted before with other words, which are kept (two tabs with one draft, or the back
    button and a change). This is another concern, and becomes one when it is sent again."""

    def __init__(self) -> None:
        message = (
            "You submitted this form a moment ago with other words, and they are recorded. What is written "
            "here now is not recorded yet: if it is another one, submit it again."
        )
        super().__init__([FieldError("", message)])


def record_incident(db: SchoolSession, viewer: Viewer, new: NewIncident) -> Incident:
    """Records a concern: number, version, students, categories, monitoring, alerts with their mails, files
    and the modules' parts. A repeat of the same submission answers with what is already there.

    Raises NothingThere (no right to add), FormRefused and Refused (what was typed cannot be).
    """
    if not viewer.may("incidents:add"):
        raise NothingThere
    repeated = db.scalars(
        select(Incident).where(
            Incident.submission == new.submission, Incident.author_id == viewer.acting_user
        )
    ).first()
    if repeated is not None:
        first = db.get_one(IncidentVersion, (viewer.school_id, repeated.id, 1)).content
        if (first["text"], first["student"]) != (new.text, str(new.student_id) if new.student_id else None):
            raise AlreadySubmitted
        return repeated
    categories = _with_parents(db, viewer, new.category_ids)
    recipients = _check(db, viewer, new, categories)
    incident = _insert_incident(db, viewer, new, categories)
    students = [(new.student_id, True)] if new.student_id else []
    monitored = [student for student, _ in students] + [one.student_id for one in new.linked if one.monitor]
    monitor(db, viewer, monitored, categories, incident_id=incident.id)
    attach(db, viewer, new.documents, incident_id=incident.id)
    alert(db, viewer, recipients, incident.id, categories)
    drafts.forget(db, viewer, new.draft)
    subjects = [incident.id, *(one.student_id for one in new.linked)]
    audit.record(
        db,
        viewer,
        "incident.recorded",
        [*subjects, new.student_id] if new.student_id else subjects,
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


def _with_parents(db: SchoolSession, viewer: Viewer, category_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
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


def _check(
    db: SchoolSession, viewer: Viewer, new: NewIncident, categories: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Everything that can be wrong, told at once; returns whom to alert, configured people included."""
    errors: list[FieldError] = []
    student_ids = [one for one in (new.student_id, *(linked.student_id for linked in new.linked)) if one]
    known = set(
        db.scalars(select(Student.id).where(Student.id.in_(student_ids), policy.choosable_students(viewer)))
    )
    if new.student_id is not None and new.student_id not in known:
        errors.append(FieldError("student", "This student is not known. Choose one from the list."))
    if any(linked.student_id not in known for linked in new.linked):
        errors.append(FieldError("linked", "One of these students is not known. Choose again."))
    if any(linked.student_id == new.student_id for linked in new.linked):
        errors.append(FieldError("linked", "The student themselves cannot be linked as well."))
    if new.documents and not viewer.may("files:attach"):
        errors.append(FieldError("files", "You may not attach files. Leave them out."))
    recipients = list(new.alert_ids)
    recipients += [person.id for person in alert_queries.configured(db, student_ids, categories)]
    if not recipients and viewer.school.setting("enforce_alert"):
        errors.append(FieldError("alerts", "Your school asks that somebody is alerted to every incident."))
    _check_agencies(db, new.agency_ids, errors)
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


def _check_agencies(db: SchoolSession, agency_ids: Sequence[uuid.UUID], errors: list[FieldError]) -> None:
    if not agency_ids:
        return
    usable = db.scalars(
        select(Agency.id).where(Agency.id.in_(agency_ids), Agency.disabled_at.is_(None))
    ).all()
    if len(usable) != len(set(agency_ids)):
        errors.append(FieldError("agencies", "One of these agencies can no longer be used. Choose again."))


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
    for student_id, linked, monitored, share in rows:
        db.add(
            IncidentStudent(
                school_id=school_id,
                incident_id=incident.id,
                student_id=student_id,
                linked=linked,
                monitored=monitored,
                share_documents=share,
            )
        )
    add_categories(db, incident.id, categories)
    for agency_id in dict.fromkeys(new.agency_ids):
        db.add(IncidentAgency(school_id=school_id, incident_id=incident.id, agency_id=agency_id))
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


def toggle_pin(db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID) -> Incident:
    """Pins an incident to the top of its records' chronologies, or takes the pin off (EDT-06). Raises
    NothingThere."""
    incident = db.scalars(
        select(Incident).where(Incident.id == incident_id, policy.rightful_incidents(viewer))
    ).first()
    if incident is None or not viewer.may("incidents:edit"):
        raise NothingThere
    incident.pinned_at = None if incident.pinned_at else viewer.now()
    event = "incident.pinned" if incident.pinned_at else "incident.unpinned"
    audit.record(db, viewer, event, [incident.id])
    return incident


def record_action(db: SchoolSession, viewer: Viewer, new: NewAction) -> Action:
    """Records a follow-up under an incident that the viewer may read: version, further categories with
    their monitoring, alerts, files and the modules' parts (ACT-01).

    Raises NothingThere, FormRefused and Refused.
    """
    incident = db.scalars(
        select(Incident).where(Incident.id == new.incident_id, policy.visible_incidents(viewer))
    ).first()
    if incident is None or not viewer.may("incidents:add"):
        raise NothingThere
    repeated = db.scalars(
        select(Action).where(Action.submission == new.submission, Action.author_id == viewer.acting_user)
    ).first()
    if repeated is not None:
        first = db.get_one(ActionVersion, (viewer.school_id, repeated.id, 1)).content
        if (first["text"], repeated.incident_id) != (new.text, new.incident_id):
            raise AlreadySubmitted
        return repeated
    _check_action(db, viewer, new)
    present = list(
        db.scalars(select(IncidentCategory.category_id).where(IncidentCategory.incident_id == incident.id))
    )
    chosen = _with_parents(db, viewer, new.category_ids) if new.category_ids else []
    added = [category for category in chosen if category not in present]
    action = _insert_action(db, viewer, new, added)
    if added:
        _widen(db, viewer, incident, added)
    attach(db, viewer, new.documents, incident_id=incident.id, action_id=action.id)
    alert(db, viewer, new.alert_ids, incident.id, [*present, *added], action_id=action.id)
    drafts.forget(db, viewer, f"action-{incident.id}")
    audit.record(
        db,
        viewer,
        "action.recorded",
        [incident.id, action.id],
        alerted=len(set(new.alert_ids)),
        files=len(new.documents),
    )
    db.app.hooks.effect(
        "action_saved",
        db,
        viewer,
        keep_for_retry(db, viewer),
        action_id=action.id,
        version=1,
        values=dict(new.module_values),
    )
    return action


def _check_action(db: SchoolSession, viewer: Viewer, new: NewAction) -> None:
    errors: list[FieldError] = []
    _check_agencies(db, new.agency_ids, errors)
    if new.documents and not viewer.may("files:attach"):
        errors.append(FieldError("files", "You may not attach files. Leave them out."))
    if errors:
        raise FormRefused(errors)


def _insert_action(db: SchoolSession, viewer: Viewer, new: NewAction, added: Sequence[uuid.UUID]) -> Action:
    now, school_id = viewer.now(), viewer.school_id
    action = Action(
        school_id=school_id,
        id=new_id(),
        incident_id=new.incident_id,
        author_id=viewer.acting_user,
        text=new.text,
        occurred_at=new.occurred_at,
        created_at=now,
        on_linked=new.on_linked,
        share_documents=new.share_documents,
        version=1,
        submission=new.submission,
    )
    db.add(action)
    db.flush()
    for agency_id in dict.fromkeys(new.agency_ids):
        db.add(ActionAgency(school_id=school_id, action_id=action.id, agency_id=agency_id))
    content = {
        "text": new.text,
        "occurred_at": new.occurred_at.isoformat(),
        "categories": [str(one) for one in added],
        "agencies": [str(one) for one in new.agency_ids],
        "documents": [str(document.id) for document in new.documents],
        "on_linked": new.on_linked,
        "share_documents": new.share_documents,
        "modules": dict(new.module_values),
    }
    db.add(
        ActionVersion(
            school_id=school_id,
            action_id=action.id,
            version=1,
            kind="created",
            content=content,
            made_by=viewer.user_id,
            made_at=now,
        )
    )
    db.flush()
    return action


def _widen(db: SchoolSession, viewer: Viewer, incident: Incident, added: Sequence[uuid.UUID]) -> None:
    """Categories that an action adds are shown on the incident from then on: a new version of it, and
    monitoring from this moment (INC-09)."""
    newest = db.get_one(IncidentVersion, (viewer.school_id, incident.id, incident.version)).content
    add_categories(db, incident.id, added)
    incident.version += 1
    content = {**newest, "categories": [*newest["categories"], *(str(one) for one in added)]}
    add_version(db, viewer, incident, "action added", content)
    monitored = select(IncidentStudent.student_id).where(
        IncidentStudent.incident_id == incident.id, IncidentStudent.monitored
    )
    monitor(db, viewer, db.scalars(monitored).all(), added, incident_id=incident.id)
