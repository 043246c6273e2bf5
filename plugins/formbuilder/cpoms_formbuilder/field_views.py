"""The page of one custom field: made, edited, deleted and brought back (FRM-02, FRM-03)."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid_retry import mark_error_retryable
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents.category_ticks import category_ticks
from cpoms_core.incidents.models import Category
from cpoms_core.web.form_outline import form_outline
from cpoms_core.web.forms import BuiltForm, as_id, as_number
from cpoms_formbuilder import field_forms, plans, queries, services
from cpoms_formbuilder.kinds import field_name
from cpoms_formbuilder.pages import FORMS, address_of, form_name, own_db
from cpoms_formbuilder.queries import Working
from cpoms_formbuilder.services import ChangedMeanwhile


def new_field(request: Request) -> dict[str, Any]:
    """A field of the school's own that is not there yet (FRM-02)."""
    name = form_name(request)
    return _field_page(request, name, None, field_forms.field_form(None, name, None), [("", "")] * 3)


def field(request: Request) -> dict[str, Any]:
    """A field of the school's own, to edit or delete (FRM-03)."""
    name = form_name(request)
    field_id, now, kept = _found(request, name)
    return _field_page(request, name, field_id, *_as_kept(now, name, field_id, kept))


def _as_kept(
    now: Working, name: str, field_id: uuid.UUID, kept: dict[str, Any]
) -> tuple[BuiltForm, list[tuple[str, str]]]:
    """The form of a field as the draft has it, and its options."""
    advice = now.plan["advice"].get(field_name(field_id), "")
    options = [(one["id"], one["label"]) for one in kept["options"] if not one["removed"]]
    return field_forms.field_form(None, name, kept, advice), options


def save_new_field(request: Request) -> Any:
    """Adds a field to the draft."""
    return _save(request, form_name(request), None)


def save_field(request: Request) -> Any:
    """Changes a field in the draft, deletes it or brings it back."""
    name = form_name(request)
    field_id, now, kept = _found(request, name)
    deed = request.POST.get("deed", "save")
    if deed not in ("delete", "back"):
        return _save(request, name, field_id)
    deleted = deed == "delete"
    event = "formbuilder.field-deleted" if deleted else "formbuilder.field-brought-back"
    seen = as_number(request.POST.get("revision")) or 0
    try:
        services.change(
            own_db(request),
            request.viewer,
            name,
            seen,
            lambda plan: plans.without_field(plan, field_id, deleted=deleted),
            event,
            field=field_name(field_id),
        )
    except ChangedMeanwhile:
        request.tm.doom()
        return HTTPSeeOther(address_of(request, name, said="changed-meanwhile"))
    except Refused as error:
        request.tm.doom()
        request.response.status_int = 422
        made, options = _as_kept(now, name, field_id, kept)
        made.object_to([FieldError(error.field, error.message)])
        return _field_page(request, name, field_id, made, options)
    return HTTPSeeOther(address_of(request, name, said="saved"))


def _save(request: Request, name: str, field_id: uuid.UUID | None) -> Any:
    db, post = own_db(request), request.POST
    kept = queries.working(db, name).plan["fields"].get(field_id.hex) if field_id else None
    made = field_forms.field_form(post, name, kept)
    options = list(zip(map(str, post.getall("option_id")), map(str, post.getall("option")), strict=False))
    if post.get("deed") == "more":
        return _field_page(request, name, field_id, made, [*options, ("", ""), ("", ""), ("", "")])
    seen = as_number(post.get("revision")) or 0
    target = field_id or new_id()
    present = [one.name for one in form_outline(request, name)]  # type: ignore[arg-type]
    conflict = False
    if made.form.validate():
        typed = field_forms.typed(made, options, _known(request, made))
        try:

            def make(plan: plans.Plan) -> plans.Plan:
                advice = made.part("advice").data or ""
                changed = plans.with_field(plan, target, typed, advice)
                return {**changed, "order": plans.arranged(changed, present)}

            services.change(
                db, request.viewer, name, seen, make, "formbuilder.field-changed", field=field_name(target)
            )
            return HTTPSeeOther(address_of(request, name, said="saved"))
        except ChangedMeanwhile:
            request.tm.doom()
            conflict = True
        except Refused as error:
            request.tm.doom()
            made.object_to([FieldError(error.field, error.message)])
        except IntegrityError as error:
            mark_error_retryable(error)
            raise
    request.response.status_int = 409 if conflict else 422
    return _field_page(request, name, field_id, made, options, conflict=conflict)


def _known(request: Request, made: BuiltForm) -> list[uuid.UUID]:
    """Those of the chosen categories that there are."""
    chosen = (made.part("categories").data or []) if made.has("categories") else []
    return list(request.db.scalars(select(Category.id).where(Category.id.in_(chosen)))) if chosen else []


def _field_page(
    request: Request,
    name: str,
    field_id: uuid.UUID | None,
    made: BuiltForm,
    options: list[tuple[str, str]],
    *,
    conflict: bool = False,
) -> dict[str, Any]:
    now = queries.working(own_db(request), name)
    kept = now.plan["fields"].get(field_id.hex) if field_id else None
    categories: list[dict[str, Any]] = []
    if made.has("categories"):  # every one: who arranges a form for all need not add to any of them
        rows = request.db.scalars(
            select(Category)
            .where(Category.disabled_at.is_(None) | Category.id.in_(_known(request, made)))
            .order_by(Category.name)
        ).all()
        categories = category_ticks(rows, set(made.part("categories").data or []))
    label = kept["label"] if kept else ""
    return {
        "title": f"{label}: custom field" if kept else "New custom field",
        "of": FORMS[name],
        "form": made.form,
        "categories": categories,
        "options": options or [("", "")],
        "is_new": kept is None,
        "deleted": bool(kept and kept["deleted"]),
        "revision": now.revision,
        "conflict": (now.by or "Somebody else") if conflict else "",
        "back_href": address_of(request, name),
    }


def _found(request: Request, name: str) -> tuple[uuid.UUID, Working, dict[str, Any]]:
    field_id = as_id(request.matchdict["field"])
    now = queries.working(own_db(request), name)
    if field_id is None or field_id.hex not in now.plan["fields"]:
        raise NothingThere
    return field_id, now, now.plan["fields"][field_id.hex]
