"""The Add incident and Add action pages: what their templates read, and what they send to the services."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyramid.request import Request
from sqlalchemy import select
from webob.multidict import MultiDict

from cpoms_core.access import policy
from cpoms_core.alerts import queries as alerts
from cpoms_core.alerts.outsiders import outsiders
from cpoms_core.database.types import new_id
from cpoms_core.documents.services import MOST_FILES, Incoming, safe_name
from cpoms_core.hooks.types import FieldError, FormField
from cpoms_core.incidents import drafts
from cpoms_core.incidents.category_ticks import category_ticks
from cpoms_core.incidents.forms import action_fields, in_utc, incident_fields
from cpoms_core.incidents.models import Agency, Category, IncidentCategory
from cpoms_core.incidents.services import Linked, NewAction, NewIncident
from cpoms_core.incidents.services.about import about_recorded, about_typed, widened
from cpoms_core.incidents.services.parts import usable_with_parents
from cpoms_core.incidents.student_fields import BESIDE_STUDENT, student_fields, subject_of, typed_parts
from cpoms_core.students import queries as students
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.web import arranged
from cpoms_core.web.arranged import arranged_form
from cpoms_core.web.forms import BuiltForm, as_id
from cpoms_core.web.inputs import largest_together

KINDS = {
    "student": "student",
    "text": "text",
    "categories": "categories",
    "linked": "linked",
    "occurred": "short",
    "files": "files",
    "alerts": "alerts",
    "agencies": "people",
}

TOGETHER = dict.fromkeys(BESIDE_STUDENT, "student")
OPENED_IN = {"on": True, "off": False}
"""What a form says of training mode when it was opened (TRN-01)."""


def incident_form(request: Request, posted: Any, given: dict[str, Any] | None = None) -> BuiltForm:
    """The Add incident form of this viewer, with the modules' fields in their places."""
    viewer = request.viewer
    fields = [*incident_fields(viewer), *student_fields(request)]
    modules = request.app.hooks.collect("incident_form_fields", request.db, viewer)
    form = arranged_form(request, "incident", fields, modules, posted, given, together=TOGETHER)
    return _with_files_named(request, with_groups(request, form, posted), posted)


def action_form(request: Request, incident_id: uuid.UUID, posted: Any, *, has_linked: bool) -> BuiltForm:
    """The Add action form of this viewer. The incident's categories count beside those that it adds."""
    db = request.db
    fields = action_fields(request.viewer, has_linked=has_linked)
    modules = request.app.hooks.collect("action_form_fields", db, request.viewer, incident_id=incident_id)
    there = categories_there(db, incident_id, modules)
    form = arranged_form(request, "action", fields, modules, posted, together={}, there=there)
    return _with_files_named(request, with_groups(request, form, posted), posted)


def categories_there(
    db: SchoolSession, incident_id: uuid.UUID, modules: Iterable[FormField]
) -> Sequence[uuid.UUID]:
    """The categories of an incident, asked for where a field of its actions is for some categories only."""
    if not any(part.categories for part in modules):
        return ()
    there = select(IncidentCategory.category_id).where(IncidentCategory.incident_id == incident_id)
    return db.scalars(there).all()


def only_looks(request: Request) -> bool:
    """Whether a posted form only asks who will be told, as without scripts: nothing is recorded then."""
    return "look" in request.POST


def with_groups(request: Request, form: BuiltForm, posted: Any) -> BuiltForm:
    """Has the members of the alert groups that were ticked, as without scripts, be alerted like those who
    were chosen one by one (INC-07)."""
    ticked = {as_id(one) for one in posted.getall("alert_groups")} if posted is not None else set()
    if ticked:
        chosen = list(form.part("alerts").data or [])
        for group in alerts.alert_groups(request.db):
            if group.id in ticked:
                chosen += [person.id for person in group.members if person.id not in chosen]
        form.part("alerts").data = chosen
    return form


def _with_files_named(request: Request, form: BuiltForm, posted: Any) -> BuiltForm:
    """Has the form say which files were chosen and are not there any more: no draft keeps files, and neither
    does a form that came back with errors."""
    if posted is not None and form.has("files"):
        sent = [getattr(part, "filename", None) for part in posted.getall("files")]
        names = filter(None, sent if any(sent) else posted.getall("files_chosen"))
        named = [request.viewer.text(safe_name(str(name))) for name in names]
        form.part("files").chosen_before = named[:MOST_FILES]
    return form


