"""The pages of the Form builder, in the administration."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid_retry import mark_error_retryable
from sqlalchemy.exc import IntegrityError

from cpoms_core.errors import Refused
from cpoms_core.modules.routes import IN_SERVICE, ModuleRoutes
from cpoms_core.web.form_outline import OutlinedField, form_outline
from cpoms_core.web.forms import as_number
from cpoms_formbuilder import field_views, plans, queries, services
from cpoms_formbuilder.kinds import KINDS, WEIGHT, id_in
from cpoms_formbuilder.pages import FORMS, address_of, field_address, form_name, own_db
from cpoms_formbuilder.queries import Working
from cpoms_formbuilder.services import ChangedMeanwhile

ADMIN = "admin"
OPENED = "formbuilder.opened"
TEMPLATES = "cpoms_formbuilder:templates/"


def declare(routes: ModuleRoutes) -> None:
    """Declares the module's pages and files."""
    routes.static("cpoms_formbuilder:static")
    routes.route("formbuilder.forms", "/formbuilder/forms")
    routes.route("formbuilder.form", "/formbuilder/forms/{form}")
    routes.route("formbuilder.field-new", "/formbuilder/forms/{form}/fields/new")
    routes.route("formbuilder.field", "/formbuilder/forms/{form}/fields/{field}")
    for view, route, template in (
        (forms, "formbuilder.forms", "forms.pt"),
        (form, "formbuilder.form", "form.pt"),
        (field_views.new_field, "formbuilder.field-new", "field.pt"),
        (field_views.field, "formbuilder.field", "field.pt"),
    ):
        page = f"{TEMPLATES}{template}"
        routes.view(view, route, permission=ADMIN, audit=OPENED, template=page)
    for view, route, template in (
        (arrange, "formbuilder.form", "form.pt"),
        (field_views.save_new_field, "formbuilder.field-new", "field.pt"),
        (field_views.save_field, "formbuilder.field", "field.pt"),
    ):
        page = f"{TEMPLATES}{template}"
        routes.view(
            view,
            route,
            permission=ADMIN,
            audit=IN_SERVICE,
            comes_back=OPENED,
            methods=("POST",),
            template=page,
        )


def forms(request: Request) -> dict[str, Any]:
    """The three forms, and which of them have changes that staff do not see yet."""
    found = []
    for name, title in FORMS.items():
        now = queries.working(own_db(request), name)
        found.append({"title": title, "href": address_of(request, name), "state": _state(request, now)})
    return {"title": "Form builder", "forms": found}


def form(request: Request) -> dict[str, Any]:
    """One form: its fields in order, with the advice under them."""
    name = form_name(request)
    now = queries.working(own_db(request), name)
    return _page(request, name, now)


def arrange(request: Request) -> Any:
    """Saves the order and the advice, and with "Update form" gives them to staff (FRM-01)."""
    name, post = form_name(request), request.POST
    db, viewer = own_db(request), request.viewer
    outline = form_outline(request, name)  # type: ignore[arg-type]
    present = [one.name for one in outline]
    deed, _, moved = str(post.get("deed", "save")).partition(":")
    order = _moved(post.getall("order"), deed, moved)
    advice = {one: str(post[f"advice-{one}"]) for one in order if f"advice-{one}" in post}
    seen = as_number(post.get("revision")) or 0

    def make(plan: plans.Plan) -> plans.Plan:
        known = plans.arranged(plan, present)
        kept = [one for one in order if one in known]
        whole = {**plan, "order": plans.placed(kept, plan["order"])}
        typed = {one: advice[one] for one in kept if one in advice}
        return plans.with_order(plan, plans.arranged(whole, present), typed)

    try:
        if deed == "drop":
            services.drop(db, viewer, name, seen)
        else:
            services.change(db, viewer, name, seen, make, "formbuilder.arranged")
        if deed == "publish":
            now = queries.working(db, name)
            names = plans.arranged(now.plan, present)
            # what is not there at present stays about where it was
            before = {one.name: one.weight for one in queries.placings(db, name)}
            own = dict.fromkeys(names, WEIGHT) | before | {one.name: one.weight for one in outline}
            services.publish(db, viewer, name, now.revision, own, names)
    except ChangedMeanwhile:
        request.tm.doom()
        request.response.status_int = 409
        return _page(request, name, queries.working(db, name), typed=(order, advice))
    except Refused as error:
        request.tm.doom()
        request.response.status_int = 422
        return _page(request, name, queries.working(db, name), typed=(order, advice), error=error.message)
    except IntegrityError as error:
        mark_error_retryable(error)
        raise
    anchor = f"field-{moved}" if deed in ("up", "down") else None
    said = {} if anchor else {"_query": {"said": "saved"}}
    return HTTPSeeOther(request.route_path("formbuilder.form", form=name, _anchor=anchor, **said))


def _moved(order: list[str], deed: str, name: str) -> list[str]:
    """The order with one field moved a place up or down."""
    order = list(dict.fromkeys(map(str, order)))
    if deed in ("up", "down") and name in order:
        at = order.index(name)
        to = min(max(at + (-1 if deed == "up" else 1), 0), len(order) - 1)
        order.insert(to, order.pop(at))
    return order


def _page(
    request: Request,
    name: str,
    now: Working,
    *,
    typed: tuple[list[str], dict[str, str]] | None = None,
    error: str = "",
) -> dict[str, Any]:
    outline = {one.name: one for one in form_outline(request, name)}  # type: ignore[arg-type]
    names = plans.shown(now.plan, list(outline))
    advice = dict(now.plan["advice"])
    if typed is not None:
        order, words = typed
        names = plans.shown({**now.plan, "order": order}, list(outline))
        advice |= {one: text for one, text in words.items() if one in names}
    items = [_item(request, name, one, outline.get(one), now, advice.get(one, "")) for one in names]
    for at, item in enumerate(items):
        item |= {"first": at == 0, "last": at == len(items) - 1}
    gone = [
        {"label": one["label"], "href": field_address(request, name, uuid.UUID(hex=key))}
        for key, one in now.plan["fields"].items()
        if one["deleted"]
    ]
    viewer = request.viewer
    return {
        "title": FORMS[name],
        "items": items,
        "gone": gone,
        "revision": now.revision,
        "published": now.published,
        "state": _state(request, now),
        "conflict": (now.by or "Somebody else") if typed is not None and not error else "",
        "error": error,
        "versions": [
            {"number": number, "at": viewer.local(at), "by": by}
            for number, at, by in queries.versions(own_db(request), name)
        ],
        "new_href": request.route_path("formbuilder.field-new", form=name),
        "back_href": request.route_path("formbuilder.forms"),
    }


def _item(
    request: Request, form: str, name: str, there: OutlinedField | None, now: Working, advice: str
) -> dict[str, Any]:
    own = id_in(name)
    if own is not None:
        kept = now.plan["fields"][own.hex]
        note = KINDS[kept["kind"]] + (", for some categories" if kept["categories"] else "")
        return {
            "name": name,
            "label": kept["label"],
            "note": f"Custom field: {note}" + ("" if there else ". New"),
            "advice": advice,
            "href": field_address(request, form, own),
        }
    module = request.app.modules[there.module].title if there and there.module else ""
    label = there.label if there else name
    return {"name": name, "label": label, "note": module, "advice": advice, "href": None}


def _state(request: Request, now: Working) -> str:
    if now.published:
        return f"Staff have version {now.version}." if now.version else "As the product has it."
    by = f", last by {now.by}" if now.by else ""
    return f"There are changes that staff do not see yet{by}."
