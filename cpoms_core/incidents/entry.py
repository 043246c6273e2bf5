"""The Add incident and Add action pages: what their templates read, and what they send to the services."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.request import Request
from sqlalchemy import select
from webob.multidict import MultiDict
from wtforms import StringField
from wtforms.validators import InputRequired

from cpoms_core.access import policy
from cpoms_core.alerts import queries as alerts
from cpoms_core.database.types import new_id
from cpoms_core.documents.services import Incoming, Upload
from cpoms_core.hooks.types import FieldError, FormField
from cpoms_core.incidents import drafts
from cpoms_core.incidents.forms import WHOLE_SCHOOL, action_fields, in_utc, incident_fields
from cpoms_core.incidents.models import Agency, Category
from cpoms_core.incidents.services import FormRefused, Linked, NewAction, NewIncident
from cpoms_core.incidents.services.about import about_recorded, about_typed, widened
from cpoms_core.incidents.services.parts import usable_with_parents
from cpoms_core.students import queries as students
from cpoms_core.students.queries import StudentShown
from cpoms_core.web.forms import BuiltForm, as_id, build_form
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


def incident_form(request: Request, posted: Any, given: dict[str, Any] | None = None) -> BuiltForm:
    """The Add incident form of this viewer, with the modules' fields in their places."""
    viewer = request.viewer
    fields = incident_fields(viewer)
    if types_names(request):
        fields = [_typed_student() if field.name == "student" else field for field in fields]
    fields += request.app.hooks.collect("incident_form_fields", request.db, viewer)
    return build_form(fields, posted, given)


def types_names(request: Request) -> bool:
    """The school lets restricted users type a full name only, and not search (INC-01)."""
    viewer = request.viewer
    return not viewer.elevated and not viewer.school.setting("student_search_on_form")


def _typed_student() -> FormField:
    return FormField(
        "student",
        StringField(
            "Student",
            [InputRequired("Type the student's full name.")],
            description="The full name, exactly as the school's register has it.",
        ),
        10,
    )


def action_form(request: Request, incident_id: uuid.UUID, posted: Any, *, has_linked: bool) -> BuiltForm:
    """The Add action form of this viewer."""
    fields = action_fields(request.viewer, has_linked=has_linked)
    fields += request.app.hooks.collect(
        "action_form_fields", request.db, request.viewer, incident_id=incident_id
    )
    return build_form(fields, posted)


def read_draft(request: Request, key: str) -> tuple[MultiDict[str, Any] | None, str | None, uuid.UUID]:
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


def uploads_of(request: Request) -> list[Upload]:
    """The files of a posted form."""
    return [
        Upload(part.filename, part.file)
        for part in request.POST.getall("files")
        if getattr(part, "filename", None)
    ]


def new_incident(request: Request, form: BuiltForm, documents: Sequence[Incoming]) -> NewIncident:
    """What was typed, as the service takes it. Raises FormRefused for an unknown student."""
    post = request.POST
    monitored, shared = set(post.getall("linked_monitor")), set(post.getall("linked_share"))
    return NewIncident(
        submission=as_id(post.get("submission")) or new_id(),
        student_id=_student(request, form),
        text=form.part("text").data,
        category_ids=form.part("categories").data or [],
        occurred_at=in_utc(form.part("occurred").data, request.viewer),
        linked=[
            Linked(student, str(student) in monitored, str(student) in shared)
            for student in dict.fromkeys(form.part("linked").data or [])
        ],
        alert_ids=form.part("alerts").data or [],
        agency_ids=form.part("agencies").data or [],
        documents=documents,
        module_values=form.module_values(),
        draft=post.get("draft", "incident")[:80],
    )


def _student(request: Request, form: BuiltForm) -> uuid.UUID | None:
    typed = form.part("student").data
    if typed == WHOLE_SCHOOL:
        return None
    if (chosen := as_id(typed)) is not None:
        return chosen
    found = students.by_full_name(request.db, request.viewer, typed) if types_names(request) else []
    if len(found) == 1:
        return found[0]
    message = (
        "Two students have this name. Ask a colleague with a key to record it with you."
        if found
        else "This student is not known. Check the spelling of the full name."
    )
    raise FormRefused([FieldError("student", message)])


def new_action(
    request: Request, incident_id: uuid.UUID, form: BuiltForm, documents: Sequence[Incoming]
) -> NewAction:
    """What was typed, as the service takes it."""
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
    )


def drawn(form: BuiltForm) -> list[dict[str, Any]]:
    """The fields in their order, each with how it is drawn."""
    return [
        {"kind": KINDS.get(part.name, "field"), "field": form.part(part.name), "advice": None}
        for part in form.parts
    ]