Drafted = tuple[MultiDict[str, Any] | None, str | None, uuid.UUID]


def read_draft(request: Request, key: str) -> Drafted:
    """The author's draft of a form as if it had been posted, when it was saved, and its submission's id."""
    viewer = request.viewer
    draft = drafts.read(request.db, viewer, key)
    if draft is None:
        return None, None, new_id()
    fields = MultiDict((str(name), str(value)) for name, value in draft.fields["fields"])
    saved = f"Draft saved {viewer.local(draft.saved_at):%H:%M}"
    return fields, saved, as_id(draft.fields.get("submission")) or new_id()


def accepted(request: Request, form: BuiltForm) -> bool:
    """Whether a posted form can be handed on. Where its files were too large together they are gone by now,
    and the form is shown again with what was typed."""
    valid: bool = form.form.validate()
    if request.files_left_out:
        most = largest_together(request)
        message = f"The files are too large together: at most {most} MB. What you typed is kept."
        form.object_to([FieldError("files", f"{message} Choose fewer files, or smaller ones.")])
    return valid and not request.files_left_out


def new_incident(request: Request, form: BuiltForm, documents: Sequence[Incoming]) -> NewIncident:
    """What was typed, as the service takes it. Raises FormRefused and Refused for an unknown student."""
    post = request.POST
    monitored, shared = set(post.getall("linked_monitor")), set(post.getall("linked_share"))
    parts = typed_parts(post)
    student_id, new_student = subject_of(request, form)
    return NewIncident(
        submission=as_id(post.get("submission")) or new_id(),
        student_id=student_id,
        new_student=new_student,
        part_id=as_id(form.part("student_part").data) if form.has("student_part") else None,
        text=form.part("text").data,
        category_ids=form.part("categories").data or [],
        occurred_at=in_utc(form.part("occurred").data, request.viewer),
        linked=[
            Linked(student, str(student) in monitored, str(student) in shared, parts.get(student))
            for student in dict.fromkeys(form.part("linked").data or [])
        ],
        alert_ids=form.part("alerts").data or [],
        agency_ids=form.part("agencies").data or [],
        documents=documents,
        module_values=form.module_values(),
        not_taken=form.not_taken(request.POST, request.app.modules),
        draft=post.get("draft", "incident")[:80],
        opened_in_training=OPENED_IN.get(post.get("training", "")),
    )


def new_action(
    request: Request, incident_id: uuid.UUID, form: BuiltForm, documents: Sequence[Incoming], draft: str
) -> NewAction:
    """What was typed, as the service takes it. `draft`: the one that becomes this action."""
    ticks = form.part("linked_actions").data or [] if form.has("linked_actions") else []
    return NewAction(
        submission=as_id(request.POST.get("submission")) or new_id(),
        incident_id=incident_id,
        text=form.part("text").data,
        occurred_at=in_utc(form.part("occurred").data, request.viewer),
        category_ids=form.part("categories").data or [],
        alert_ids=form.part("alerts").data or [],
        agency_ids=form.part("agencies").data or [],
        documents=documents,
        on_linked="show" in ticks,
        share_documents="share" in ticks,
        module_values=form.module_values(),
        not_taken=form.not_taken(request.POST, request.app.modules),
        draft=draft,
        opened_in_training=OPENED_IN.get(request.POST.get("training", "")),
    )


def drawn(form: BuiltForm) -> list[dict[str, Any]]:
    """The fields in their order, each with how it is drawn."""
    return arranged.drawn(form, KINDS, beside=BESIDE_STUDENT)


