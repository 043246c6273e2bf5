"""The forms that edit an incident or an action: what they begin with, what they send to the services, and
what they are given where somebody else was faster (EDT-01)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from types import SimpleNamespace
from typing import Any

from pyramid.request import Request
from sqlalchemy import or_, select
from webob.multidict import MultiDict
from wtforms import SelectField

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.documents.services import Incoming
from cpoms_core.hooks.types import FormField
from cpoms_core.incidents.category_ticks import category_ticks
from cpoms_core.incidents.entry import categories_there
from cpoms_core.incidents.forms import action_fields, in_utc, incident_fields
from cpoms_core.incidents.models import Action, Agency, Category, Incident
from cpoms_core.incidents.services import ActionEdit, IncidentEdit, Linked
from cpoms_core.incidents.services.contents import Content, content_of_action, content_of_incident
from cpoms_core.incidents.services.editing import ids_of, moment_of
from cpoms_core.incidents.services.student_parts import usable_parts
from cpoms_core.incidents.student_fields import NOT_SAID, linked_context, typed_parts
from cpoms_core.incidents.students_named import students_named
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.web.arranged import arranged_form
from cpoms_core.web.forms import BuiltForm, as_id
from cpoms_core.web.over_newest import over_newest

TAKEN_OFF = (
    "If you take one off, whoever may edit this incident without it may read its earlier versions too."
)
EDITED = frozenset({"text", "categories", "occurred", "agencies", "files", "linked_actions"})


# --- what the forms begin with: the one place for each, so that a hidden name can never be typed into one
# ----


def incident_values(viewer: Viewer, content: Content) -> dict[str, Any]:
    """What the form of an incident begins with, by the content of one of its versions."""
    return {
        "text": content["text"],
        "categories": ids_of(content, "categories"),
        "agencies": ids_of(content, "agencies"),
        "occurred": _as_typed(viewer, moment_of(content)),
        "student_part": content.get("part") or "",
    }


def action_values(viewer: Viewer, content: Content) -> dict[str, Any]:
    """As `incident_values`, of an action."""
    ticks = {"show": content["on_linked"], "share": content["share_documents"]}
    return {
        "text": content["text"],
        "categories": ids_of(content, "categories"),
        "agencies": ids_of(content, "agencies"),
        "occurred": _as_typed(viewer, moment_of(content)),
        "linked_actions": [name for name, ticked in ticks.items() if ticked],
    }


def ticks_typed(content: Content) -> MultiDict[str, Any]:
    """The ticks and parts of an incident's linked students, as its form would have sent them."""
    typed: MultiDict[str, Any] = MultiDict()
    for one in content["linked"]:
        if one["monitor"]:
            typed.add("linked_monitor", one["student"])
        if one["share_documents"]:
            typed.add("linked_share", one["student"])
        if one.get("part"):
            typed.add("linked_part", f"{one['student']}:{one['part']}")
    return typed


def _as_typed(viewer: Viewer, moment: dt.datetime) -> dt.datetime:
    return viewer.local(moment).replace(tzinfo=None, second=0, microsecond=0)


# --- the forms -------------------------------------------------------------------------------------------


def incident_form(
    request: Request, incident: Incident, posted: Any, given: dict[str, Any] | None = None
) -> BuiltForm:
    """The form that edits an incident, with the modules' fields in their places."""
    content = content_of_incident(request.db, incident)
    fields = [one for one in incident_fields(request.viewer) if one.name in EDITED]
    parts = usable_parts(request.db, [as_id(content.get("part"))])
    if parts and incident.student_id is not None:
        choices = [("", NOT_SAID), *((str(one), name) for one, name in parts)]
        field = SelectField("The student’s part in it", choices=choices, validate_choice=False)
        fields.append(FormField("student_part", field, 25))
    modules = request.app.hooks.collect(
        "incident_edit_fields", request.db, request.viewer, incident_id=incident.id
    )
    together, present = {"student_part": "categories"}, ids_of(content, "categories")
    form = arranged_form(
        request, "incident", fields, modules, posted, given, together=together, present=present
    )
    form = _filled(request, form, content)
    form.part("categories").description += f" {TAKEN_OFF}"
    return form


def action_form(
    request: Request,
    action: Action,
    posted: Any,
    given: dict[str, Any] | None = None,
    *,
    has_linked: bool,
) -> BuiltForm:
    """The form that edits an action. The incident's categories count beside the action's own."""
    db, viewer = request.db, request.viewer
    fields = [one for one in action_fields(viewer, has_linked=has_linked) if one.name in EDITED]
    modules = request.app.hooks.collect("action_edit_fields", db, viewer, action_id=action.id)
    there = categories_there(db, action.incident_id, modules)
    form = arranged_form(request, "action", fields, modules, posted, given, together={}, there=there)
    return _filled(request, form, content_of_action(db, action))


