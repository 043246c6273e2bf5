"""What a form was sent with, and saying on it why a service refused it."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from cpoms_core.errors import Refused


def refuse(request: Request, form: Any, error: Refused) -> None:
    """Undoes what the request changed and puts the reason beside its field, or on top of the form."""
    request.tm.doom()
    request.response.status_int = 422
    if error.field and error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.message]
    else:
        form.form_errors.append(error.message)


def posted(request: Request) -> Any:
    """What was sent, or None where nothing was: a tick that is set at first must not look taken out."""
    return request.POST if request.method == "POST" else None


def well_filled(request: Request, form: Any) -> bool:
    """Whether the form has no mistake that its own fields see; with one, the answer is a refusal."""
    if form.validate():
        return True
    request.response.status_int = 422
    return False
