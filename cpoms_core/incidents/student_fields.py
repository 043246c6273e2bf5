"""The students on the Add incident form: whom it is about, who else was there, and the part of each (INC-01,
INC-02, INC-04, INC-15)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.request import Request
from webob.multidict import MultiDict
from wtforms import DateField, SelectField, StringField
from wtforms import ValidationError as Invalid
from wtforms.validators import Optional, StopValidation

from cpoms_core.errors import Refused
from cpoms_core.hooks.types import FieldError, FormField
from cpoms_core.incidents.forms import WHOLE_SCHOOL
from cpoms_core.incidents.services import FormRefused
from cpoms_core.incidents.services.student_parts import usable_parts
from cpoms_core.students import queries as students
from cpoms_core.students.full_names import of_full_name
from cpoms_core.students.names import fold
from cpoms_core.students.queries import StudentShown
from cpoms_core.students.typed_in import TypedStudent, read_name
from cpoms_core.web.forms import BuiltForm, as_id

NEW = "new:"
"""How the type-ahead sends a name that it did not find: `new:` and the name."""
BESIDE_STUDENT = frozenset({"student_part", "new_student", "new_born"})
"""Fields that are drawn with the student, and not in places of their own."""
NOT_SAID = "Not said"
LEFT_OUT = (
    "A student who was chosen here has left the school’s register since, and was left out. Ask a colleague "
    "with a key if the student belongs here."
)


def types_names(request: Request) -> bool:
    """The school lets restricted users type a full name only, and not search (INC-01)."""
    viewer = request.viewer
    return not viewer.elevated and not viewer.school.setting("student_search_on_form")


def student_fields(request: Request) -> list[FormField]:
    """Whom the incident is about: chosen, or typed in where the list does not have them, with their part."""
    fields = [
        FormField("student", _typed() if types_names(request) else _chosen(), 10),
        FormField(
            "new_student",
            StringField(
                "Full name",
                [_a_name],
                description="First name and surname. A record is made at once; the office matches it "
                "with the school’s register later.",
            ),
            12,
        ),
        FormField("new_born", DateField("Date of birth", [Optional()], description="If you know it."), 13),
    ]
    if parts := usable_parts(request.db):
        choices = [("", NOT_SAID), *((str(one), name) for one, name in parts)]
        fields.append(FormField("student_part", _part(choices), 11))
    return fields


def _chosen() -> Any:
    return SelectField(
        "Student",
        [_Needed("Choose the student, or the whole school.")],
        choices=[],
        validate_choice=False,
        description="Begin typing a student's name.",
    )


def _typed() -> Any:
    return StringField(
        "Student",
        [_Needed("Type the student's full name.")],
        description="The full name, exactly as the school's register has it; or: Whole school.",
    )


def _part(choices: Sequence[tuple[str, str]]) -> Any:
    return SelectField(
        "Their part in it",
        choices=list(choices),
        validate_choice=False,
        description="Only if it is clear. It can be changed later.",
    )


class _Needed:
    """The student is chosen, or typed in as new."""

    def __init__(self, message: str) -> None:
        self.message, self.field_flags = message, {"required": True}

    def __call__(self, form: Any, field: Any) -> None:
        if not (field.data or "").strip() and not (form["new_student"].data or "").strip():
            raise StopValidation(self.message)


def _a_name(form: Any, field: Any) -> None:
    if not (field.data or "").strip():
        return
    chosen = (form["student"].data or "").strip()
    if chosen and not chosen.startswith(NEW):
        raise Invalid("A student is chosen above as well. Take one of the two away.")
    try:
        read_name(field.data)
    except Refused as error:
        raise Invalid(error.message) from None


def new_name(form: BuiltForm) -> str:
    """The name of a student who was typed in as new, or nothing."""
    typed = (form.part("new_student").data or "").strip()
    chosen = str(form.part("student").data or "")
    return typed or (chosen.removeprefix(NEW).strip() if chosen.startswith(NEW) else "")


def subject_of(request: Request, form: BuiltForm) -> tuple[uuid.UUID | None, TypedStudent | None]:
    """Whom a posted form is about: an id, or a student typed in; neither for the whole school. Raises
    FormRefused and Refused for who is not known."""
    if name := new_name(form):
        forename, surname = read_name(name)
        return None, TypedStudent(forename, surname, form.part("new_born").data)
    typed = form.part("student").data
    if typed == WHOLE_SCHOOL:
        return None, None
    if (chosen := as_id(typed)) is not None:
        return chosen, None
    if types_names(request) and fold(typed) == "whole school":
        return None, None
    found = of_full_name(request.db, request.viewer, typed) if types_names(request) else []
    if len(found) == 1:
        return found[0].id, None
    message = (
        "Two students have this name. Ask a colleague with a key to record it with you."
        if found
        else "This student is not known. Check the spelling of the name, or type them in as a new student."
    )
    raise FormRefused([FieldError("student", message)])


def fill_students(request: Request, form: BuiltForm, typed: MultiDict[str, Any]) -> dict[str, Any]:
    """Puts the students already chosen into the selects; returns what the page shows of them. `typed`: what
    came in, by a post or in a draft. Who was matched since is there as the child of the register; who cannot
    be chosen any more is said to be left out."""
    chosen = str(form.part("student").data or "")
    subject_id, linked_ids = as_id(chosen), list(form.part("linked").data or [])
    asked = [*linked_ids, *filter(None, [subject_id])]
    known = students.chosen_now(request.db, request.viewer, asked)
    subject = known.get(subject_id) if subject_id else None
    if subject is not None:
        form.part("student").data = str(subject.id)
    if not types_names(request):
        offered = [("", ""), (WHOLE_SCHOOL, "Whole school")]
        if subject is not None:
            offered.append((str(subject.id), subject.name))
        elif chosen.startswith(NEW):
            offered.append((chosen, chosen.removeprefix(NEW)))
        form.part("student").choices = offered
        if subject_id is not None and subject is None:
            _left_out(form, "student")
    return fill_linked(request, form, typed, known)


def fill_linked(
    request: Request,
    form: BuiltForm,
    typed: MultiDict[str, Any],
    known: Mapping[uuid.UUID, StudentShown] | None = None,
) -> dict[str, Any]:
    """Puts the linked students already chosen into their select; returns what the page shows of them.
    `known`: those of them who can be chosen, where they were asked for already."""
    asked: list[uuid.UUID] = list(form.part("linked").data or [])
    if known is None:
        known = students.chosen_now(request.db, request.viewer, asked)
    linked = {known[one].id: known[one] for one in asked if one in known}
    form.part("linked").data = list(linked)
    form.part("linked").choices = [(student.id, student.name) for student in linked.values()]
    if any(one not in known for one in asked):
        _left_out(form, "linked")
    now = {str(one): str(student.id) for one, student in known.items() if student.id != one}
    return linked_context(request, list(linked.values()), _as_matched(typed, now))


def _left_out(form: BuiltForm, field: str) -> None:
    if not form.part(field).errors:  # else it is said already
        form.object_to([FieldError(field, LEFT_OUT)])


def _as_matched(typed: MultiDict[str, Any], now: Mapping[str, str]) -> MultiDict[str, Any]:
    """What was ticked for linked students, under the records that are theirs now."""
    if not now:
        return typed
    moved = MultiDict()
    for name in ("linked_monitor", "linked_share", "linked_part"):
        for value in typed.getall(name):
            student, colon, part = str(value).partition(":")
            moved.add(name, f"{now.get(student, student)}{colon}{part}")
    return moved


def linked_context(
    request: Request, linked: Sequence[StudentShown], typed: MultiDict[str, Any]
) -> dict[str, Any]:
    """Each linked student with the two ticks and the part as they were typed (INC-04, INC-15)."""
    monitored, shared = typed.getall("linked_monitor"), typed.getall("linked_share")
    parts = typed_parts(typed)
    return {
        "linked": [
            {
                "id": student.id,
                "name": student.name,
                "monitor": str(student.id) in monitored,
                "share": str(student.id) in shared,
                "part": parts.get(student.id),
            }
            for student in linked
        ],
        "parts": usable_parts(request.db) if linked else [],
        "not_said": NOT_SAID,
    }


def typed_parts(typed: MultiDict[str, Any]) -> dict[uuid.UUID, uuid.UUID]:
    """The part of each linked student for whom one was chosen. A select for each sends `student:part`, so
    that all have one name and a draft keeps them like any field."""
    pairs = (str(one).partition(":") for one in typed.getall("linked_part"))
    return {
        student: part
        for student, part in ((as_id(left), as_id(right)) for left, _, right in pairs)
        if student and part
    }