def fill_choices(request: Request, form: BuiltForm) -> dict[str, Any]:
    """Gives the form's selects what can be chosen; returns what the page needs beside."""
    db, viewer = request.db, request.viewer
    form.part("alerts").choices = list(everyone(request).items())
    form.part("agencies").choices = [
        (agency.id, agency.name)
        for agency in db.scalars(select(Agency).where(Agency.disabled_at.is_(None)).order_by(Agency.name))
    ]
    groups = [
        {
            "id": group.id,
            "name": group.name,
            "members_json": json.dumps([{"value": str(p.id), "text": p.name} for p in group.members]),
        }
        for group in alerts.alert_groups(db)
    ]
    chosen = set(form.part("categories").data or [])
    return {
        "categories": _category_tree(db, viewer, chosen),
        "alert_groups": groups,
        "student_source": request.route_path("student-search"),
        "staff_source": None,
        "student_create": None,
    }


def fill_students(request: Request, form: BuiltForm, typed: MultiDict[str, Any]) -> list[dict[str, Any]]:
    """Puts the students already chosen into the selects; returns the linked ones with their ticks. `typed`:
    what came in, by a post or in a draft."""
    chosen_id = as_id(form.part("student").data)
    linked_ids = form.part("linked").data or []
    known = {
        student.id: student
        for student in students.chosen(
            request.db, request.viewer, [*linked_ids, *([chosen_id] if chosen_id else [])]
        )
    }
    if not types_names(request):
        form.part("student").choices = [("", ""), (WHOLE_SCHOOL, "Whole school")] + (
            [(str(chosen_id), known[chosen_id].name)] if chosen_id in known else []
        )
    linked = [known[one] for one in linked_ids if one in known]
    form.part("linked").choices = [(student.id, student.name) for student in linked]
    return linked_ticks(linked, typed)


def linked_ticks(linked: Sequence[StudentShown], typed: MultiDict[str, Any]) -> list[dict[str, Any]]:
    """Each linked student with the two ticks as they were typed (INC-04)."""
    monitored, shared = typed.getall("linked_monitor"), typed.getall("linked_share")
    return [
        {
            "id": student.id,
            "name": student.name,
            "monitor": str(student.id) in monitored,
            "share": str(student.id) in shared,
        }
        for student in linked
    ]


def everyone(request: Request) -> dict[uuid.UUID, str]:
    """Everyone who can be alerted, by id, in the order of their names."""
    return {person.id: person.name for person in alerts.staff(request.db)}


def _category_tree(db: Any, viewer: Any, chosen: set[uuid.UUID]) -> list[dict[str, Any]]:
    """The categories that the viewer may add to, sub-categories under their parents (INC-03)."""
    rows = db.scalars(select(Category).where(policy.addable_categories(viewer)).order_by(Category.name)).all()
    shown = {
        row.id: {
            "id": row.id,
            "name": row.name,
            "colour": row.colour,
            "checked": row.id in chosen,
            "subs": [],
        }
        for row in rows
    }
    tree = []
    for row in rows:
        if row.parent_id in shown:
            shown[row.parent_id]["subs"].append(shown[row.id])
        else:
            tree.append(shown[row.id])
    return tree


def told(
    request: Request,
    staff: Mapping[uuid.UUID, str],
    *,
    student_id: uuid.UUID | None,
    whole_school: bool,
    linked_ids: Sequence[uuid.UUID],
    category_ids: Sequence[uuid.UUID],
    alert_ids: Sequence[uuid.UUID],
) -> dict[str, Any]:
    """What submitting will do: on whose record it goes, who is told, who could not normally see it. `staff`:
    everyone who can be alerted."""
    db, viewer = request.db, request.viewer
    subject = students.chosen(db, viewer, [student_id]) if student_id else []
    saved_on = (
        f"{subject[0].name}'s record" if subject else ("the whole school's record" if whole_school else None)
    )
    about = about_typed(
        db,
        viewer,
        student_id=student_id,
        whole_school=whole_school,
        linked_ids=linked_ids,
        category_ids=category_ids,
    )
    people = _people_told(request, staff, about, alerts.configured(db, about), alert_ids)
    return {
        "told": {**people, "saved_on": saved_on},
        "button_label": _button("Add incident", people["names"]),
    }


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
    people = _people_told(request, staff, about, configured, alert_ids)
    return {"told": people, "button_label": _button("Add action", people["names"])}


def _people_told(
    request: Request,
    staff: Mapping[uuid.UUID, str],
    about: alerts.About,
    configured: Sequence[alerts.Configured],
    alert_ids: Sequence[uuid.UUID],
) -> dict[str, Any]:
    """Who is told: chosen, or configured with the reason. Whoever is configured is told whatever the form's
    own ticks say."""
    names = {one: staff[one] for one in alert_ids if one in staff} | {one.id: one.name for one in configured}
    outsiders = alerts.outsiders(request.db, list(names), about)
    return {
        "names": list(names.values()),
        "configured": [(one.name, one.why) for one in configured],
        "outsiders": [(one.id, one.name) for one in outsiders],
        "says_category": True,
    }


def _button(verb: str, names: Sequence[str]) -> str:
    if not names:
        return verb
    return f"{verb} and alert {len(names)} {'person' if len(names) == 1 else 'people'}"
