"""The school's settings (ADM-02)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.forms.settings import settings_form, typed_settings
from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.services.settings import change_settings, settings_shown
from cpoms_core.errors import Refused
from cpoms_core.hooks.types import FieldError
from cpoms_core.tenancy.settings import read_settings
from cpoms_core.web.forms import BuiltForm


def settings(request: Request) -> Any:
    """Every setting of the core and of the modules that are on, saved together."""
    db, viewer = request.db, request.viewer
    specs = settings_shown(db, viewer)
    if request.method != "POST":
        return _stored_page(request)
    form, seen = settings_form(specs, request.POST, {}), request.POST.get("seen", "")
    request.response.status_int = 422
    if form.form.validate():
        try:
            change_settings(db, viewer, typed_settings(form), seen)
            return HTTPSeeOther(request.route_path("admin-settings", _query={"said": "saved"}))
        except ChangedMeanwhile as error:
            request.tm.doom()
            return _stored_page(request, error.message)
        except Refused as error:
            request.tm.doom()
            form.object_to([FieldError(error.field, error.message)])
    return _page(form, seen)


def _stored_page(request: Request, error: str = "") -> dict[str, Any]:
    specs = settings_shown(request.db, request.viewer)
    stored = read_settings(request.db)
    values = {name: stored[name] for name in specs}
    form = settings_form(specs, None, values)
    if error:
        form.form.form_errors.append(error)
    return _page(form, mark_of(values))


def _page(form: BuiltForm, seen: str) -> dict[str, Any]:
    return {
        "title": "Settings",
        "form": form.form,
        "fields": [form.part(part.name) for part in form.parts],
        "seen": seen,
    }
