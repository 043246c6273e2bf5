"""Training mode (TRN-01): switched on and ended by administrators with a key."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change, refuse_if_changed
from cpoms_core.audit import services as audit
from cpoms_core.errors import Refused
from cpoms_core.incidents.services.keeping_training import keep_as_real
from cpoms_core.incidents.services.removing_training import Removed, remove_training
from cpoms_core.incidents.training import marked
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.training import switch


@dataclass(frozen=True, slots=True)
class Ending:
    """What was asked for with the end of training mode. `seen`: the mark of what the page listed and counted.
    `typed`: the school's name. The ids: what was unticked, and is kept."""

    seen: str
    typed: str
    incident_ids: Collection[uuid.UUID] = ()
    action_ids: Collection[uuid.UUID] = ()


def begin_training(db: SchoolSession, viewer: Viewer) -> None:
    """Switches training mode on; once is enough. Raises NothingThere."""
    begin_change(db, viewer)
    who = str(viewer.user_id) if viewer.user_id else ""
    if not switch(db, {"since": viewer.now().isoformat(), "by": who}):
        audit.record(db, viewer, "training.begun")


def keep_real(
    db: SchoolSession, viewer: Viewer, incident_ids: Collection[uuid.UUID], action_ids: Collection[uuid.UUID]
) -> int:
    """Keeps records as real for ever, with the incidents of actions; answers how many. Raises
    NothingThere."""
    begin_change(db, viewer)
    return sum(keep_as_real(db, viewer, incident_ids, action_ids))


def end_training(db: SchoolSession, viewer: Viewer, ending: Ending) -> Removed:
    """Ends training mode: keeps what was unticked and removes all else that is marked and that the viewer
    sees. It waits for what is being recorded at this moment, and refuses where something was recorded since
    the page was opened: nothing goes that nobody looked at.

    Raises Refused (field `name`), ChangedMeanwhile and NothingThere.
    """
    begin_change(db, viewer)
    if _plain(ending.typed) != _plain(viewer.school.name):
        message = f"Type the full name of the school, {viewer.school.name}, to confirm."
        raise Refused(message, field="name")
    switch(db, None)
    refuse_if_changed("or recorded something in training mode", ending.seen, *marked(db, viewer).state)
    kept = sum(keep_as_real(db, viewer, ending.incident_ids, ending.action_ids))
    removed = remove_training(db, viewer)
    audit.record(
        db,
        viewer,
        "training.ended",
        incidents=removed.incidents,
        actions=removed.actions,
        kept=kept + removed.held,
    )
    return removed


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
