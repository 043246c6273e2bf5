"""The audit that every view declares: written after it answered well."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request

from cpoms_core.audit.services import entry
from cpoms_core.modules.routes import IN_SERVICE


def audited(view: Callable[..., Any], info: Any) -> Callable[..., Any]:
    """View deriver: notes the view's event with the subjects that it named by `request.shows(ids)`; a form
    that comes back with errors shows its record too."""
    event = info.options.get("audit")
    if not isinstance(event, str) or event == IN_SERVICE:
        return view

    def noting(context: Any, request: Request) -> Any:
        response = view(context, request)
        status = getattr(response, "status_int", 200)
        if request.viewer is not None and (status < 400 or (status == 422 and request.shown)):
            found = entry(request.viewer, event, request.shown, **request.shown_facts)
            request.afterwards.entries.append(found)
        return response

    return noting


audited.options = ("audit",)  # type: ignore[attr-defined]


def _shows(request: Request, subjects: Iterable[uuid.UUID], **facts: Any) -> None:
    """Names what the answer shows, for its audit entry; facts are no content (numbers, names of fields)."""
    request.shown.extend(subjects)
    request.shown_facts.update(facts)


def includeme(config: Configurator) -> None:
    config.add_view_deriver(audited, name="audited", under="secured_view")
    config.add_request_method(lambda _r: [], "shown", reify=True)
    config.add_request_method(lambda _r: {}, "shown_facts", reify=True)
    config.add_request_method(_shows, "shows")
