"""The button Hide names, and the page that asks to show them first (DSH-08)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access.hiding import hide_names
from cpoms_core.access.views import local_path

CHANGING = "This page is for changing what was written, names and all."
NOT_SAVED = (
    "This is not saved yet, because something is to be put right first, on a page with names. When they are "
    "shown, go back in your browser: what you typed is still in the form."
)
STARS_STAY = "It cannot be filled in with stars, because the stars would be saved."
PAGE = "cpoms_core:templates/names/hidden.pt"


def switch(request: Request) -> Response:
    """Hides the names, or shows them again, and goes on to the page that the button was on."""
    hidden = request.POST.get("hidden") == "yes"
    hide_names(request.db, request.viewer, request.asking.login.token_hash, hidden=hidden)
    return HTTPSeeOther(local_path(request.POST.get("next", "/")))


def hidden_page(
    request: Request, *, why: str, other_href: str | None = None, other: str = "", here: str = ""
) -> Response:
    """The page in place of what cannot be had without names. `why`: a sentence or two for a person; of a form
    that is filled with what people wrote, STARS_STAY is one. other_href, other: another way on, which shows
    no names. here: what opens when they are shown, where it is not this page."""
    request.shown.clear()
    context = {
        "title": "Names are hidden",
        "why": why,
        "other_href": other_href,
        "other": other,
        "here": here,
    }
    return render_to_response(PAGE, context, request=request)


def filled_in(view: Callable[..., Any], info: Any) -> Callable[..., Any]:
    """View deriver: while names are hidden, a page whose form is filled with what was written before
    (declared with `fills_in`) asks to show them first. It is no sight of the record, so it stands before the
    audit."""
    if not info.options.get("fills_in"):
        return view

    def asked(context: Any, request: Request) -> Any:
        if request.viewer is None or not request.viewer.names_hidden:
            return view(context, request)
        if request.method in ("GET", "HEAD"):
            return hidden_page(request, why=f"{CHANGING} {STARS_STAY}")
        response = view(context, request)  # of a page that was open before
        if response.status_int < 300 or response.status_int in (409, 422):
            return hidden_page(request, why=f"{NOT_SAVED} {STARS_STAY}")
        return response

    return asked


filled_in.options = ("fills_in",)  # type: ignore[attr-defined]


def includeme(config: Configurator) -> None:
    config.add_view_deriver(filled_in, name="filled_in", under="secured_view", over="audited")
