"""Account settings: the user's own keys (ACC-05, ACC-08)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request

from cpoms_core.access import softkeys
from cpoms_core.access.forms import NewKeyForm
from cpoms_core.access.login import OLD_CODE
from cpoms_core.access.models import Account
from cpoms_core.access.softkeys import NewKey
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit import services as audit


def account(request: Request) -> dict[str, Any]:
    """The account's settings; keys show in an elevated session, or where there is none yet (ACC-08)."""
    viewer, account_id = request.viewer, request.asking.login.account_id
    may_manage = viewer.elevated or not viewer.has_key
    keys = softkeys.keys_of(request.db, account_id) if may_manage else []
    return {
        "title": "Account settings",
        "email": request.db.get_one(Account, account_id).email,
        "keys": [
            {"name": key.name, "added": viewer.local(key.created_at), "used": key.first_used_at is not None}
            for key in keys
        ],
        "may_manage": may_manage,
    }


def add_key(request: Request) -> Any:
    """Shows a new secret as a QR code and as text; it is saved once a current code proved it.

    The secret travels in the form, sealed for this account, so that nothing is stored before that.
    """
    viewer, account_id = request.viewer, request.asking.login.account_id
    if viewer.has_key and not viewer.elevated:
        return HTTPFound(request.route_path("elevate", _query={"next": request.path}))
    form = NewKeyForm(request.POST)
    new = None
    if request.method == "POST":
        new = NewKey.open(request.app.key, account_id, request.POST.get("sealed", ""))
        if form.validate() and _add(request, form, new):
            return HTTPFound(request.route_path("account", _query={"said": "key-added"}))
    new = new or NewKey.make()
    address = softkeys.provisioning_address(
        new.secret, email=_email(request, account_id), school_name=viewer.school.name
    )
    groups = [new.secret[at : at + 4] for at in range(0, len(new.secret), 4)]
    return {
        "title": "Add a new device",
        "form": form,
        "qr": softkeys.qr_code(address),
        "secret": " ".join(groups),
        "sealed": new.seal(request.app.key, account_id),
        "action": request.path,
    }


def _add(request: Request, form: NewKeyForm, new: NewKey | None) -> bool:
    """Saves the key if its code is right; otherwise says in the form why not."""
    if new is None:
        form.form_errors.append("The page could not be used any more. Scan the new picture below.")
        return False
    viewer, now = request.viewer, utc_now()
    step = softkeys.step_of(new.secret, form.code.data or "", now)
    if step is None:
        form.code.errors = [*form.code.errors, OLD_CODE]
        return False
    name = (form.name.data or "").strip()
    if softkeys.add_key(request.db, request.asking.login.account_id, name, new, step, now):
        audit.record(request.db, viewer, "key.added", [viewer.acting_user, new.id], kind="soft key")
    return True


def _email(request: Request, account_id: Any) -> str:
    with request.app.session(request.school_id, writes=False) as db:
        return str(db.get_one(Account, account_id).email)
