"""What happened to a case: who changed it, when, from what to what, and why (CAS-07)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from cpoms_cases.models import STATUSES, CaseChange
from cpoms_cases.queries import NOBODY
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession

SYSTEM = "The system"


@dataclass(frozen=True, slots=True)
class Entry:
    """A change of a case as people read it; `at` is the school's time. `status` and `assignee`: from what to
    what, or nothing where that did not change."""

    at: dt.datetime
    by: str
    status: str
    assignee: str
    outcome: str
    reason: str
    in_bulk: bool

    @property
    def line(self) -> str:
        """It in one line, for paper."""
        changes = "; ".join(filter(None, [self.status, self.assignee]))
        why = [f"Outcome: {self.outcome}."] if self.outcome else []
        why += [f"Reason: {self.reason}"] if self.reason else []
        return " ".join([f"{self.at:%d %b %Y, %H:%M}, {self.by}: {changes}.", *why])


def of_incidents(
    db: PluginSession, viewer: Viewer, incident_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Entry]]:
    """The histories of incidents that the viewer was found to see, newest first, by id: two queries."""
    of_these = select(CaseChange).where(CaseChange.incident_id.in_(incident_ids))
    changes = list(db.scalars(of_these.order_by(CaseChange.version.desc())))
    found: defaultdict[uuid.UUID, list[Entry]] = defaultdict(list)
    names = _names(db, changes)
    for change in changes:
        if change.from_status != change.to_status or change.from_assignee_id != change.to_assignee_id:
            found[change.incident_id].append(_entry(viewer, change, names))
    return found


def _names(db: PluginSession, changes: Collection[CaseChange]) -> dict[uuid.UUID, str]:
    ids = {
        one
        for change in changes
        for one in (change.made_by, change.from_assignee_id, change.to_assignee_id)
        if one
    }
    return {user.id: user.name for user in db.scalars(select(User).where(User.id.in_(ids)))} if ids else {}


def _entry(viewer: Viewer, change: CaseChange, names: dict[uuid.UUID, str]) -> Entry:
    def who(user_id: uuid.UUID | None) -> str:
        return names.get(user_id, NOBODY) if user_id else NOBODY

    status = f"{STATUSES[change.from_status]} to {STATUSES[change.to_status]}"
    assignee = f"assigned to {who(change.to_assignee_id)}, before to {who(change.from_assignee_id)}"
    return Entry(
        at=viewer.local(change.made_at),
        by=names.get(change.made_by, SYSTEM) if change.made_by else SYSTEM,
        status=status if change.from_status != change.to_status else "",
        assignee=assignee if change.from_assignee_id != change.to_assignee_id else "",
        outcome=change.outcome,
        reason=viewer.text(change.reason),
        in_bulk=change.bulk_id is not None,
    )
