"""Bounds on what comes in, before a view sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPBadRequest, HTTPRequestEntityTooLarge
from pyramid.request import Request

LONGEST_FIELD = 200_000  # characters
MOST_FIELDS = 2_000
MEGABYTE = 1024 * 1024
FORM_ROOM = 4 * MEGABYTE  # bytes beside the files of a form
MOST_FILES = 20
FILE_FIELDS = ("files", "file")
"""The core's fields that take files; a module's are named `module-field`."""


def largest_body(request: Request) -> int:
    """How many bytes a request of this school may have: its files and some room for the form."""
    asking = request.asking
    largest = asking.school.setting("max_file_megabytes") if asking and asking.viewer else 0
    return FORM_ROOM + 3 * largest * MEGABYTE


def bounded(view: Callable[..., Any], _info: Any) -> Callable[..., Any]:
    """View deriver: refuses bodies, fields and characters that no person sends."""

    def checked(context: Any, request: Request) -> Any:
        if isinstance(context, Exception):  # the page that says so: asked again it would never be seen
            return view(context, request)
        if (request.content_length or 0) > largest_body(request):
            raise HTTPRequestEntityTooLarge
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
    config.add_view_deriver(bounded, name="bounded_input", under="module_gate", over="secured_view")
