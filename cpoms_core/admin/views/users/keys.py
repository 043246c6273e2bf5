"""A user's keys, as an administrator sees them, and removing them all (ACC-11)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.forms.users import RemoveKeysForm
from cpoms_core.admin.queries.users import UserRow
from cpoms_core.admin.services import users as services
from cpoms_core.admin.user_frame import user_frame
from cpoms_core.admin.views.sending import refuse
from cpoms_core.errors import Refused
from cpoms_core.keys.proof import way_to_proof
from cpoms_core.keys.queries import HeldKey, held_keys

HERE = "admin-user-keys"


def keys(request: Request) -> Any:
    """The list of both kinds; removes them all once the notice was ticked and the password just given."""
    if request.method == "POST" and (way := way_to_proof(request)):  # before this change's own transaction
        return way
    frame = user_frame(request, HERE)
    user: UserRow = frame["user"]
    form = RemoveKeysForm(request.POST)
    if request.method == "POST":
        try:
            services.remove_keys(request.db, request.viewer, user.id, understood=bool(form.understood.data))
            if user.id == request.viewer.user_id:  # the session that did it is a restricted one from now on
                return HTTPSeeOther(request.route_path("dashboard", _query={"said": "user-keys-removed"}))
            said = {"said": "user-keys-removed"}
            return HTTPSeeOther(request.route_path(HERE, user_id=user.id, _query=said))
        except Refused as error:
            refuse(request, form, error)
    return {
        **frame,
        "form": form,
        "keys": [_shown(request, key) for key in held_keys(request.db, user.account_id)],
    }


def _shown(request: Request, key: HeldKey) -> dict[str, Any]:
    local = request.viewer.local
    return {
        "name": key.name,
        "kind": key.kind,
        "added": local(key.added),
        "last_used": local(key.last_used) if key.last_used else None,
    }