def _filled(request: Request, form: BuiltForm, content: Content) -> BuiltForm:
    """Gives the form's agencies what can be chosen: those in use, and those that are there already."""
    offered = or_(Agency.disabled_at.is_(None), Agency.id.in_(ids_of(content, "agencies")))
    agencies = request.db.scalars(select(Agency).where(offered).order_by(Agency.name))
    form.part("agencies").choices = [(one.id, one.name) for one in agencies]
    form.part("text").description = ""
    form.part("occurred").description = "When it happened."
    return form


def category_tree(
    db: SchoolSession, viewer: Viewer, form: BuiltForm, present: Collection[uuid.UUID]
) -> list[dict[str, Any]]:
    """The categories that can be chosen: those that the viewer may add to, and those that are there already,
    sub-categories under their parents (INC-03)."""
    offered = or_(policy.addable_categories(viewer), Category.id.in_(present))
    rows = db.scalars(select(Category).where(offered).order_by(Category.name)).all()
    return category_ticks(rows, set(form.part("categories").data or []))


def linked_part(request: Request, content: Content, typed: MultiDict[str, Any]) -> dict[str, Any]:
    """What `_linked.pt` reads of the students that are linked already."""
    ids = [uuid.UUID(one["student"]) for one in content["linked"]]
    names = students_named(request.db, request.viewer, ids)
    students: Any = [SimpleNamespace(id=one, name=names[one]) for one in ids if one in names]
    kept = [as_id(one.get("part")) for one in content["linked"]]
    context = linked_context(request, students, typed)
    return {**context, "parts": usable_parts(request.db, kept) if students else []}


# --- what was typed --------------------------------------------------------------------------------------


def incident_edit(
    request: Request,
    incident: Incident,
    form: BuiltForm,
    opened: Content,
    documents: Sequence[Incoming],
) -> IncidentEdit:
    """What was typed, as the service takes it. `opened`: the content that the form was opened with; a part
    that was not touched is exactly what it was."""
    post = request.POST
    monitored, shared = set(post.getall("linked_monitor")), set(post.getall("linked_share"))
    linked = [uuid.UUID(one["student"]) for one in opened["linked"]]
    chosen = typed_parts(post)
    parts: dict[uuid.UUID, uuid.UUID | None] = {one: chosen.get(one) for one in linked}
    if form.has("student_part") and incident.student_id is not None:
        parts[incident.student_id] = as_id(form.part("student_part").data)
    return IncidentEdit(
        incident_id=incident.id,
        version=int(post.get("version", "0")),
        text=_text(form, opened),
        occurred_at=_moment(request.viewer, form, opened),
        category_ids=form.part("categories").data or [],
        agency_ids=form.part("agencies").data or [],
        ticks=[Linked(one, str(one) in monitored, str(one) in shared) for one in linked],
        parts=parts,
        documents=documents,
        module_values=form.module_values(),
        not_taken=form.not_taken(request.POST, request.app.modules),
    )


def action_edit(
    request: Request, action: Action, form: BuiltForm, opened: Content, documents: Sequence[Incoming]
) -> ActionEdit:
    """As `incident_edit`, of an action."""
    ticks = form.part("linked_actions").data or [] if form.has("linked_actions") else None
    return ActionEdit(
        action_id=action.id,
        version=int(request.POST.get("version", "0")),
        text=_text(form, opened),
        occurred_at=_moment(request.viewer, form, opened),
        category_ids=form.part("categories").data or [],
        agency_ids=form.part("agencies").data or [],
        on_linked=opened["on_linked"] if ticks is None else "show" in ticks,
        share_documents=opened["share_documents"] if ticks is None else "share" in ticks,
        documents=documents,
        module_values=form.module_values(),
        not_taken=form.not_taken(request.POST, request.app.modules),
    )


def _text(form: BuiltForm, opened: Content) -> str:
    typed: str = form.part("text").data
    same = typed.splitlines() == opened["text"].splitlines()  # a browser sends line ends of its own
    return opened["text"] if same else typed


def _moment(viewer: Viewer, form: BuiltForm, opened: Content) -> dt.datetime:
    """The form shows minutes; one that was not touched keeps its seconds."""
    typed, before = form.part("occurred").data, moment_of(opened)
    return before if typed == _as_typed(viewer, before) else in_utc(typed, viewer)


# --- somebody else was faster ----------------------------------------------------------------------------


def ticks_over_newest(
    typed: MultiDict[str, Any], opened: MultiDict[str, Any], newest: MultiDict[str, Any]
) -> MultiDict[str, Any]:
    """As `over_newest`, of the ticks and parts of linked students."""
    names = ("linked_monitor", "linked_share", "linked_part")
    lists = [{name: source.getall(name) for name in names} for source in (typed, opened, newest)]
    merged = over_newest(*lists)
    return MultiDict((name, one) for name in names for one in merged[name] if one)
