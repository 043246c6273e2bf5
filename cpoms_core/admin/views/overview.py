"""What needs the administrators' attention (ADM-01)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.module_facts import hook_words
from cpoms_core.admin.queries import overview as queries
from cpoms_core.admin.services.failures import see_failures
from cpoms_core.imports.leavers import still_active
from cpoms_core.imports.queries import health
from cpoms_core.modules.models import ModuleFailure
from cpoms_core.students.matching import count_unmatched
from cpoms_core.web.forms import as_id


def overview(request: Request) -> dict[str, Any]:
    """Failures of modules that nobody has seen, the health of imports, and what could not be sent."""
    db, viewer = request.db, request.viewer
    failures = queries.unseen_failures(db)
    outgoing = queries.outgoing(db, viewer)
    return {
        "title": "Administration",
        "failures": [_failure(request, failure) for failure in failures.newest],
        "failure_count": failures.count,
        "newest": failures.newest[0].id if failures.newest else None,
        "seen_href": request.route_path("admin-failures-seen"),
        "health": health(db, viewer),
        "given_up": outgoing.given_up,
        "late": outgoing.late,
        "leavers": _leavers(request),
        "typed_in": count_unmatched(db, viewer),
        "late_since": viewer.local(outgoing.oldest) if outgoing.oldest else None,
    }


def _leavers(request: Request) -> list[dict[str, str]]:
    """Users who left the MIS and whose account an import did not deactivate, though the school asks for it
    (USR-10)."""
    if not request.viewer.school.setting("disable_missing_accounts"):
        return []
    return [
        {"name": user.name, "href": request.route_path("admin-user", user_id=user.id)}
        for user in still_active(request.db)
    ]


def _failure(request: Request, failure: ModuleFailure) -> dict[str, Any]:
    module = request.app.modules.get(failure.module)
    return {
        "module": module.title if module else failure.module,
        "what": hook_words(failure.hook),
        "hook": failure.hook,
        "at": request.viewer.local(failure.at),
        "reference": failure.reference,
    }


def failures_seen(request: Request) -> Any:
    """Marks the failures that were shown as seen."""
    newest = as_id(request.POST.get("newest"))
    if newest is None:
        raise HTTPNotFound
    see_failures(request.db, request.viewer, newest)
    return HTTPSeeOther(request.route_path("admin", _query={"said": "failures-seen"}))
