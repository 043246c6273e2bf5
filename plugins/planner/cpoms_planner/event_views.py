"""An event: making it, looking at it, changing, removing and restoring it (PLN-02, PLN-03)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students import queries as students
from cpoms_core.students.models import Student
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import as_id
from cpoms_core.web.inputs import json_object
from cpoms_planner import queries, services, sight
from cpoms_planner.calendar_views import day_of
from cpoms_planner.event_page import day_asked, when_words
from cpoms_planner.forms import EventForm
from cpoms_planner.models import Event
from cpoms_planner.moments import due_at
from cpoms_planner.recurrence import NEVER
from cpoms_planner.services import ALL, LATER, ONE

MOST_FOUND = 20


def new(request: Request) -> Any:
    """New event: the form; on submit the event."""
    viewer, db = request.viewer, PluginSession(request.db)
    form = EventForm(request.POST if request.method == "POST" else None)
    if request.method == "GET":
        form.day.data = _asked_day(request) or viewer.local(viewer.now()).date()
    elif "look" not in request.POST:
        typed = form.read(viewer)
        if typed is not None:
            try:
                made = services.make_event_once(db, viewer, typed, as_id(request.POST.get("submission")))
            except Refused as refusal:
                _refuse(form, refusal)
            else:
                return go(request, made, said="saved")
        request.response.status_int = 422
    back = request.route_path("planner.month")
    return {
        "title": "New event",
        "button": "Add event",
        "submission": as_id(request.POST.get("submission")) or new_id(),
        "which": "",
        "once": False,
        **_form_page(request, form, back),
    }


def _asked_day(request: Request) -> dt.date | None:
    text = request.GET.get("day", "")
    return day_of(text) if text else None


def go(request: Request, event_id: uuid.UUID, **query: str) -> HTTPSeeOther:
    """To an event."""
    return HTTPSeeOther(request.route_path("planner.event", event_id=event_id, _query=query))


def _refuse(form: Any, refusal: Refused) -> None:
    if refusal.field and refusal.field in form:
        form[refusal.field].errors = [*form[refusal.field].errors, refusal.message]
    else:
        form.form_errors.append(refusal.message)


def _form_page(
    request: Request, form: EventForm, back_href: str, event: Event | None = None
) -> dict[str, Any]:
    """What the form's template reads. `event`: the one that is changed; with whom it is shared is offered
    also where they have no planner now, so that a change of something else takes nobody off. Students are
    offered as far as they are chosen, or were looked for: without scripts a box of words finds them."""
    viewer, db = request.viewer, PluginSession(request.db)
    words = str(request.POST.get("find", ""))[:200] if "look" in request.POST else ""
    offered = {one.id: one.name for one in _chosen(db, viewer, form.students.data or ())}
    found = 0
    if words.strip():
        listed, _after = students.search(request.db, viewer, students.Search(words=words), most=MOST_FOUND)
        offered |= {one.id: f"{one.name} ({one.note})" if one.note else one.name for one in listed}
        found = len(listed)
    form.students.choices = list(offered.items())
    people = {person.id: person.name for person in queries.users_of_planner(db)}
    for person in queries.shared_with(db, event.id) if event is not None else []:
        people.setdefault(person.id, f"{person.name} (no planner now)")
    people.pop(viewer.acting_user, None)
    form.share.choices = list(people.items())
    return {
        "form": form,
        "find": words,
        "found": found if words.strip() else None,
        "student_source": request.route_path("planner.students"),
        "back_href": back_href,
    }


def _chosen(db: PluginSession, viewer: Viewer, ids: Any) -> list[queries.Person]:
    if not ids:
        return []
    rows = db.scalars(
        select(Student)
        .where(Student.id.in_(ids), policy.visible_students(viewer))
        .order_by(Student.surname_key, Student.forename_key)
    )
    return [queries.Person(student.id, viewer.name(student)) for student in rows]


def find_students(request: Request) -> list[dict[str, str]]:
    """Students for the form's type-ahead: those whom the viewer may see, and no others. Posted, so that no
    name stands in an address."""
    words = str(json_object(request).get("q", ""))[:200]
    if not words.strip():
        return []
    found, _after = students.search(request.db, request.viewer, students.Search(words=words), most=MOST_FOUND)
    return [{"value": str(one.id), "text": one.name, "note": one.note} for one in found]


def edit(request: Request) -> Any:
    """Changing an event of one's own; of a series all of it, one, or one and the later ones."""
    viewer, db = request.viewer, PluginSession(request.db)
    event = queries.one(db, matched_id(request, "event_id"), sight.own_events(viewer))
    which, day = _which(request, db, event)
    request.shows([event.id])
    form = EventForm(
        request.POST if request.method == "POST" else None, data=_given(db, viewer, event, which, day)
    )
    seen = _seen(request, event)
    if request.method == "POST" and "look" not in request.POST:
        typed = form.read(viewer, known_due=due_at(event, day))
        if typed is not None:
            try:
                changed = services.change_event(db, viewer, event.id, typed, seen=seen, which=which, day=day)
            except Refused as refusal:
                _refuse(form, refusal)
                seen = event.version  # they were told of it: the next time it is saved over that
            else:
                return go(request, changed.id, said="saved")
        request.response.status_int = 422
    words = {ALL: "Change event", ONE: "Change this one only", LATER: "Change this and the later ones"}
    back = request.route_path("planner.event", event_id=event.id, _query={"on": day.isoformat()})
    return {
        "title": words[which] if event.repeats != NEVER else words[ALL],
        "button": "Save",
        "seen": seen,
        "which": which,
        "on": day.isoformat(),
        "once": which == ONE,
        **_form_page(request, form, back, event),
    }


