"""The school's logo, and Admin > Settings > Logo (ADM-02)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.documents.logo import logo_of
from cpoms_core.documents.logo_change import FIELD, change_logo, logo_taken_in
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.students.views import matched_id


def show(request: Request) -> Response:
    """The logo, which stands on the log-in page too. Its address changes with it: a browser may keep it."""
    school = request.asking.school
    if school.logo is None or matched_id(request, "logo_id") != school.logo:
        raise NothingThere
    content, media_type = logo_of(request.db, school)
    if not content:
        raise NothingThere
    return Response(
        body=content,
        content_type=media_type,
        charset=None,
        cache_control="private, max-age=604800, immutable",
    )


def settings(request: Request) -> Any:
    """The form: what the logo is now, another, or none."""
    error = ""
    if request.method == "POST":
        try:
            _change(request)
        except Refused as refused:
            request.tm.doom()
            request.response.status_int = 422
            error = refused.message
        else:
            return HTTPSeeOther(request.route_path("admin-logo", _query={"said": "logo-changed"}))
    return {
        "title": "Logo",
        "error": error,
        "settings_href": request.route_path("admin-settings"),
        "panels": request.app.hooks.collect("logo_panels", request.db, request.viewer),
    }


def _change(request: Request) -> None:
    """Stores the picture before the transaction of the change begins."""
    sent = request.POST.get(FIELD)
    stream = getattr(sent, "file", None)
    if stream is None or request.files_left_out:
        raise Refused("Choose a JPEG or PNG file of at most 5 MB.", FIELD)
    with logo_taken_in(request.app, request.viewer, stream) as logo_id:
        change_logo(request.db, request.viewer, logo_id)
        request.db.flush()


def remove(request: Request) -> Response:
    """Takes the logo away."""
    change_logo(request.db, request.viewer, None)
    return HTTPSeeOther(request.route_path("admin-logo", _query={"said": "logo-removed"}))