def fill_choices(request: Request, form: BuiltForm) -> dict[str, Any]:
    """Gives the form's selects what can be chosen; returns what the page needs beside."""
    db, viewer = request.db, request.viewer
    form.part("alerts").choices = list(everyone(request).items())
    form.part("agencies").choices = [
        (agency.id, agency.name)
        for agency in db.scalars(select(Agency).where(Agency.disabled_at.is_(None)).order_by(Agency.name))
    ]
    groups = [group_context(group) for group in alerts.alert_groups(db)]
    addable = select(Category).where(policy.addable_categories(viewer)).order_by(Category.name)
    return {
        "categories": category_ticks(db.scalars(addable).all(), set(form.part("categories").data or [])),
        "alert_groups": groups,
        "student_source": request.route_path("student-search"),
        "staff_source": None,
        "student_create": "Not in the list: add as a new student",
    }


def group_context(group: alerts.GroupOfPeople) -> dict[str, Any]:
    """An alert group as the buttons of a form read it (`alert_groups` of macros/forms.pt)."""
    members = [{"value": str(person.id), "text": person.name} for person in group.members]
    return {"id": group.id, "name": group.name, "members_json": json.dumps(members)}


def everyone(request: Request) -> dict[uuid.UUID, str]:
    """Everyone who can be alerted, by id, in the order of their names."""
    return {person.id: person.name for person in alerts.staff(request.db)}


def told(
    request: Request,
    staff: Mapping[uuid.UUID, str],
    *,
    student_id: uuid.UUID | None,
    whole_school: bool,
    linked_ids: Sequence[uuid.UUID],
    category_ids: Sequence[uuid.UUID],
    alert_ids: Sequence[uuid.UUID],
    new_name: str = "",
) -> dict[str, Any]:
    """What submitting will do: on whose record it goes, who is told, who could not normally see it. `staff`:
    everyone who can be alerted. `new_name`: a student typed in, in no class yet, so that all see them."""
    db, viewer = request.db, request.viewer
    subject = students.chosen_now(db, viewer, [student_id]).get(student_id) if student_id else None
    saved_on = _record_in_words(subject.name if subject else "", new_name, whole_school=whole_school)
    about = about_typed(
        db,
        viewer,
        student_id=student_id,
        whole_school=whole_school or bool(new_name),
        linked_ids=linked_ids,
        category_ids=category_ids,
    )
    people = people_told(request, staff, about, alerts.configured(db, about), alert_ids)
    return {
        "told": {**people, "saved_on": saved_on},
        "button_label": button_label("Add incident", people["names"]),
    }


def _record_in_words(name: str, new_name: str, *, whole_school: bool) -> tuple[str, str, str] | None:
    """Whose record an incident goes on: what is said before the name, the name, which may be written in the
    other direction, and what is said after it; None while no student is chosen."""
    if new_name:
        return "a new record for ", new_name, ""
    if name:
        return "", name, "'s record"
    return ("the whole school's record", "", "") if whole_school else None


def told_of_action(
    request: Request,
    staff: Mapping[uuid.UUID, str],
    incident_id: uuid.UUID,
    category_ids: Sequence[uuid.UUID],
    alert_ids: Sequence[uuid.UUID],
) -> dict[str, Any]:
    """What submitting an action will do: who is told, those included who are configured for a category that
    it adds (USR-07)."""
    db = request.db
    chosen = usable_with_parents(db, request.viewer, category_ids)
    about, added = widened(about_recorded(db, incident_id), chosen)
    configured = alerts.configured(db, about, added) if added else []
    people = people_told(request, staff, about, configured, alert_ids)
    return {"told": people, "button_label": button_label("Add action", people["names"])}


def people_told(
    request: Request,
    staff: Mapping[uuid.UUID, str],
    about: alerts.About,
    configured: Sequence[alerts.Configured],
    alert_ids: Sequence[uuid.UUID],
) -> dict[str, Any]:
    """Who is told: chosen, or configured with the reason. Whoever is configured is told whatever the form's
    own ticks say."""
    names = {one: staff[one] for one in alert_ids if one in staff} | {one.id: one.name for one in configured}
    outside = outsiders(request.db, list(names), about)
    return {
        "names": list(names.values()),
        "configured": [(one.name, one.why) for one in configured],
        "outsiders": [(one.id, one.name, one.why) for one in outside],
        "says_category": request.viewer.school.setting("alert_mail_category"),
    }


def button_label(verb: str, names: Sequence[str]) -> str:
    if not names:
        return verb
    return f"{verb} and alert {len(names)} {'person' if len(names) == 1 else 'people'}"
