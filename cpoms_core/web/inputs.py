"""Bounds on what comes in, before a view sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPBadRequest, HTTPRequestEntityTooLarge
from pyramid.request import Request
from sqlalchemy.exc import SQLAlchemyError

from cpoms_core.web.left_out import TooMuchText, text_fields

LONGEST_FIELD = 200_000  # characters
MOST_FIELDS = 2_000
MEGABYTE = 1024 * 1024
FORM_ROOM = 4 * MEGABYTE  # bytes beside the files of a form
FILES_TOGETHER = 3  # times the largest file of the school: all files of one form
STILL_READ = 4  # times the largest body: so far the text of a form is looked for beyond its files
MOST_FILES = 20
FORM_WITH_FILES = "multipart/form-data"
FILE_FIELDS = ("files", "file")
"""The core's fields that take files; a module's are named `module-field`."""


def largest_together(request: Request) -> int:
    """How many megabytes the files of one form may have together."""
    asking = request.asking
    largest: int = asking.school.setting("max_file_megabytes") if asking and asking.viewer else 0
    return FILES_TOGETHER * largest


def largest_body(request: Request) -> int:
    """How many bytes a request may have: room for the form and, where it is one with files, for as many as
    the school allows. Nothing else is large, least of all what scripts send, which is read whole."""
    if request.content_type != FORM_WITH_FILES:
        return FORM_ROOM
    return FORM_ROOM + largest_together(request) * MEGABYTE


def attempts(request: Request) -> int | None:
    """How often pyramid_retry makes a request: once where the body is too large, because it copies the body
    of what it may have to repeat, before any view looks at its length."""
    length = request.content_length or 0
    try:
        return 1 if length > FORM_ROOM and length > largest_body(request) else None
    except SQLAlchemyError:  # it comes again where there is a page for it
        return 1


def bounded(view: Callable[..., Any], info: Any) -> Callable[..., Any]:
    """View deriver: refuses bodies, fields and characters that no person sends. A view declared with
    `keeps_text` is asked even where the files of its form are too large together: then it gets the text
    without them, and `request.files_left_out` is True."""
    keeps_text = bool(info.options.get("keeps_text"))

    def checked(context: Any, request: Request) -> Any:
        if isinstance(context, Exception):  # the page that says so: asked again it would never be seen
            return view(context, request)
        if (request.content_length or 0) > largest_body(request):
            if not keeps_text:
                raise HTTPRequestEntityTooLarge
            _leave_files_out(request)
        try:
            fields = [*request.GET.items()]
            if request.method == "POST":
                fields += request.POST.items()
        except (ValueError, LookupError, DeprecationWarning) as error:  # WebOb raises them all
            raise HTTPBadRequest from error
        if len(fields) > MOST_FIELDS:
            raise HTTPBadRequest
        if not all(_possible(name, value) for name, value in fields):
            raise HTTPBadRequest
        return view(context, request)

    return checked


bounded.options = ("keeps_text",)  # type: ignore[attr-defined]


def _leave_files_out(request: Request) -> None:
    """Makes the text of a form what `request.POST` is: for the check of the form's token, which is in it, and
    for the view. Raises HTTPRequestEntityTooLarge where it is no form with files, or beyond all measure."""
    length = request.content_length or 0
    is_form = request.method == "POST" and request.content_type == FORM_WITH_FILES
    asking = request.asking  # whose session was locked has a text to be kept, too
    if not is_form or asking is None or asking.viewer is None or length > STILL_READ * largest_body(request):
        raise HTTPRequestEntityTooLarge
    try:
        fields = text_fields(request.body_file_raw, request.headers["Content-Type"], length, most=MOST_FIELDS)
    except TooMuchText as error:
        raise HTTPRequestEntityTooLarge from error
    except ValueError as error:
        raise HTTPBadRequest from error
    request.environ["webob._parsed_post_vars"] = (fields, request.body_file_raw)
    request.files_left_out = True


def _possible(name: str | None, value: Any) -> bool:
    if name is None or "\0" in name:
        return False
    if isinstance(value, str):
        return "\0" not in value and len(value) <= LONGEST_FIELD
    # a file where a form has a text field would reach code that expects a text
    return not getattr(value, "filename", None) or name in FILE_FIELDS or "-" in name


def json_object(request: Request) -> dict[str, Any]:
    """The JSON object that a script sent. Raises HTTPBadRequest for anything else, and for characters that
    no database keeps."""
    try:
        found = json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise HTTPBadRequest from error
    if not isinstance(found, dict) or not all(map(_storable, _texts(found))):
        raise HTTPBadRequest
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _storable(text: str) -> bool:
    """Without NUL and without half a character (a lone surrogate)."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def includeme(config: Configurator) -> None:
    config.add_request_method(lambda _r: False, "files_left_out", reify=True)
    config.add_view_deriver(bounded, name="bounded_input", under="module_gate", over="secured_view")
