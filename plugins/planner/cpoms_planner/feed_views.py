"""The page of the secret address, and what answers at it (PLN-06)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access.viewer import utc_now
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_planner import feeds


def settings(request: Request) -> dict[str, Any]:
    """The user's own feed: whether there is one; making it anew shows its address once."""
    viewer, db = request.viewer, PluginSession(request.db)
    secret = ""
    if request.method == "POST":
        if request.POST.get("do") == "revoke":
            feeds.revoke_feed(db, viewer)
        else:
            secret = feeds.make_feed(db, viewer)
    feed = feeds.feed_in_use(db, viewer.acting_user)
    base = request.app.deployment.school_address(viewer.school.slug)
    path = request.route_path("planner.feed", secret=secret) if secret else ""
    return {
        "title": "Planner in another calendar",
        "made_at": viewer.local(feed.made_at) if feed else None,
        "address": f"{base}{path}" if secret else "",
        "revoked": request.method == "POST" and not secret,
    }


def feed(request: Request) -> Response:
    """The feed itself, for who has the secret. Whatever is wrong with it, the answer is the same. Tries are
    not counted: nobody guesses 256 bits, and a calendar service that goes on asking for a revoked feed would
    shut out everybody else whom it asks for from the same address."""
    try:
        found = feeds.read_feed(request.db, request.matchdict["secret"], utc_now())
    except NothingThere:
        raise HTTPNotFound from None
    response = Response(found.body, content_type="text/calendar", charset="utf-8", conditional_response=True)
    response.headers["Cache-Control"] = "private, max-age=300"
    response.etag = found.etag
    return response
