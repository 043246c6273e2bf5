"""The pages that change the library."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.documents.logo_change import change_logo, logo_from_file
from cpoms_core.documents.taking import take_files
from cpoms_core.errors import Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents.views import go
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import BuiltForm
from cpoms_core.web.inputs import largest_together
from cpoms_core.web.page import Notice
from cpoms_library import file_views, forms, queries, services, sight
from cpoms_library.file_views import file_of
from cpoms_library.shown import file_line


def add_form(request: Request) -> dict[str, Any]:
    """Where files are put in."""
    return _adding(request, forms.upload_form(request, None))


def add(request: Request) -> Any:
    """LIB-01, LIB-02: takes files in, and alerts users to them."""
    taken = take_files(request, needs=sight.ADD)
    form = forms.upload_form(request, request.POST)
    people, action = form.part("alerts").data or [], bool(form.part("requires_action").data)
    _object(request, form, nobody=action and not people)
    if taken.accepted_by(form) and not form.form.errors:
        try:
            with taken.kept() as documents:
                services.add_files(
                    PluginSession(request.db), request.viewer, documents, people, requires_action=action
                )
            said = "library-added-alerted" if people else "library-added"
            return go(request, request.route_path("library.files", _query={"said": said}))
        except Refused as error:
            request.tm.doom()
            form.object_to([FieldError(error.field, error.message)])
    request.response.status_int = 422
    return _adding(request, form)


def _object(request: Request, form: BuiltForm, *, nobody: bool) -> None:
    if request.files_left_out:
        most = largest_together(request)
        form.object_to([FieldError("files", f"The files are too large together: at most {most} MB.")])
    if nobody:
        message = "Choose who has to act, or leave this out."
        form.object_to([FieldError("requires_action", message)])


def _adding(request: Request, form: BuiltForm) -> dict[str, Any]:
    return {
        "title": "Upload files",
        "form": form.form,
        "alert_groups": forms.groups_shown(request),
        "here": request.route_path("library.add"),
        "back_href": request.route_path("library.files"),
    }


def alert(request: Request) -> Any:
    """LIB-02: whom to alert to a file that is there."""
    file = file_of(request)
    form = forms.alert_form(request, request.POST or None)
    if request.method == "POST":
        try:
            told = services.alert_to(
                PluginSession(request.db),
                request.viewer,
                file.id,
                form.part("alerts").data or [],
                requires_action=bool(form.part("requires_action").data),
            )
            return _to_file(request, "library-alerted" if told else "library-alerted-before")
        except Refused as error:
            _refuse(request, form, error)
    return {
        "title": f"Alert users to {file.label}",
        "file": file_line(request, file),
        "form": form.form,
        "alert_groups": forms.groups_shown(request),
    }


def understood(request: Request) -> HTTPSeeOther:
    """LIB-02: the viewer has read and understood a file."""
    services.mark_understood(PluginSession(request.db), request.viewer, matched_id(request, "file_id"))
    return _to_file(request, "library-understood")


def delete(request: Request) -> Any:
    """LIB-03: asks for the reason, and hides the file."""
    db, viewer = PluginSession(request.db), request.viewer
    file = queries.file_to_delete(db, viewer, matched_id(request, "file_id"))
    request.shows([file.id])
    form = forms.reason_form(request.POST or None)
    if request.method == "POST" and form.form.validate():
        try:
            services.delete(db, viewer, file.id, form.part("reason").data)
            return HTTPSeeOther(_after_deleting(request))
        except Refused as error:
            _refuse(request, form, error)
    elif request.method == "POST":
        request.response.status_int = 422
    return {"title": f"Delete {file.label}", "file": file_line(request, file), "form": form.form}


def restore(request: Request) -> HTTPSeeOther:
    """LIB-03: brings a deleted file back."""
    services.restore(PluginSession(request.db), request.viewer, matched_id(request, "file_id"))
    return HTTPSeeOther(request.route_path("library.deleted", _query={"said": "library-restored"}))


def use_as_logo(request: Request) -> Response:
    """LIB-06: a picture of the library is the school's logo from now on. It is drawn anew: what happens to
    the file later is nothing to the logo."""
    viewer = request.viewer
    with request.app.session(viewer.school_id, writes=False) as db:
        stored, _number = queries.stored(PluginSession(db), viewer, matched_id(request, "file_id"))
    try:
        with logo_from_file(request.app, viewer, stored) as logo_id:
            change_logo(request.db, viewer, logo_id)
            request.db.flush()
    except Refused as error:
        request.tm.doom()
        return _file_with(request, error.message)
    return HTTPSeeOther(request.route_path("admin-logo", _query={"said": "logo-changed"}))


def _file_with(request: Request, message: str) -> Response:
    """The file's page, with what could not be done on top."""
    context = file_views.file(request)
    request.page.notices.append(Notice("danger", message))
    response = render_to_response("cpoms_library:templates/file.pt", context, request=request)
    response.status_int = 422
    return response


def _after_deleting(request: Request) -> str:
    route = "library.files" if request.viewer.may(sight.VIEW) else "library.deleted"
    return str(request.route_path(route, _query={"said": "library-deleted"}))


def _refuse(request: Request, form: BuiltForm, error: Refused) -> None:
    request.tm.doom()
    request.response.status_int = 422
    form.object_to([FieldError(error.field, error.message)])


def _to_file(request: Request, said: str) -> HTTPSeeOther:
    file_id = matched_id(request, "file_id")
    return HTTPSeeOther(request.route_path("library.file", file_id=file_id, _query={"said": said}))
