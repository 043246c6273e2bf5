"""A form that arrives when its session was locked or has ended: one that people write in loses no text for
it (INC-10, ACC-12). Pages with scripts ask before they send (static/js/hold.js); this is for those without,
and for the moment between.

Whose text it is, is known of a locked session only: it becomes its user's draft, which nobody else is shown,
and no record. After the password the form has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.config import Configurator
from pyramid.csrf import check_csrf_origin, check_csrf_token
from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request

from cpoms_core.documents.services import safe_name
from cpoms_core.incidents import drafts
from cpoms_core.incidents.draft_views import ADDED, form_of, is_too_long
from cpoms_core.web.errors import waits_for_answer
from cpoms_core.web.forms import as_id

LEFT_OUT = frozenset({"csrf_token", "submission", "draft", "training", "look"})
"""Of the form itself, and not typed; as in static/js/drafts.js."""


def _added(request: Request, kind: str, itself: str) -> str:
    named = str(request.POST.get("draft", ""))
    return named if ADDED.fullmatch(named) and named.partition("-")[0] == kind else itself


def _of_record(request: Request, kind: str) -> str | None:
    found = as_id(request.matchdict[f"{kind}_id"])
    return str(found) if found else None


def _action(request: Request) -> str | None:
    found = _of_record(request, "incident")
    return _added(request, "action", f"action-{found}") if found else None


def _edit(kind: str) -> Callable[[Request], str | None]:
    return lambda request: f"edit-{kind}-{found}" if (found := _of_record(request, kind)) else None


DRAFT_OF: dict[str, Callable[[Request], str | None]] = {
    "incident-add": lambda request: _added(request, "incident", "incident"),
    "action-add": _action,
    "incident-edit": _edit("incident"),
    "action-edit": _edit("action"),
}
"""The draft that a posted form is, by its route."""


def kept_while_locked(view: Callable[..., Any], info: Any) -> Callable[..., Any]:
    """View deriver: leads whoever sent such a form without a session, or with a locked one, to the log-in or
    the password and back to the form. It stands before the permission, which a locked session has none of."""
    needs = info.options.get("needs")

    def kept(context: Any, request: Request) -> Any:
        if isinstance(context, Exception) or not _lacks_session(request):
            return view(context, request)
        asking, form = request.asking, DRAFT_OF.get(request.matched_route.name)
        key = form(request) if form is not None else None
        if key is None:
            return view(context, request)
        if asking.login is None:
            return _on(request, "login", key, "sent-logged-out")
        if not (asking.viewer.may(needs) and _is_ours(request)):
            return view(context, request)
        return _on(request, "unlock", key, "kept-as-draft" if _keep(request, key) else "sent-locked")

    return kept


kept_while_locked.options = ("needs",)  # type: ignore[attr-defined]


def _lacks_session(request: Request) -> bool:
    """Whether a person's browser posts to a school without a session that goes on."""
    posted = request.method == "POST" and request.asking is not None
    return posted and request.viewer is None and not waits_for_answer(request)


def _is_ours(request: Request) -> bool:
    """Whether a page of ours sent the form: from another site it would take the draft's place."""
    return bool(check_csrf_origin(request, raises=False) and check_csrf_token(request, raises=False))


def _on(request: Request, route: str, key: str, said: str) -> HTTPFound:
    query = {"next": form_of(request, key), "said": said}
    return HTTPFound(request.route_path(route, _query=query))


def _keep(request: Request, key: str) -> bool:
    """Keeps what was typed as the draft of the locked session's user, unless a draft cannot hold so much."""
    fields = _typed(request)
    if is_too_long(fields):
        return False
    content = {"fields": fields, "submission": str(request.POST.get("submission", ""))[:36]}
    drafts.save(request.db, request.asking.viewer, key, content, as_id(content["submission"]))
    return True


def _typed(request: Request) -> list[tuple[str, str]]:
    """Names and values of the fields; of files their names, so that the form says which to choose again."""
    typed = [one for one in request.POST.items() if isinstance(one[1], str)]
    fields = [(name, value) for name, value in typed if name not in LEFT_OUT]
    if any(name == "files_chosen" for name, _value in fields):
        return fields
    files = [one.filename for one in request.POST.getall("files") if getattr(one, "filename", None)]
    return [*fields, *(("files_chosen", safe_name(name)) for name in files)]


def includeme(config: Configurator) -> None:
    config.add_view_deriver(
        kept_while_locked, name="kept_while_locked", under="bounded_input", over="secured_view"
    )
