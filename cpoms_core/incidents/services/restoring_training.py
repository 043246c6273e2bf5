"""What restoring a record that was removed as training brings along (TRN-01)."""

from __future__ import annotations

from sqlalchemy import select, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.incidents.models import (
    Action,
    ActionVersion,
    Category,
    Incident,
    IncidentCategory,
    IncidentVersion,
)
from cpoms_core.incidents.services.changes import subjects_of
from cpoms_core.incidents.services.contents import keep_incident_version, newest_of_action
from cpoms_core.incidents.services.editing import ids_of, tell_modules
from cpoms_core.incidents.services.parts import add_categories
from cpoms_core.incidents.training import REMOVED
from cpoms_core.students.monitoring import reinstate
from cpoms_core.tenancy.scope import SchoolSession

BROUGHT_BACK = "An action that was removed as training was restored."


def unmark_restored(db: SchoolSession, viewer: Viewer, record: Incident | Action) -> None:
    """Whoever restores what was removed as training says that it is real, with the actions of an incident.
    One that an editor deleted stays what it was, as long as training mode goes on."""
    if not record.training or (viewer.school.training and not _was_removed(db, record)):
        return
    record.training = False
    if isinstance(record, Incident):
        db.execute(
            update(Action)
            .where(Action.incident_id == record.id, Action.training)
            .values(training=False)
            .execution_options(synchronize_session=False)
        )


def give_categories_back(db: SchoolSession, viewer: Viewer, action: Action) -> None:
    """The categories that the action had added to its incident, and that went with it, are on it again, with
    the monitoring that came of them."""
    if not _was_removed(db, action):
        return
    incident = db.scalars(select(Incident).where(Incident.id == action.incident_id).with_for_update()).one()
    of_incident = IncidentCategory.incident_id == incident.id
    present = set(db.scalars(select(IncidentCategory.category_id).where(of_incident)))
    given = [one for one in ids_of(newest_of_action(db, action), "categories") if one not in present]
    known = set(db.scalars(select(Category.id).where(Category.id.in_(given)))) if given else set()
    back = [one for one in given if one in known]
    if not back:
        return
    add_categories(db, incident.id, back)
    keep_incident_version(db, viewer, incident, "edited", reason=BROUGHT_BACK)
    subjects = subjects_of(db, incident, action.id)
    audit.record(db, viewer, "incident.edited", subjects, version=incident.version, fields=["categories"])
    reinstate(db, viewer, [incident.id], category_ids=back)
    tell_modules(db, viewer, incident)


def _was_removed(db: SchoolSession, record: Incident | Action) -> bool:
    place = (record.school_id, record.id, record.version)
    newest: IncidentVersion | ActionVersion | None = (
        db.get(IncidentVersion, place) if isinstance(record, Incident) else db.get(ActionVersion, place)
    )
    return newest is not None and newest.kind == REMOVED
