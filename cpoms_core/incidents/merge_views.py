"""Merging incidents, with a preview of both (EDT-04), and splitting an action off (EDT-05)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.errors import Refused
from cpoms_core.hooks.types import FieldError, FormField
from cpoms_core.incidents import chronology, edit_entry, merge_gains, onlookers, versions
from cpoms_core.incidents.edit_views import (
    chosen_ids,
    found_action,
    found_incident,
    place_of,
    posted_version,
)
from cpoms_core.incidents.forms import Ids
from cpoms_core.incidents.models import Action, Category, Incident
from cpoms_core.incidents.services import (
    ChangedMeanwhile,
    FormRefused,
    Merge,
    Split,
    merge_incident,
    merge_target,
    plan_merge,
    split_action,
)
from cpoms_core.incidents.services.about import about_recorded
from cpoms_core.incidents.services.contents import content_of_action, content_of_incident
from cpoms_core.incidents.services.editing import ids_of
from cpoms_core.incidents.services.parts import usable_with_parents
from cpoms_core.incidents.services.record_places import place_of as place_in
from cpoms_core.incidents.services.record_places import places_of
from cpoms_core.incidents.services.taking_back import going_along, leaving
from cpoms_core.incidents.students_named import students_named
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import as_number, build_form


def merge(request: Request) -> Any:
    """EDT-04: asks for the number of the other incident; shows both as they will be; merges."""
    if request.method == "POST" and (there := merged_place(request, matched_id(request, "incident_id"))):
        return HTTPFound(there)  # a second click
    incident = found_incident(request)
    if request.method != "POST":
        return _ask_number(request, incident)
    number = request.POST.get("number", "").strip()
    try:
        if (asked := as_number(number)) is None:
            raise Refused("Give the number of the other incident: digits only.", field="number")
        into = merge_target(request.db, request.viewer, incident, asked)
        if "merge" not in request.POST:
            return _preview(request, incident, into)
        seen = (posted_version(request), posted_version(request, "into_version"))
        typed = Merge(incident.id, seen[0], into.id, seen[1])
        action = merge_incident(request.db, request.viewer, typed)
    except Refused as refusal:
        request.response.status_int = 422
        return _ask_number(request, incident, number, refusal.message)
    except ChangedMeanwhile:
        request.response.status_int = 409
        return _preview(request, incident, into, changed=True)
    return HTTPFound(place_of(request, into.id, action.id, "incident-merged"))


def _ask_number(request: Request, incident: Incident, number: str = "", error: str = "") -> dict[str, Any]:
    return {
        "title": f"Merge incident {incident.number}",
        "preview": None,
        "number": number,
        "error": error,
        "subject": chronology.one(request.db, request.viewer, incident.id),
        "back_href": place_of(request, incident.id),
    }


def _preview(
    request: Request, incident: Incident, into: Incident, *, changed: bool = False
) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    request.shows([incident.id, into.id])
    plan = plan_merge(db, incident, into)
    about = about_recorded(db, into.id)
    becoming = onlookers.Becoming(
        [*about.category_ids, *plan.categories],
        [*about.student_ids, *(row.student_id for row in plan.students)],
        whole_school=about.student_id is None,
    )
    first = chronology.one(db, viewer, incident.id)
    second = chronology.one(db, viewer, into.id)
    return {
        **_ask_number(request, incident),
        "preview": {
            "incident": first,
            "into": second,
            "actions": sorted([*second.actions, *first.actions], key=lambda one: one.occurred),
            "version": incident.version,
            "into_version": into.version,
            "students": list(students_named(db, viewer, [row.student_id for row in plan.students]).values()),
            "categories": _category_names(request, plan.categories),
            "seen": onlookers.of_merge(db, incident.id, into.id, becoming),
            "differs": plan.subject_differs,
            "gains": merge_gains.of_subject(db, plan, first),
            "changed": changed,
        },
        "number": str(into.number),
    }


def _category_names(request: Request, ids: Any) -> list[str]:
    if not ids:
        return []
    return list(request.db.scalars(select(Category.name).where(Category.id.in_(ids)).order_by(Category.name)))


def merged_place(request: Request, incident_id: uuid.UUID) -> str | None:
    """Where an incident that was merged is to be found now, if the viewer may read it there."""
    found = chronology.merged_into(request.db, request.viewer, incident_id)
    return place_of(request, *found) if found else None


# --- splitting -------------------------------------------------------------------------------------------


def split(request: Request) -> Any:
    """EDT-05: asks for the categories, says who will see it, and splits."""
    if request.method == "POST" and (there := _split_place(request)):
        return HTTPFound(there)
    action, incident = found_action(request)
    if request.method != "POST":
        chosen = ids_of(content_of_incident(request.db, incident), "categories")
        return _ask_categories(request, action, incident, chosen)
    chosen = chosen_ids(request, "categories")
    if "split" not in request.POST:
        return _ask_categories(request, action, incident, chosen)
    try:
        made = split_action(request.db, request.viewer, Split(action.id, posted_version(request), chosen))
    except FormRefused as refused:
        request.tm.doom()
        request.response.status_int = 422
        return _ask_categories(request, action, incident, chosen, refused.errors[0].message)
    except ChangedMeanwhile:
        request.response.status_int = 409
        message = "The action was changed while you were reading. Look at it again."
        return _ask_categories(request, action, incident, chosen, message)
    return HTTPFound(place_of(request, made.id, said="action-split"))


def _split_place(request: Request) -> str | None:
    """Where an action that was split off already is, if the viewer may see that."""
    became = request.db.scalar(
        select(Incident.id)
        .join(Action, Action.became_incident == Incident.id)
        .where(Action.id == matched_id(request, "action_id"), policy.editable_incidents(request.viewer))
    )
    return place_of(request, became) if became else None


def _ask_categories(
    request: Request, action: Action, incident: Incident, chosen: list[uuid.UUID], error: str = ""
) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    content = content_of_incident(db, incident)
    present = ids_of(content, "categories")
    field = FormField("categories", Ids("Categories", description="Choose at least one."), 10)
    form = build_form([field], None, {"categories": chosen})
    about = about_recorded(db, action.was_incident or incident.id)
    if action.was_incident is None:
        places = places_of(db, [action.id])[action.id]
        on = [one for one in about.linked_ids if place_in(action, places.get(one)).shown]
        about = replace(about, linked_ids=on)
    usable = {*usable_with_parents(db, viewer, chosen), *(one for one in chosen if one in present)}
    becoming = onlookers.Becoming(list(usable), about.student_ids, whole_school=about.student_id is None)
    if error:
        form.object_to([FieldError("categories", error)])
    of_action = content_of_action(db, action)
    words = versions.Words(db, viewer, [of_action])
    return {
        "title": "Split as incident",
        "number": incident.number,
        "was_number": db.scalar(select(Incident.number).where(Incident.id == action.was_incident))
        if action.was_incident
        else None,
        "text": viewer.text(action.text),
        "files": words.say("documents", of_action) if of_action["documents"] else "",
        "form": form.form,
        "categories": edit_entry.category_tree(db, viewer, form, present),
        "version": action.version,
        "students": list(students_named(db, viewer, about.student_ids).values()) or ["Whole school"],
        "seen": onlookers.of_split(db, incident.id, action.id, becoming),
        "left": _left(request, action, incident) if action.was_incident else None,
        "back_href": place_of(request, incident.id, action.id),
    }


def _left(request: Request, action: Action, incident: Incident) -> dict[str, Any] | None:
    """What leaves the other incident with an action that had been merged into it, and who reads it then; None
    where nothing does."""
    db = request.db
    gone = going_along(db, action)
    left = leaving(db, incident, gone)
    if not left.students and not left.categories:
        return None
    about = about_recorded(db, incident.id)
    becoming = onlookers.Becoming(
        [one for one in about.category_ids if one not in left.categories],
        [one for one in about.student_ids if one not in left.students],
        whole_school=about.student_id is None,
    )
    return {
        "students": list(students_named(db, request.viewer, left.students).values()),
        "categories": _category_names(request, left.categories),
        "seen": onlookers.of_what_stays(db, incident.id, gone, becoming),
    }