def _seen(request: Request, event: Event) -> int:
    """The version that the form was opened at. Raises NothingThere for what no form of ours sent."""
    if request.method != "POST":
        return event.version
    try:
        return int(request.POST.get("seen", "")[:9] or 0)
    except ValueError:
        raise NothingThere from None


def _which(request: Request, db: PluginSession, event: Event) -> tuple[str, dt.date]:
    """What of a series is meant, and by which of its days. Raises NothingThere."""
    which = request.params.get("which", ALL)
    if which not in (ONE, LATER, ALL):
        raise NothingThere
    if event.repeats == NEVER:
        return ALL, event.first_day
    return which, queries.on_day(db, event, day_asked(request)).day


def _given(db: PluginSession, viewer: Viewer, event: Event, which: str, day: dt.date) -> dict[str, Any]:
    """The event as the form shows it."""
    first = event.first_day if which == ALL else day
    last = first + dt.timedelta(days=event.days)
    remind_at = viewer.local(event.remind_at).replace(tzinfo=None) if event.remind_at else None
    return {
        "title": event.title,
        "students": [one.id for one in queries.students_of(db, viewer, event.id) if one.id],
        "day": first,
        "all_day": event.begins is None,
        "begins": event.begins,
        "ends": event.ends,
        "ends_day": last if event.days else None,
        "repeats": event.repeats if which != ONE else NEVER,
        "until": event.last_begin if event.repeats != NEVER and which != ONE else None,
        "public": event.public,
        "share": [person.id for person in queries.shared_with(db, event.id)],
        "reminder": event.reminder,
        "remind_at": remind_at,
    }


def remove(request: Request) -> Any:
    """Asks what is to be removed; on submit removes it."""
    viewer, db = request.viewer, PluginSession(request.db)
    event = queries.one(db, matched_id(request, "event_id"), sight.removable_events(viewer))
    which, day = _which(request, db, event)
    if request.method == "POST":
        services.remove_event(db, viewer, event.id, which=which, day=day)
        return go(request, event.id)
    request.shows([event.id])
    return {
        "title": "Remove an event",
        "name": viewer.text(event.title),
        "own": event.owner_id == viewer.user_id,
        "public": event.public,
        "owner": queries.owner_of(db, event),
        "when": when_words(viewer, queries.on_day(db, event, day)),
        "series": event.repeats != NEVER,
        "on": day.isoformat(),
        "back_href": request.route_path("planner.event", event_id=event.id, _query={"on": day.isoformat()}),
    }


def restore(request: Request) -> HTTPSeeOther:
    """Brings back an event, or the one of a series on `day`."""
    event_id = matched_id(request, "event_id")
    db, text = PluginSession(request.db), request.POST.get("day", "")
    if text:
        services.put_back(db, request.viewer, event_id, day_of(text))
    else:
        services.restore_event(db, request.viewer, event_id)
    return go(request, event_id, said="saved")
