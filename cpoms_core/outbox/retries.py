"""Hooks that failed while a record was saved: kept with what they were called with, and tried again until
they succeed, each once for every version of its subject."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import select

from cpoms_core.access import identity, policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Access, Viewer
from cpoms_core.hooks import specs
from cpoms_core.hooks.relay import Keep
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.outcomes import NotNow
from cpoms_core.outbox.services import queue
from cpoms_core.tenancy.scope import SchoolSession

NAMESPACE = uuid.UUID("6d3c1c86-1f4e-4c3b-9a55-0f8a6a1c5f0e")


def keep_for_retry(db: SchoolSession, viewer: Viewer) -> Keep:
    """What `relay.effect` is given as `keep`: it queues the hook of a module that failed, in the transaction
    of the record. Of the hook's arguments, ids are UUIDs, or lists of them, and all else is plain JSON; of
    the form's values only the module's own are kept. One id at least says which change it was."""

    def keep(module: str, hook: str, arguments: Mapping[str, Any]) -> None:
        ids = {name: str(value) for name, value in arguments.items() if isinstance(value, uuid.UUID)}
        many = {name: _ids(value) for name, value in arguments.items() if _is_ids(value)}
        others = {name: v for name, v in arguments.items() if name not in ids and name not in many}
        if "values" in others:
            own = f"{module}-"
            others["values"] = {name: v for name, v in others["values"].items() if name.startswith(own)}
        item_id = retry_id(viewer.school_id, module, hook, ids, others.get("version", 0))
        if db.get(OutboxItem, (viewer.school_id, item_id)) is None:
            payload = {
                "module": module,
                "hook": hook,
                "ids": ids,
                "many": many,
                "arguments": others,
                "access": viewer.access,
                "user_id": str(viewer.user_id) if viewer.user_id else None,
            }
            queue(db, "hook", payload, now=viewer.now(), item_id=item_id)

    return keep


def _is_ids(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, uuid.UUID) for one in value)


def _ids(value: Any) -> list[str]:
    return [str(one) for one in value]


def retry_id(school_id: int, module: str, hook: str, ids: Mapping[str, str], version: int) -> uuid.UUID:
    """The same for the same module, hook, subject and version: it cannot be queued twice."""
    subject = ",".join(f"{name}={value}" for name, value in sorted(ids.items()))
    return uuid.uuid5(NAMESPACE, f"{school_id} {module} {hook} {subject} {version}")


def retry_hook(db: SchoolSession, viewer: Viewer, payload: dict[str, Any]) -> None:
    """Calls the hook again, on behalf of whoever saved the record. Raises NotNow while the module is off, if
    the hook is only for where it is on, while the hook is set aside, while the module is not installed or its
    tables are behind; and whatever the hook raises."""
    module, hook, ids = payload["module"], payload["hook"], payload["ids"]
    if module not in db.app.usable or (module, hook) in viewer.set_aside:
        raise NotNow
    if module not in viewer.modules and specs.MODES[hook] != "told":
        raise NotNow
    actor = _actor(db, viewer, payload)
    arguments = {**payload["arguments"], **{name: uuid.UUID(value) for name, value in ids.items()}}
    many = payload.get("many", {}).items()
    arguments |= {name: [uuid.UUID(one) for one in values] for name, values in many}
    db.app.hooks.retry(module, hook, db, actor, **arguments)
    item_id = retry_id(viewer.school_id, module, hook, ids, arguments.get("version", 0))
    item = db.get(OutboxItem, (viewer.school_id, item_id))
    if item is not None:
        # what a person typed was needed until now, and only for this
        item.payload = {**payload, "arguments": {}}


def _actor(db: SchoolSession, viewer: Viewer, payload: dict[str, Any]) -> Viewer:
    """Who saved the record, with the access of that moment and the permissions of today."""
    if not payload["user_id"]:
        return viewer
    has_key = policy.holds_key(User.account_id)
    user, keyed = db.execute(select(User, has_key).where(User.id == uuid.UUID(payload["user_id"]))).one()
    acting = identity.viewer_of(
        db, user, cast(Access, payload["access"]), school=viewer.school, modules=viewer.modules, has_key=keyed
    )
    return acting.through("worker")
