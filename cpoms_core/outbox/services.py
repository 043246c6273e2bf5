"""Writing to the outbox: in the transaction of the change that owes the mail or task."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from cpoms_core.database.types import new_id
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.outbox.queries import given_up, without_wakeup
from cpoms_core.tenancy.scope import SchoolSession

if TYPE_CHECKING:
    from cpoms_core.application import Application

SWEPT_AT_ONCE = 500


def queue(
    db: SchoolSession,
    kind: str,
    payload: dict[str, Any],
    *,
    now: dt.datetime,
    due: dt.datetime | None = None,
    item_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Queues a task for the worker. `payload` is plain JSON: ids, not content. `due`: not before (UTC).
    `item_id`: the item's id where it says what the item is for, and a new one otherwise."""
    assert db.school_id is not None
    item_id = item_id or new_id()
    db.add(OutboxItem(school_id=db.school_id, id=item_id, kind=kind, payload=payload, created_at=now))
    db.add(Wakeup(item_id=item_id, school_id=db.school_id, due_at=due or now))
    return item_id


def queue_mail(
    db: SchoolSession,
    template: str,
    *,
    to_user: uuid.UUID,
    now: dt.datetime,
    address: str | None = None,
    **facts: str,
) -> uuid.UUID:
    """Queues a mail to a user. It is worded and addressed when it is sent, from the `template` of
    `outbox.wording` and from `facts`: ids (`sender`; `categories`, with commas between), no names and no
    content of a record. `address`: where it goes, if not to the address that the user has when it is sent
    (one that they had before); it is kept sealed."""
    if address is not None:
        sealed = db.app.key.seal(address.encode(), address_context(to_user))
        facts["sealed_address"] = base64.b64encode(sealed).decode()
    return queue(db, "mail", {"template": template, "to_user": str(to_user), **facts}, now=now)


def address_context(user_id: uuid.UUID) -> str:
    return f"address of a mail to {user_id}"


def sweep(app: Application, school_id: int, now: dt.datetime) -> int:
    """Wakes what is owed to a school and has lost its wake-up; returns how many. There should be none: a
    wake-up is written and removed in the transactions of its item."""
    with app.session(school_id, writes=False) as db:
        if not without_wakeup(db, 1):
            return 0
    with app.transaction(school_id) as db:
        found = without_wakeup(db, SWEPT_AT_ONCE)
        for item_id in found:
            db.add(Wakeup(item_id=item_id, school_id=school_id, due_at=now))
    return len(found)


def try_again(db: SchoolSession, now: dt.datetime) -> int:
    """Takes up again what was given up at the session's school; returns how many items."""
    items = given_up(db)
    owe_again(db, items, now)
    return len(items)


def owe_again(db: SchoolSession, items: Collection[OutboxItem], now: dt.datetime) -> None:
    """Owes items again that were given up, or that were over without having been done."""
    for item in items:
        item.done_at = item.gave_up_at = None
        item.attempts, item.last_error = 0, ""
        db.merge(Wakeup(item_id=item.id, school_id=item.school_id, due_at=now))
    db.flush()
