"""What administrators do to a form: change its draft, and publish it (FRM-01..03)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_formbuilder import plans, queries
from cpoms_formbuilder.kinds import field_name
from cpoms_formbuilder.models import CustomField, CustomOption, Draft, Layout
from cpoms_formbuilder.plans import Plan


class ChangedMeanwhile(Exception):
    """Somebody else changed the form while this person had it open."""


def change(
    db: PluginSession,
    viewer: Viewer,
    form: str,
    seen: int,
    make: Callable[[Plan], Plan],
    event: str,
    **details: Any,
) -> Plan:
    """Changes the draft of a form. seen: the revision that the person had before them; make: the new plan
    of the present one. Raises ChangedMeanwhile and what `make` raises."""
    now = queries.working(db, form)
    if now.revision != seen:
        raise ChangedMeanwhile
    plan = make(now.plan)
    if plan == now.plan:
        return plan
    values = {"content": plan, "changed_at": viewer.now(), "changed_by": viewer.user_id}
    if seen == 0:
        db.add(Draft(school_id=db.school_id, form=form, revision=1, **values))
        db.flush()
    else:
        turned = db.execute(
            update(Draft)
            .where(Draft.form == form, Draft.revision == seen)
            .values(revision=seen + 1, **values)
            .execution_options(synchronize_session=False)
        )
        if turned.rowcount != 1:  # type: ignore[attr-defined]
            raise ChangedMeanwhile
    db.audit(viewer, event, form=form, **details)
    return plan


def publish(
    db: PluginSession, viewer: Viewer, form: str, seen: int, own_weights: Mapping[str, int], names: list[str]
) -> int:
    """Gives staff the form as it was made, as its next version (FRM-01); answers the version. names: all its
    fields in their order; own_weights: the weight that each has by itself. Raises ChangedMeanwhile."""
    now = queries.working(db, form)
    if now.revision != seen:
        raise ChangedMeanwhile
    if now.published:
        return now.version
    plan = {**now.plan, "order": names}
    content = {**now.plan, "weights": plans.weights(names, own_weights)}
    version = now.version + 1
    db.add(
        Layout(
            school_id=db.school_id,
            form=form,
            version=version,
            content=content,
            made_at=viewer.now(),
            made_by=viewer.user_id,
        )
    )
    _set_fields(db, viewer, form, plan)
    db.flush()
    db.audit(viewer, "formbuilder.published", form=form, version=version)
    return version


def _set_fields(db: PluginSession, viewer: Viewer, form: str, plan: Plan) -> None:
    """The fields and options as the plan has them; what it does not have any more is marked, and stays."""
    fields = {one.id: one for one in db.scalars(select(CustomField).where(CustomField.form == form))}
    options = {
        one.id: one for one in db.scalars(select(CustomOption).where(CustomOption.field_id.in_(fields)))
    }
    places = {name: at for at, name in enumerate(plan["order"])}
    for text, wanted in plan["fields"].items():
        field_id = uuid.UUID(hex=text)
        field = fields.get(field_id)
        if field is None:
            field = CustomField(school_id=db.school_id, id=field_id, form=form, kind=wanted["kind"])
            db.add(field)
        field.label, field.required, field.many = wanted["label"], wanted["required"], wanted["many"]
        field.categories = wanted["categories"]
        field.position = places.get(field_name(field_id), len(places))
        field.deleted_at = (field.deleted_at or viewer.now()) if wanted["deleted"] else None
        db.flush()
        for at, one in enumerate(wanted["options"]):
            option = options.get(uuid.UUID(hex=one["id"]))
            if option is None:
                option = CustomOption(school_id=db.school_id, id=uuid.UUID(hex=one["id"]), field_id=field_id)
                db.add(option)
            option.label, option.position = one["label"], at
            option.removed_at = (option.removed_at or viewer.now()) if one["removed"] else None


def drop(db: PluginSession, viewer: Viewer, form: str, seen: int) -> None:
    """Throws the changes away that staff do not see yet. Raises ChangedMeanwhile."""
    layout = queries.newest_layout(db, form)
    had = plans.empty() if layout is None else queries.plan_of(layout)
    change(db, viewer, form, seen, lambda _plan: had, "formbuilder.dropped")
