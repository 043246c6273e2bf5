"""Writing to the outbox: in the transaction of the change that owes the mail or task."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from cpoms_core.database.types import new_id
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.tenancy.scope import SchoolSession


def queue(
    db: SchoolSession, kind: str, payload: dict[str, Any], *, now: dt.datetime, due: dt.datetime | None = None
) -> uuid.UUID:
    """Queues a task for the worker. `payload` is plain JSON: ids, not content. `due`: not before (UTC)."""
    assert db.school_id is not None
    item_id = new_id()
    db.add(OutboxItem(school_id=db.school_id, id=item_id, kind=kind, payload=payload, created_at=now))
    db.add(Wakeup(item_id=item_id, school_id=db.school_id, due_at=due or now))
    return item_id


def queue_mail(
    db: SchoolSession, template: str, *, to_user: uuid.UUID, now: dt.datetime, **facts: str
) -> uuid.UUID:
    """Queues a mail to a user. It is worded and addressed when it is sent, from the `template` of
    `outbox.mail` and from `facts`, which hold no content of a record."""
    return queue(db, "mail", {"template": template, "to_user": str(to_user), **facts}, now=now)
