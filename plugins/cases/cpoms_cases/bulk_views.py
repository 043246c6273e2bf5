"""Admin > Bulk management (CAS-05): the days, then how many that are, then the tick."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from sqlalchemy import select

from cpoms_cases import bulk, outcomes
from cpoms_cases.forms import DaysForm, SureForm, object_to, why_form
from cpoms_cases.models import CLOSED
from cpoms_cases.outcomes import Unanswered
from cpoms_core.access.models import User
from cpoms_core.admin.guards import ChangedMeanwhile
from cpoms_core.errors import Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.modules.routes import IN_SERVICE, ModuleRoutes, NotAudited
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import as_id

TEMPLATE = "cpoms_cases:templates/bulk.pt"
COUNTING = NotAudited("it shows how many incidents there are, and nothing of any")


def declare(routes: ModuleRoutes) -> None:
    """Declares the page."""
    routes.route("cases.bulk", "/cases/bulk")
    routes.view(days, "cases.bulk", permission="admin", audit=COUNTING, template=TEMPLATE)
    routes.view(
        close,
        "cases.bulk",
        permission="admin",
        audit=IN_SERVICE,
        comes_back=COUNTING,
        methods=("POST",),
        template=TEMPLATE,
    )


def days(request: Request) -> dict[str, Any]:
    """The form for the days; where they are given, how many incidents that are."""
    asked = bool({"first", "last"} & set(request.GET))
    form = DaysForm(request.GET if asked else None)
    if asked and not form.validate():
        request.response.status_int = 422
        return _page(request, form)
    return _page(request, form, counts=asked)


def close(request: Request) -> Any:
    """Closes what was counted, once the tick is given."""
    post, db, viewer = request.POST, PluginSession(request.db), request.viewer
    form, sure = DaysForm(post), SureForm(post)
    if not form.validate():
        return _refused(request, form)
    chosen, reason = as_id(post.get("outcome", "")), post.get("reason", "")
    asked = bulk.Asked(
        form.first.data, form.last.data, post.get("seen", ""), bool(sure.sure.data), chosen, reason
    )
    try:
        bulk.close_all(db, viewer, asked)
    except ChangedMeanwhile as refusal:
        return _refused(request, form, changed=refusal.message, why=_why_form(request, post))
    except Unanswered as refusal:
        why = _why_form(request, post)
        object_to(why, refusal.errors)
        return _refused(request, form, why=why, sure=sure)
    except Refused as refusal:
        if refusal.field:
            sure.sure.errors = [refusal.message]
        changed = "" if refusal.field else refusal.message
        return _refused(request, form, changed=changed, why=_why_form(request, post), sure=sure)
    return HTTPSeeOther(request.route_path("cases.bulk", _query={"said": "saved"}))


def _why_form(request: Request, posted: Any = None) -> Form:
    return why_form(outcomes.usable(PluginSession(request.db)), CLOSED, "all", posted)


def _refused(request: Request, form: DaysForm, **page: Any) -> dict[str, Any]:
    """What was counted before stands in the form only where nothing changed meanwhile: it is counted anew."""
    request.tm.doom()
    request.response.status_int = 409 if page.get("changed") else 422
    return _page(request, form, counts=not form.errors, **page)


def _page(
    request: Request,
    form: DaysForm,
    *,
    counts: bool = False,
    changed: str = "",
    why: Form | None = None,
    sure: Form | None = None,
) -> dict[str, Any]:
    db, viewer = PluginSession(request.db), request.viewer
    first, last = form.first.data, form.last.data
    asks = outcomes.asks(viewer)
    return {
        "title": "Bulk management",
        "days": form,
        "counted": bulk.count(db, viewer, first, last) if counts else None,
        "said_days": _in_words(first, last) if counts else "",
        "training": viewer.school.training,
        "why": (why or _why_form(request)) if asks else [],
        "sure": sure or SureForm(),
        "changed": changed,
        "earlier": _earlier(request),
    }


def _earlier(request: Request) -> list[dict[str, Any]]:
    db, viewer = PluginSession(request.db), request.viewer
    closings = bulk.earlier(db)
    ids = {one.made_by for one in closings}
    names = {user.id: user.name for user in db.scalars(select(User).where(User.id.in_(ids)))} if ids else {}
    return [
        {
            "days": _in_words(one.first_day, one.last_day),
            "closed": one.closed,
            "outcome": one.outcome,
            "reason": viewer.text(one.reason),
            "training": one.training,
            "at": viewer.local(one.made_at),
            "by": names.get(one.made_by, "The system"),
        }
        for one in closings
    ]


def _in_words(first: dt.date, last: dt.date) -> str:
    if first == last:
        return f"On {first.day} {first:%B %Y}"
    return f"From {first.day} {first:%B %Y} to {last.day} {last:%B %Y}"
