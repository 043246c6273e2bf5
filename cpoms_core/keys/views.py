"""Security keys in the account settings: the list, other names, removing one (ACC-08)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.errors import NothingThere
from cpoms_core.keys import services
from cpoms_core.keys.forms import NameForm
from cpoms_core.keys.owner import KeyOwner
from cpoms_core.keys.proof import way_to_proof
from cpoms_core.keys.queries import HeldKey, held_key, held_keys
from cpoms_core.web.forms import as_id

View = Callable[[Request], Any]


def for_managing(view: View) -> View:
    """Views that show or change keys: who has a key uses it first (ACC-08); who keeps them at another host
    goes there."""

    @wraps(view)
    def guarded(request: Request) -> Any:
        owner: KeyOwner = request.key_owner
        if owner.elsewhere:
            return HTTPFound(f"{owner.elsewhere}{request.path}")
        if not owner.may_manage:
            return HTTPFound(request.route_path(owner.route("elevate"), _query={"next": request.path}))
        return view(request)

    return guarded


def for_adding(view: View) -> View:
    """Views that add a key; where none was used, the password must have been given just now (V7.5.1)."""

    @wraps(view)
    def guarded(request: Request) -> Any:
        way = None if request.key_owner.elevated else way_to_proof(request)
        return way or view(request)

    return for_managing(guarded)


def list_keys(request: Request) -> Any:
    """The account's keys; before they may be seen, what to do first."""
    owner: KeyOwner = request.key_owner
    if owner.elsewhere:
        return HTTPFound(f"{owner.elsewhere}{request.path}")
    found = held_keys(request.db, owner.account_id) if owner.may_manage else []
    return {
        "title": "Security keys",
        "keys": [shown(owner, key) for key in found],
        "may_manage": owner.may_manage,
    }


def shown(owner: KeyOwner, key: HeldKey) -> dict[str, Any]:
    """A key as the pages show it, its moments by the owner's clock."""
    moments = {"added": key.added, "first_used": key.first_used, "last_used": key.last_used}
    return {
        "id": key.id,
        "name": key.name,
        "kind": key.kind,
        "elsewhere": key.address if key.address not in (None, owner.rp_id) else None,
        "verifies_user": key.verifies_user,
        **{name: owner.local(moment) if moment else None for name, moment in moments.items()},
    }


def for_key(view: Callable[[Request, HeldKey], Any]) -> View:
    """Views of the key that the address names: there is nothing where it is not the owner's."""

    @wraps(view)
    def found(request: Request) -> Any:
        owner: KeyOwner = request.key_owner
        with request.app.session(owner.school_id, writes=False) as db:
            key = held_key(db, owner.account_id, as_id(request.matchdict["key"]))
        if key is None:
            raise NothingThere
        return for_managing(lambda asked: view(asked, key))(request)

    return found


@for_key
def rename_key(request: Request, key: HeldKey) -> Any:
    """Gives a key another name."""
    owner: KeyOwner = request.key_owner
    form = NameForm(request.POST, data={"name": key.name})
    if request.method == "POST" and form.validate():
        services.rename_key(request.db, owner, key.id, (form.name.data or "").strip())
        return _back(request, "key-renamed")
    return {
        "title": "Name of the key",
        "form": form,
        "key": shown(owner, key),
        "action": request.path,
        "back": request.route_path(owner.route("keys")),
    }


@for_key
def remove_key(request: Request, key: HeldKey) -> Any:
    """Removes a key, after saying what that means."""
    owner: KeyOwner = request.key_owner
    if request.method == "POST":
        services.remove_key(request.db, owner, key.id)
        return _back(request, "key-removed")
    return {
        "title": "Remove this key?",
        "key": shown(owner, key),
        "last": len(held_keys(request.db, owner.account_id)) == 1,
        "needs_key": owner.needs_key,
        "action": request.path,
        "back": request.route_path(owner.route("keys")),
    }


def _back(request: Request, said: str) -> Response:
    owner: KeyOwner = request.key_owner
    return HTTPFound(request.route_path(owner.route("keys"), _query={"said": said}))
