"""Reminders (PLN-04): each event owes the worker one task, for the next moment that it is reminded of. A task
of an older version of the event does nothing, unless it was due before the change: the newer version owes
its own.

A worker that was down finds the task due when it is back. Of a series that was due several times meanwhile,
it reminds once, of the last one.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import MailSpec, TaskSpec
from cpoms_core.web.forms import as_id
from cpoms_planner import queries, sight
from cpoms_planner.models import Event, Reminded
from cpoms_planner.moments import dues

REMIND = "planner.remind"
MAIL = "planner.reminder"
INSTANT = dt.timedelta(microseconds=1)


def owe_next(db: PluginSession, event: Event, since: dt.datetime) -> None:
    """Owes the event's next reminder from a moment (UTC) on, if it has one and is there."""
    if event.removed_at is not None:
        return
    out = queries.left_out(db, [event.id]).get(event.id, frozenset())
    for due, day in dues(event, out, since):
        about = {
            "event": str(event.id),
            "version": event.version,
            "due": due.isoformat(),
            "day": day.isoformat(),
        }
        db.queue_task(REMIND, about, now=since, due=due)
        return


def remind(db: PluginSession, viewer: Viewer, payload: Mapping[str, Any]) -> None:
    """The task: puts the reminder on the dashboards of whom it concerns, owes them a mail each, and owes the
    next one. What is done twice is there once."""
    event_id = as_id(payload.get("event"))
    if event_id is None:
        return
    event: Event | None = db.scalars(
        select(Event).where(Event.id == event_id).with_for_update(of=Event)
    ).first()
    if event is None or event.removed_at is not None:
        return
    due, day = dt.datetime.fromisoformat(payload["due"]), dt.date.fromisoformat(payload["day"])
    now = max(viewer.now(), due)
    out = queries.left_out(db, [event.id]).get(event.id, frozenset())
    if event.version != payload["version"]:
        # it was due before the change, and the event is still reminded of then: the worker is only late
        if due < event.changed_at and next(dues(event, out, due), None) == (due, day):
            _tell(db, event, due, day)
        return
    for later, its_day in dues(event, out, due):
        if later > now:
            break
        due, day = later, its_day
    if day not in out:  # a part of a series owes its first before it is said which days it leaves out
        _tell(db, event, due, day)
    owe_next(db, event, due + INSTANT)


def _tell(db: PluginSession, event: Event, due: dt.datetime, day: dt.date) -> None:
    told = set(
        db.scalars(select(Reminded.user_id).where(Reminded.event_id == event.id, Reminded.due_at == due))
    )
    recipients = db.scalars(
        select(User.id)
        .select_from(User)
        .join(Event, Event.id == event.id)
        .where(sight.there(), sight.reminded_users())
        .order_by(User.id)
    )
    for user_id in list(recipients):
        if user_id in told:
            continue
        db.add(Reminded(school_id=db.school_id, event_id=event.id, due_at=due, user_id=user_id, day=day))
        # as of the moment that it was due, which is what it says, also where the worker is late
        db.queue_mail(MAIL, to_user=user_id, now=due, event=str(event.id), due=due.isoformat())
    db.flush()


def still_owed(db: PluginSession, viewer: Viewer, payload: Mapping[str, Any]) -> bool:
    """Whether a mail that was queued is to be sent: the event is there, its recipient still sees it, and has
    not taken the reminder off the dashboard already."""
    event_id, user_id = uuid.UUID(payload["event"]), uuid.UUID(payload["to_user"])
    row = db.get(Reminded, (db.school_id, event_id, dt.datetime.fromisoformat(payload["due"]), user_id))
    if row is None or row.done_at is not None:
        return False
    found = db.scalar(
        select(User.id)
        .select_from(User)
        .join(Event, Event.id == event_id)
        .where(User.id == user_id, sight.there(), sight.reminded_users())
    )
    return found is not None


def done(db: PluginSession, viewer: Viewer, event_id: uuid.UUID) -> None:
    """Takes an event's reminders off the viewer's dashboard; they are kept. Pressing it twice is no fault."""
    now = viewer.now()
    changed = db.execute(
        update(Reminded)
        .where(
            Reminded.event_id == event_id,
            Reminded.user_id == viewer.acting_user,
            Reminded.done_at.is_(None),
        )
        .values(done_at=now)
        .execution_options(synchronize_session=False)
    )
    if getattr(changed, "rowcount", 0):
        db.audit(viewer, "planner.reminder-done", [event_id])


TASK = TaskSpec(REMIND, remind)
LETTER = MailSpec(
    MAIL,
    "You have a reminder in your planner",
    "You have a reminder in your planner at {school}, for {when}.\n\n"
    "Log in to see what it is about:\n{login}\n",
    owed=still_owed,
)
