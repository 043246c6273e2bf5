"""Edit information, and the photo of a student (STU-01, STU-03)."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.types import FieldError
from cpoms_core.modules.kept_fields import MODULES
from cpoms_core.students.full_names import of_full_name
from cpoms_core.students.history import changes_between, earlier_records, history_of, names_in
from cpoms_core.students.information import Stored, save_information, stored_information
from cpoms_core.students.information_form import (
    category_tree,
    drawn,
    form_over_newest,
    information_form,
    typed_information,
)
from cpoms_core.students.links import KINDS, links_of
from cpoms_core.students.photo_taking import TakenPhoto, take_photo
from cpoms_core.students.photos import photo_of
from cpoms_core.students.queries import chosen_students, seen_choices
from cpoms_core.students.record import Record, open_record
from cpoms_core.students.tabs import record_context
from cpoms_core.students.versions import ChangedMeanwhile, Meanwhile, modules_values, number_in
from cpoms_core.students.views import matched_id
from cpoms_core.web.form_carried import Carried, carried
from cpoms_core.web.forms import BuiltForm, as_id
from cpoms_core.web.inputs import json_object


def edit(request: Request) -> Any:
    """The form; saved, on to the overview."""
    taken = take_photo(request) if request.method == "POST" else None
    db, viewer = request.db, request.viewer
    student_id = matched_id(request, "student_id")
    record = open_record(db, viewer, student_id)
    stored = stored_information(db, viewer, student_id)
    form = sent = information_form(request, stored, request.POST if taken is not None else None)
    request.shows([student_id])
    if taken is None:
        return _page(request, record, stored, form)
    meanwhile = None
    if form.form.validate() and not request.files_left_out:
        try:
            _save(request, student_id, form, taken)
            return HTTPSeeOther(
                request.route_path("student", student_id=student_id, _query={"said": "student-saved"})
            )
        except ChangedMeanwhile as error:
            request.tm.doom()
            meanwhile = error.meanwhile
            stored = stored_information(db, viewer, student_id)  # theirs may be newer than what was read
            form = form_over_newest(request, form, stored, meanwhile)
        except Refused as error:
            request.tm.doom()
            form.object_to([FieldError(error.field, error.message)])
    elif request.files_left_out:
        form.object_to([FieldError("file", "The photo is too large. Choose a smaller one.")])
    request.response.status_int = 409 if meanwhile else 422
    opened = meanwhile.before[MODULES] if meanwhile else modules_values(db, student_id)
    return _page(request, record, stored, form, meanwhile, carried(request, sent, form, opened=opened))


def _save(request: Request, student_id: uuid.UUID, form: BuiltForm, taken: TakenPhoto) -> None:
    with taken.kept() as photo_id:
        new = typed_information(request, form, photo_id, _named(request))
        save_information(request.db, request.viewer, student_id, new)


def _named(request: Request) -> list[uuid.UUID]:
    """The student whose full name was typed, where no script helped to choose one. Raises Refused."""
    name = request.POST.get("link_name", "").strip()
    if not name:
        return []
    found = of_full_name(request.db, request.viewer, name)
    if len(found) != 1:
        raise Refused(
            "Two students have this name. Choose one from the list of the search."
            if found
            else "This student is not known. Check the spelling of the full name.",
            "link_students",
        )
    return [found[0].id]


def _page(
    request: Request,
    record: Record,
    stored: Stored,
    form: BuiltForm,
    meanwhile: Meanwhile | None = None,
    along: Carried | None = None,
) -> dict[str, Any]:
    db, viewer, post = request.db, request.viewer, request.POST
    again = request.method == "POST"
    begun = again and not meanwhile  # the form is still about what it showed first
    linked = chosen_students(db, viewer, form.part("link_students").data or [])
    form.part("link_students").choices = [(one.id, one.name) for one in linked]
    return {
        "title": f"Edit information of {record.name}",
        "student": record_context(request, record, "student"),
        "form": form.form,
        "fields": drawn(form),
        "carried": along or Carried(),
        "categories": category_tree(request, stored, form.part("monitored").data),
        "links": links_of(db, viewer, record.id),
        "unlinked": post.getall("unlink") if again else [],
        "link_name": post.get("link_name", "") if again else "",
        "link_kinds": KINDS,
        "student_source": request.route_path("student-find"),
        "has_photo": record.photo_id is not None,
        # what the form showed first: a change of alerts and monitoring is one against that
        "alerts_seen": post.getall("alerts_seen") if begun else stored.alerted,
        "monitored_seen": post.getall("monitored_seen") if begun else stored.monitored,
        "seen": meanwhile.version
        if meanwhile
        else (post.get("seen", "") if begun else stored.student.version),
        "meanwhile": _meanwhile(request, meanwhile) if meanwhile else None,
        "back_href": request.route_path("student", student_id=record.id),
    }


def _meanwhile(request: Request, found: Meanwhile) -> dict[str, Any]:
    """What somebody else saved since the form was opened, part by part, in words."""
    viewer = request.viewer
    names = names_in(request.db, viewer, [found.before, found.after])
    return {
        "by_name": found.by_name,
        "at": viewer.local(found.at),
        "parts": [
            {"label": change.label, "said": change.after}
            for change in changes_between(viewer, names, found.before, found.after)
        ],
    }


def history(request: Request) -> dict[str, Any]:
    """The versions, newest first; `of`: of the record that staff had typed in, before it was matched
    (INC-02)."""
    db, viewer = request.db, request.viewer
    record = open_record(db, viewer, matched_id(request, "student_id"))
    asked = number_in(request.GET.get("before", ""))
    earlier = earlier_records(db, viewer, record.id)
    of = as_id(request.GET.get("of", "")) if "of" in request.GET else record.id
    if of is None or of not in (record.id, *earlier):
        raise NothingThere
    versions, more = history_of(db, viewer, of, before=asked)
    request.shows(dict.fromkeys([record.id, of]))
    here = request.route_path("student-history", student_id=record.id)
    this = here if of == record.id else f"{here}?of={of}"
    return {
        "title": f"Versions of what the school keeps on {record.name}",
        "student": record_context(request, record, "student"),
        "versions": versions,
        "of_name": earlier.get(of),
        "earlier": [
            {"href": f"{here}?of={one}", "name": name} for one, name in earlier.items() if of == record.id
        ],
        "newest_href": None if of == record.id else here,
        "more_href": f"{this}{'&' if '?' in this else '?'}before={more}" if more else None,
        "back_href": request.route_path("student", student_id=record.id),
    }


def find(request: Request) -> list[dict[str, str]]:
    """Students to link, by any part of a name, of those whom the viewer sees; posted, so that no name is in
    an address."""
    words = str(json_object(request).get("q", ""))[:200]
    return [
        {
            "value": str(student.id),
            "text": student.name,
            "note": student.note + (" · archived" if student.archived else ""),
        }
        for student in seen_choices(request.db, request.viewer, words)
    ]


def photo(request: Request) -> Response:
    """The photo, for who may open the record. No browser keeps it: on our side it is encrypted."""
    content, media_type = photo_of(request.db, request.viewer, matched_id(request, "student_id"))
    response = Response(content, content_type=media_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
