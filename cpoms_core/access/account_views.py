"""Account settings: the user's own keys (ACC-05, ACC-08)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import tink
from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request

from cpoms_core.access import softkeys
from cpoms_core.access.forms import NewKeyForm
from cpoms_core.access.login import OLD_CODE
from cpoms_core.access.models import Account
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit import services as audit


def account(request: Request) -> dict[str, Any]:
    """The account's settings; keys show in an elevated session, or where there is none yet (ACC-08)."""
    viewer, account_id = request.viewer, request.asking.login.account_id
    may_manage = viewer.elevated or not viewer.has_key
    keys = softkeys.keys_of(request.db, account_id) if may_manage else []
    owner = request.db.get_one(Account, account_id)
    return {"title": "Account settings", "email": owner.email, "keys": keys, "may_manage": may_manage}


def add_key(request: Request) -> Any:
    """Shows a new secret as a QR code and as text; it is saved once a current code proved it.

    The secret travels in the form, sealed for this account, so that nothing is stored before that.
    """
    viewer, account_id = request.viewer, request.asking.login.account_id
    if viewer.has_key and not viewer.elevated:
        return HTTPFound(request.route_path("elevate", _query={"next": request.path}))
    context = f"new {softkeys.seal_context(account_id)}"
    form = NewKeyForm(request.POST)
    secret = _opened(request, request.POST.get("sealed", ""), context) if request.method == "POST" else ""
    if secret and form.validate():
        now = utc_now()
        step = softkeys.step_of(secret, form.code.data or "", now)
        if step is None:
            form.code.errors = [*form.code.errors, OLD_CODE]
        else:
            key = softkeys.add_key(request.db, account_id, form.name.data or "", secret, step, now)
            audit.record(request.db, viewer, "key.added", [viewer.acting_user, key.id], kind="soft key")
            return HTTPFound(request.route_path("account", _query={"said": "key-added"}))
    secret = secret or softkeys.new_secret()
    owner = _email(request, account_id)
    address = softkeys.provisioning_address(secret, email=owner, school_name=viewer.school.name)
    sealed = base64.b64encode(request.app.key.seal(secret.encode(), context)).decode()
    return {
        "title": "Add a new device", "form": form, "qr": softkeys.qr_code(address), "secret": secret,
        "sealed": sealed,
    }


def _opened(request: Request, sealed: str, context: str) -> str:
    try:
        return str(request.app.key.open(base64.b64decode(sealed, validate=True), context).decode())
    except (tink.TinkError, binascii.Error, ValueError):
        return ""


def _email(request: Request, account_id: Any) -> str:
    with request.app.session(request.school_id, writes=False) as db:
        return str(db.get_one(Account, account_id).email)
