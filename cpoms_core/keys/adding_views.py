"""Adding a key: an authenticator by its QR code, or a security key that is touched."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request

from cpoms_core.authenticator.pictures import enrolment_address, picture
from cpoms_core.errors import Refused
from cpoms_core.keys import services, soft_keys
from cpoms_core.keys.forms import NO_ANSWER, NewSecurityKeyForm, NewSoftKeyForm
from cpoms_core.keys.owner import KeyOwner
from cpoms_core.keys.soft_keys import NewKey
from cpoms_core.keys.using import OLD_CODE
from cpoms_core.keys.views import for_adding
from cpoms_core.web.forms import as_id


@for_adding
def add_authenticator(request: Request) -> Any:
    """Shows a new secret as a QR code and as text; it is saved once a current code proved it.

    The secret travels in the form, sealed for this account, so that nothing is stored before that.
    """
    owner: KeyOwner = request.key_owner
    form = NewSoftKeyForm(request.POST)
    new = None
    if request.method == "POST":
        new = NewKey.open(request.app.key, owner.account_id, request.POST.get("sealed", ""))
        if form.validate() and _add(request, form, new):
            return _added(request, owner)
    new = new or NewKey.make()
    address = soft_keys.provisioning_address(new.secret, email=owner.email, school_name=owner.label)
    app_link = enrolment_address(request.app, owner, new, owner.now())
    groups = [new.secret[at : at + 4] for at in range(0, len(new.secret), 4)]
    return {
        "title": "Add a new device",
        "form": form,
        "qr": soft_keys.qr_code(address),
        "app_link": app_link,
        "app_qr": picture(app_link),
        "secret": " ".join(groups),
        "sealed": new.seal(request.app.key, owner.account_id),
        "action": request.path,
        "back": request.route_path(owner.route("keys")),
    }


def _add(request: Request, form: NewSoftKeyForm, new: NewKey | None) -> bool:
    """Saves the key if its code is right; otherwise says in the form why not."""
    if new is None:
        form.form_errors.append("The page could not be used any more. Scan the new picture below.")
        return False
    owner: KeyOwner = request.key_owner
    step = soft_keys.step_of(new.secret, form.code.data or "", owner.now())
    if step is None:
        form.code.errors = [*form.code.errors, OLD_CODE]
        return False
    services.add_authenticator(request.db, owner, (form.name.data or "").strip(), new, step)
    return True


@for_adding
def add_security_key(request: Request) -> Any:
    """A name, then the key itself: the page's script asks it and sends what it answered."""
    owner: KeyOwner = request.key_owner
    form = NewSecurityKeyForm(request.POST)
    if request.method == "POST" and form.validate():
        name, question = (form.name.data or "").strip(), as_id(form.question.data)
        try:
            if not form.answer.data:
                raise Refused(NO_ANSWER)
            services.add_security_key(request.db, owner, name, question, form.answer.data or "")
        except Refused as refusal:
            form.form_errors.append(refusal.message)
        else:
            return _added(request, owner)
    return {
        "title": "Add a security key",
        "form": form,
        "action": request.path,
        "ask": request.route_path(owner.route("key-register-question")),
        "back": request.route_path(owner.route("keys")),
    }


@for_adding
def ask_new_key(request: Request) -> dict[str, Any]:
    """What the script gives to `navigator.credentials.create`."""
    return {"ok": True, **services.ask_new_key(request.db, request.key_owner)}


def _added(request: Request, owner: KeyOwner) -> HTTPFound:
    return HTTPFound(request.route_path(owner.route("keys"), _query={"said": "key-added"}))
