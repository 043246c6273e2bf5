"""What a file hangs on has a version that says who removed the file or brought it back: a later version would
name whoever changed something else (EDT-01, EDT-10)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select, true

from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services.changes import locked_incident
from cpoms_core.incidents.services.contents import keep_action_version, keep_incident_version
from cpoms_core.incidents.services.editing import tell_modules
from cpoms_core.incidents.services.editing_actions import tell_of_action
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Holder:
    """The incident that a file hangs on, or the action of it."""

    incident: Incident
    action: Action | None

    @property
    def there(self) -> bool:
        """Whether it is there. The newest version of a deleted one says that it is, and why: none follows."""
        return self.incident.deleted_at is None and (self.action is None or self.action.deleted_at is None)


def locked_holder(
    db: SchoolSession, incident_id: uuid.UUID | None, action_id: uuid.UUID | None
) -> Holder | None:
    """What a file hangs on, locked until the transaction ends; None for a file of a vault. Policy was asked
    before, of the file."""
    if incident_id is None:
        return None
    incident = locked_incident(db, incident_id, true())
    if action_id is None:
        return Holder(incident, None)
    statement = select(Action).where(Action.id == action_id).with_for_update()
    return Holder(incident, db.scalars(statement.execution_options(populate_existing=True)).one())


def keep_file_version(
    db: SchoolSession, viewer: Viewer, holder: Holder, kind: str, document_id: uuid.UUID, reason: str = ""
) -> None:
    """The next version of what a file hangs on, once that was removed or restored; `kind` says which. The
    modules are told, with nothing typed in their fields."""
    incident, action, file = holder.incident, holder.action, str(document_id)
    if not holder.there:
        return
    if action is None:
        keep_incident_version(db, viewer, incident, kind, reason=reason, file=file)
        tell_modules(db, viewer, incident)
    else:
        keep_action_version(db, viewer, action, kind, reason=reason, file=file)
        tell_of_action(db, viewer, action)
