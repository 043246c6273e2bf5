"""Adding people to tell and students to an incident that is recorded already (EDT-03)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.queries import About, Configured, configured
from cpoms_core.alerts.services import alert
from cpoms_core.audit import services as audit
from cpoms_core.database.rows import insert_rows
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents.models import Incident, IncidentStudent
from cpoms_core.incidents.services.about import about_recorded
from cpoms_core.incidents.services.brought import given_by_a_person
from cpoms_core.incidents.services.changes import locked_incident, subjects_of
from cpoms_core.incidents.services.choosing import followed, hold_choosable
from cpoms_core.incidents.services.contents import keep_incident_version
from cpoms_core.incidents.services.editing import tell_modules
from cpoms_core.incidents.services.student_parts import NO_LONGER, unusable
from cpoms_core.incidents.services.typed import FormRefused, Linked
from cpoms_core.students.monitoring import monitor
from cpoms_core.students.typed_in import matched_now
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Addition:
    """Whom to alert to an incident, and which students to link to it, each with the two ticks of INC-04."""

    incident_id: uuid.UUID
    alert_ids: Sequence[uuid.UUID] = ()
    linked: Sequence[Linked] = ()


def add_to_incident(db: SchoolSession, viewer: Viewer, addition: Addition) -> Incident:
    """Links students to an incident and alerts people to it, with the mails and the monitoring that its form
    brings. Who is linked already, and who has an open alert to it already, is passed over: a second click
    changes nothing.

    Raises NothingThere, FormRefused and Refused.
    """
    incident = locked_incident(db, addition.incident_id, policy.editable_incidents(viewer))
    about = about_recorded(db, incident.id)
    given = given_by_a_person(db, incident.id, student_ids=[one.student_id for one in addition.linked])
    linked = _hold(db, viewer, [one for one in addition.linked if one.student_id not in about.student_ids])
    linked = [one for one in linked if one.student_id not in about.student_ids]
    if not linked and not addition.alert_ids and not given:
        raise FormRefused([FieldError("alerts", "Choose somebody to alert, or a student to link.")])
    wider = with_linked(about, [one.student_id for one in linked])
    recipients = dict.fromkeys(addition.alert_ids)
    recipients |= dict.fromkeys(one.id for one in newly_configured(db, about, wider))
    if linked:
        _link(db, viewer, incident, linked)
        monitored = [one.student_id for one in linked if one.monitor]
        monitor(db, viewer, monitored, about.category_ids, incident_id=incident.id)
        keep_incident_version(db, viewer, incident, "students added")
    told = [one for one in recipients if one not in _alerted(db, incident.id)]
    alert(db, viewer, told, incident.id, about.category_ids)
    audit.record(
        db,
        viewer,
        "incident.added-to",
        subjects_of(db, incident, *told),
        number=incident.number,
        alerted=len(told),
        linked=len(linked),
    )
    if linked:
        tell_modules(db, viewer, incident)
    return incident


def with_linked(about: About, student_ids: Sequence[uuid.UUID]) -> About:
    """What an incident is about once these students are linked to it as well."""
    return replace(about, linked_ids=[*about.linked_ids, *student_ids])


def newly_configured(db: SchoolSession, about: About, wider: About) -> list[Configured]:
    """Who is alerted automatically because of the students that are added, and was not before (USR-07)."""
    if wider.student_ids == about.student_ids:
        return []
    before = {one.id for one in configured(db, about)}
    return [one for one in configured(db, wider) if one.id not in before]


def _hold(db: SchoolSession, viewer: Viewer, linked: Sequence[Linked]) -> list[Linked]:
    """The students under the records that are theirs now, which nobody matches until the transaction ends.
    Raises FormRefused."""
    ids = {one.student_id for one in linked}
    known = hold_choosable(db, viewer, ids) if ids else ids
    if known != ids:
        linked = followed(linked, matched_now(db, ids - known))
        ids = {one.student_id for one in linked}
        known = hold_choosable(db, viewer, ids)
    if known != ids:
        raise FormRefused([FieldError("linked", "One of these students is not known. Choose again.")])
    if unusable(db, [one.part_id for one in linked]):
        raise FormRefused([FieldError("linked", NO_LONGER)])
    return list(linked)


def _link(db: SchoolSession, viewer: Viewer, incident: Incident, linked: Sequence[Linked]) -> None:
    rows = [
        {
            "school_id": viewer.school_id,
            "incident_id": incident.id,
            "student_id": one.student_id,
            "occurred_at": incident.occurred_at,
            "linked": True,
            "monitored": one.monitor,
            "share_documents": one.share_documents,
            "part_id": one.part_id,
        }
        for one in linked
    ]
    insert_rows(db, IncidentStudent, rows)


def _alerted(db: SchoolSession, incident_id: uuid.UUID) -> set[uuid.UUID]:
    """Who has an open alert to the incident itself."""
    return set(
        db.scalars(
            select(Alert.recipient_id).where(
                Alert.incident_id == incident_id, Alert.action_id.is_(None), Alert.read_at.is_(None)
            )
        )
    )
