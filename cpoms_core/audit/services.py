"""Writing the audit. Entries are only ever added; a queue row beside each asks for its seal."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.audit.models import AuditEntry, AuditSubject, Unsealed
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import new_id
from cpoms_core.tenancy.scope import SchoolSession


def entry(viewer: Viewer, event: str, subjects: Iterable[uuid.UUID] = (), **details: Any) -> dict[str, Any]:
    """An audit entry as a plain row: who did `event` to which `subjects`, and facts that are no content
    (numbers, names of fields)."""
    return raw_entry(
        viewer.school_id,
        viewer.user_id,
        event,
        subjects,
        details,
        at=viewer.now(),
        channel=viewer.channel,
        access=viewer.access,
        ip=viewer.ip,
    )


def raw_entry(
    school_id: int,
    user_id: uuid.UUID | None,
    event: str,
    subjects: Iterable[uuid.UUID],
    details: dict[str, Any],
    *,
    at: dt.datetime,
    channel: str = "web",
    access: str = "",
    ip: str = "",
) -> dict[str, Any]:
    """As `entry`, for what happens before anybody is known (log-in)."""
    return {
        "school_id": school_id,
        "id": new_id(),
        "at": at,
        "user_id": user_id,
        "event": event,
        "channel": channel,
        "access": access,
        "subjects": [str(subject) for subject in subjects],
        "details": details,
        "ip": ip,
    }


def record(
    db: SchoolSession, viewer: Viewer, event: str, subjects: Iterable[uuid.UUID] = (), **details: Any
) -> None:
    """Writes an entry with the change it belongs to, in the same transaction."""
    write_entries(db, [entry(viewer, event, subjects, **details)])


def write_entries(db: SchoolSession, entries: Sequence[dict[str, Any]]) -> None:
    """Adds entries, where each of their subjects finds them, and queues them for sealing."""
    insert_rows(db, AuditEntry, entries)
    insert_rows(db, AuditSubject, list(_found_by(entries)))
    insert_rows(db, Unsealed, [{"school_id": row["school_id"], "entry_id": row["id"]} for row in entries])


def _found_by(entries: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in entries:
        for subject in dict.fromkeys(row["subjects"]):
            yield {
                "school_id": row["school_id"],
                "subject_id": uuid.UUID(subject),
                "entry_id": row["id"],
            }
