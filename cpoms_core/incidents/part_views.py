"""Admin > Parts in incidents: the school's own list of the parts that students can have (INC-15)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from wtforms import StringField

from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.services import student_parts as services
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import as_id


class PartForm(Form):
    """A new part."""

    name = StringField(
        "New part", description="For example: Bystander. It is offered at once, on every form."
    )


def parts(request: Request) -> Any:
    """The list, and a form for a new part."""
    form = PartForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            services.add_part(request.db, request.viewer, form.name.data or "")
            return _back(request, "part-added")
        except Refused as error:
            _refuse(request, form, error)
    return _page(request, form)


def change(request: Request) -> Any:
    """Renames, moves, disables or enables one part."""
    db, viewer, post = request.db, request.viewer, request.POST
    part_id = as_id(request.matchdict["part_id"])
    if part_id is None:
        raise NothingThere
    deed = post.get("deed", "rename")
    try:
        if deed in ("up", "down"):
            services.move_part(db, viewer, part_id, earlier=deed == "up")
        elif deed in ("disable", "enable"):
            services.turn_part(db, viewer, part_id, usable=deed == "enable")
        else:
            services.rename_part(db, viewer, part_id, post.get("name", ""))
    except Refused as error:
        form = PartForm()
        _refuse(request, form, error)
        form.name.errors = ()
        form.form_errors.append(error.message)
        return _page(request, form)
    return _back(request, "part-changed")


def _refuse(request: Request, form: PartForm, error: Refused) -> None:
    request.tm.doom()
    form.name.errors = (error.message,)
    request.response.status_int = 422


def _back(request: Request, said: str) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path("admin-incident-parts", _query={"said": said}))


def _page(request: Request, form: PartForm) -> dict[str, Any]:
    listed = services.all_parts(request.db)
    return {
        "title": "Parts in incidents",
        "form": form,
        "parts": [
            {
                "id": part.id,
                "name": part.name,
                "disabled": part.disabled_at is not None,
                "first": part is listed[0],
                "last": part is listed[-1],
                "href": request.route_path("admin-incident-part", part_id=part.id),
            }
            for part in listed
        ],
    }
