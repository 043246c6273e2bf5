"""The permission matrix of the planner (PLN-01, PLN-02): for key holders whose user group may use it, of whom
this stage has the lead and `pastoral`; each sees their own events, shared ones and public ones."""

from __future__ import annotations

import datetime as dt
import uuid

from cpoms_planner.models import Event, EventShare
from matrix import EVERYONE, Row
from matrix_editing import action, deleted_action
from matrix_objects import behaviour, incident

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.testing.schools import SchoolForTests

TEXTS = [Event.title]
LEAD = "lead"
USING = "lead pastoral"
DAY = dt.date(2030, 3, 4)
SIGHT = {
    "planner event": {
        "own": LEAD,
        "public": USING,
        "shared with the lead": LEAD,
        "not shared any more": "",
        "private": "",
        "own, of an incident that was deleted": "",
        "own, removed": LEAD,  # it says so, and offers to restore it
        "own, removed, of an incident that was deleted": "",
        "another's, removed": "",
        "of another school": "",
    },
    "own planner event": {
        "own": LEAD,
        "public": "",
        "shared with the lead": "",
        "private": "",
        "own, removed": "",
        "of another school": "",
    },
    "planner event to remove": {
        "own": LEAD,
        "public": LEAD,  # as an administrator
        "shared with the lead": "",
        "private": "",
        "own, removed": "",
        "of another school": "",
    },
    "planner event to restore": {
        "own, removed": LEAD,
        "own, removed, of an incident that was deleted": "",
        "another's, removed": "",
        "own": "",
    },
    "incident for the planner": {"on Behaviour": USING, "deleted": "", "of another school": ""},
    "action for the planner": {"on Behaviour": USING, "deleted": "", "of another school": ""},
}


def event(
    school: SchoolForTests,
    owner: str = "lead",
    *,
    public: bool = False,
    shared: bool | None = None,
    removed: bool = False,
    of: uuid.UUID | None = None,
) -> uuid.UUID:
    """An event; `shared`: with the lead, or (False) not any more."""
    made, now = new_id(), utc_now()
    with school.app.transaction(school.id) as db:
        db.add(
            Event(
                school_id=school.id, id=made, owner_id=school.users[owner], title="Case review",
                first_day=DAY, begins=dt.time(9), days=0, ends=None, zone="Europe/London", public=public,
                repeats="never", last_begin=DAY, over_on=DAY, reminder="none", version=1, made_at=now,
                changed_at=now, removed_at=now if removed else None, incident_id=of,
            )
        )  # fmt: skip
        db.flush()
        if shared is not None:
            lead = school.users["lead"]
            removed_at = None if shared else now
            db.add(EventShare(school_id=school.id, event_id=made, user_id=lead, removed_at=removed_at))
    return made


EVENTS = {
    "own": event,
    "public": lambda school: event(school, "head", public=True),
    "shared with the lead": lambda school: event(school, "head", shared=True),
    "not shared any more": lambda school: event(school, "head", shared=False),
    "private": lambda school: event(school, "head"),
    "own, of an incident that was deleted": lambda school: event(
        school, of=incident(school, "Behaviour", deleted=True)
    ),
    "own, removed": lambda school: event(school, removed=True),
    "own, removed, of an incident that was deleted": lambda school: event(
        school, removed=True, of=incident(school, "Behaviour", deleted=True)
    ),
    "another's, removed": lambda school: event(school, "head", removed=True),
}


def _of(*names: str) -> dict[str, object]:
    return {name: EVENTS[name] for name in names}


OBJECTS = {
    "planner event": EVENTS,
    "own planner event": _of("own", "public", "shared with the lead", "private", "own, removed"),
    "planner event to remove": _of("own", "public", "shared with the lead", "private", "own, removed"),
    "planner event to restore": _of(
        "own, removed", "own, removed, of an incident that was deleted", "another's, removed", "own"
    ),
    "incident for the planner": {
        "on Behaviour": behaviour,
        "deleted": lambda school: incident(school, "Behaviour", deleted=True),
    },
    "action for the planner": {
        "on Behaviour": lambda school: action(school, behaviour(school)),
        "deleted": deleted_action,
    },
}
ROWS = [
    Row("GET", "planner.static", EVERYONE, fields={"subpath": ("css", "planner.css")}),
    Row("GET", "planner.month", USING),
    Row("GET", "planner.month_of", USING, fields={"month": "2030-03"}),
    Row("GET", "planner.day", USING, fields={"day": "2030-03-04"}),
    Row("POST", "planner.students", USING),
    Row("GET", "planner.new", USING),
    Row("POST", "planner.new", USING),
    Row("GET", "planner.event", USING, "planner event"),
    Row("GET", "planner.edit", USING, "own planner event"),
    Row("POST", "planner.edit", USING, "own planner event"),
    Row("GET", "planner.remove", USING, "planner event to remove"),
    Row("POST", "planner.remove", USING, "planner event to remove"),
    Row("POST", "planner.restore", USING, "planner event to restore"),
    Row("POST", "planner.done", USING, fields={"event_id": str(uuid.UUID(int=7))}),
    Row("GET", "planner.remind", USING),
    Row("POST", "planner.remind", USING),
    Row("GET", "planner.of_incident", USING, "incident for the planner"),
    Row("POST", "planner.of_incident", USING, "incident for the planner"),
    Row("GET", "planner.of_action", USING, "action for the planner"),
    Row("POST", "planner.of_action", USING, "action for the planner"),
    Row("GET", "planner.feeds", USING),
    Row("POST", "planner.feeds", USING),
    Row("GET", "planner.feed", "", fields={"secret": "no-such-secret"}),
]
