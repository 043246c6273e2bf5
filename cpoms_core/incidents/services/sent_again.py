"""A form that arrives again: its first answer was lost, or it was sent twice (INC-09, ACT-01). The record
that it became is the answer. Whom it names besides is alerted now; what else is different in it is told, for
its author may have changed it before sending again, and may be unable to open the record."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.queries import About, configured
from cpoms_core.alerts.services import alert
from cpoms_core.audit import services as audit
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentVersion
from cpoms_core.incidents.services.about import about_recorded
from cpoms_core.incidents.services.changes import subjects_of
from cpoms_core.incidents.services.choosing import follow_matched
from cpoms_core.incidents.services.contents import as_matched_now
from cpoms_core.incidents.services.differing import about_the_same, unlike_action, unlike_incident
from cpoms_core.incidents.services.typed import AlreadySubmitted, NewAction, NewIncident
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class People:
    """Whom a repeated form names or does not name, other than the first time. `alerted`: just now; `before`:
    alerted then, and named no more; `not_alerted`: the record is not there by itself any more, or others have
    added to it."""

    alerted: Sequence[uuid.UUID] = ()
    before: Sequence[uuid.UUID] = ()
    not_alerted: Sequence[uuid.UUID] = ()


class NotAllRecorded(Exception):
    """A repeated form that differs from what was recorded of it. Whom it names besides is alerted by then, so
    the transaction is to be kept. `of`: the record; `number`: its incident's; `unlike`: the names of the
    fields that were not changed in it."""

    def __init__(self, of: Incident | Action, number: int, unlike: Sequence[str], people: People) -> None:
        super().__init__("not all of a repeated form is recorded")
        self.of, self.number, self.unlike, self.people = of, number, unlike, people

    @property
    def incident_id(self) -> uuid.UUID:
        return self.of.incident_id if isinstance(self.of, Action) else self.of.id


def same_incident(db: SchoolSession, viewer: Viewer, incident: Incident, new: NewIncident) -> Incident:
    """The incident that a repeated form became. Raises AlreadySubmitted where it has other words,
    NotAllRecorded where it has other parts, and Refused where somebody cannot be alerted."""
    first = db.get_one(IncidentVersion, (viewer.school_id, incident.id, 1)).content
    if first["text"] != new.text or not about_the_same(db, first["student"], new):
        raise AlreadySubmitted
    unlike = unlike_incident(db, as_matched_now(db, first), follow_matched(db, new))
    people = _people(db, viewer, incident, incident, new.alert_ids)
    _object(incident, incident.number, unlike, people)
    return incident


def same_action(
    db: SchoolSession, viewer: Viewer, incident: Incident, action: Action, new: NewAction
) -> Action:
    """As `same_incident`, of an action of an incident that the viewer may read."""
    first = db.get_one(ActionVersion, (viewer.school_id, action.id, 1)).content
    if (first["text"], action.incident_id) != (new.text, new.incident_id):
        raise AlreadySubmitted
    unlike = unlike_action(db, first, new)
    people = _people(db, viewer, incident, action, new.alert_ids)
    _object(action, incident.number, unlike, people)
    return action


def _object(of: Incident | Action, number: int, unlike: Sequence[str], people: People) -> None:
    if unlike or people.before or people.not_alerted:
        raise NotAllRecorded(of, number, unlike, people)


def _people(
    db: SchoolSession,
    viewer: Viewer,
    incident: Incident,
    of: Incident | Action,
    chosen: Sequence[uuid.UUID],
) -> People:
    """Alerts whom the first form did not name. What was merged or split off since is another's record now,
    which the author did not choose them to read; what was added since is not the author's to show."""
    # two that arrive at the same moment alert nobody twice
    db.refresh(incident, with_for_update={"key_share": True})
    if of is not incident:
        db.refresh(of)
    rows = db.execute(
        select(Alert.recipient_id, Alert.sender_id).where(_to_it(of), Alert.passed_on_from.is_(None))
    ).all()
    told = {row.recipient_id for row in rows}
    missing = [one for one in dict.fromkeys(chosen) if one not in told]
    before = {row.recipient_id for row in rows if row.sender_id == viewer.user_id} - set(chosen)
    about = about_recorded(db, incident.id) if missing or before else None
    if about is None:
        return People()
    before -= {one.id for one in configured(db, about)}
    if missing and not _may_alert(db, viewer, of):
        return People(before=sorted(before), not_alerted=missing)
    if missing:
        _alert(db, viewer, incident, of, missing, about)
    return People(missing, sorted(before))


def _may_alert(db: SchoolSession, viewer: Viewer, of: Incident | Action) -> bool:
    """An action's author may, who reads its incident (ACT-01)."""
    if of.deleted_at is not None or isinstance(of, Action):
        return of.deleted_at is None
    mine = select(Incident.id).where(Incident.id == of.id, policy.alertable_incidents(viewer))
    return db.scalar(mine) is not None


def _to_it(of: Incident | Action) -> ColumnElement[bool]:
    """The alerts to an incident or action itself, wherever it is by now."""
    if isinstance(of, Incident):
        here = and_(Alert.incident_id == of.id, Alert.action_id.is_(None))
        return or_(here, Alert.action_id == of.merged_into) if of.merged_into else here
    here = Alert.action_id == of.id
    there = and_(Alert.incident_id == of.became_incident, Alert.action_id.is_(None))
    return or_(here, there) if of.became_incident else here


def _alert(
    db: SchoolSession,
    viewer: Viewer,
    incident: Incident,
    of: Incident | Action,
    people: Sequence[uuid.UUID],
    about: About,
) -> None:
    action_ids = [of.id] if isinstance(of, Action) else []
    action_id = action_ids[0] if action_ids else None
    alert(db, viewer, people, incident.id, about.category_ids, action_id=action_id)
    audit.record(
        db,
        viewer,
        "incident.added-to",
        subjects_of(db, incident, *action_ids, *people),
        number=incident.number,
        alerted=len(people),
        linked=0,
    )
