"""The audit that every view declares: written after it answered well, or with a page that shows something."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request

from cpoms_core.audit.services import entry
from cpoms_core.modules.routes import IN_SERVICE

CAME_BACK = frozenset({409, 422})
"""The statuses of a page that says why nothing was changed."""


def audited(view: Callable[..., Any], info: Any) -> Callable[..., Any]:
    """View deriver: notes the view's event with the subjects that it named by `request.shows(ids)`. What is
    refused, or was overtaken, comes back as a page that shows its record too. Where a service has written the
    change, only such a page is left to be noted."""
    in_service = info.options.get("audit") == IN_SERVICE
    event = info.options.get("comes_back" if in_service else "audit")
    if not isinstance(event, str):
        return view

    def noting(context: Any, request: Request) -> Any:
        response = view(context, request)
        status = getattr(response, "status_int", 200)
        shown = bool(request.shown) and (status in CAME_BACK or (in_service and status < 300))
        if request.viewer is not None and (shown or (status < 400 and not in_service)):
            found = entry(request.viewer, event, request.shown, **request.shown_facts)
            request.afterwards.entries.append(found)
        return response

    return noting


audited.options = ("audit", "comes_back")  # type: ignore[attr-defined]


def _shows(request: Request, subjects: Iterable[uuid.UUID], **facts: Any) -> None:
    """Names what the answer shows, for its audit entry; facts are no content (numbers, names of fields)."""
    request.shown.extend(subjects)
    request.shown_facts.update(facts)


def includeme(config: Configurator) -> None:
    config.add_view_deriver(audited, name="audited", under="secured_view")
    config.add_request_method(lambda _r: [], "shown", reify=True)
    config.add_request_method(lambda _r: {}, "shown_facts", reify=True)
    config.add_request_method(_shows, "shows")
