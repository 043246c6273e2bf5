"""Recording an action under an incident (ACT-01)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.queries import configured
from cpoms_core.alerts.services import alert
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.documents.services import attach
from cpoms_core.errors import NothingThere
from cpoms_core.incidents import drafts
from cpoms_core.incidents.models import (
    Action,
    ActionAgency,
    ActionVersion,
    Incident,
    IncidentStudent,
    IncidentVersion,
)
from cpoms_core.incidents.services.about import about_recorded, widened
from cpoms_core.incidents.services.brought import given_by_a_person
from cpoms_core.incidents.services.contents import without_facts
from cpoms_core.incidents.services.in_training import is_training
from cpoms_core.incidents.services.parts import add_categories, add_version, attached_wrongly, with_parents
from cpoms_core.incidents.services.sent_again import same_action
from cpoms_core.incidents.services.typed import FormRefused, NewAction
from cpoms_core.modules.kept_fields import kept_with_it
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.students.monitoring import monitor
from cpoms_core.tenancy.scope import SchoolSession


def record_action(db: SchoolSession, viewer: Viewer, new: NewAction) -> Action:
    """Records a follow-up under an incident that the viewer may read: version, further categories with
    their monitoring, alerts (of those configured for a category that it adds, too: USR-07), files and the
    modules' parts (ACT-01). A repeat of the same submission answers with what is already there, and alerts
    whom it names besides.

    Raises NothingThere, FormRefused and Refused, and NotAllRecorded (a repeat with other parts), after which
    the transaction is to be kept.
    """
    repeated = db.scalars(
        select(Action).where(Action.submission == new.submission, Action.author_id == viewer.acting_user)
    ).first()
    # before the incident is locked, as where training mode is ended
    training = repeated is None and is_training(db, viewer, new.opened_in_training)
    incident = db.scalars(
        select(Incident)
        .where(Incident.id == new.incident_id, policy.visible_incidents(viewer))
        # it must not be deleted under the action meanwhile; who widens it waits for another who does
        .with_for_update(read=not new.category_ids, key_share=True)
    ).first()
    if incident is None or not viewer.may("incidents:add"):
        raise NothingThere
    if repeated is not None:
        return same_action(db, viewer, incident, repeated, new)
    if errors := attached_wrongly(db, viewer, new):
        raise FormRefused(errors)
    chosen = with_parents(db, viewer, new.category_ids) if new.category_ids else []
    about, added = widened(about_recorded(db, incident.id), chosen)
    recipients = set(new.alert_ids) | {person.id for person in configured(db, about, added)}
    action = _insert_action(db, viewer, new, added, training=training)
    attach(db, viewer, new.documents, incident_id=incident.id, action_id=action.id)
    given_by_a_person(db, incident.id, category_ids=chosen)
    if added:
        _widen(db, viewer, incident, added)
    alert(db, viewer, sorted(recipients), incident.id, about.category_ids, action_id=action.id)
    drafts.forget(db, viewer, new.draft or f"action-{incident.id}")
    audit.record(
        db,
        viewer,
        "action.recorded",
        [incident.id, action.id],
        alerted=len(recipients),
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


def _insert_action(
    db: SchoolSession, viewer: Viewer, new: NewAction, added: Sequence[uuid.UUID], *, training: bool
) -> Action:
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
        training=training,
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
        **kept_with_it(new.not_taken),
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
    content = without_facts(newest)
    content["categories"] = [*newest["categories"], *(str(one) for one in added)]
    add_version(db, viewer, incident, "action added", content)
    monitored = select(IncidentStudent.student_id).where(
        IncidentStudent.incident_id == incident.id, IncidentStudent.monitored
    )
    monitor(db, viewer, db.scalars(monitored).all(), added, incident_id=incident.id)
