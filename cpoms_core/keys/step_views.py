"""The step with the key, after the password or later (ACC-07)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request

from cpoms_core.access.login import LoginRefused
from cpoms_core.access.views import here, local_path
from cpoms_core.errors import Refused
from cpoms_core.keys import using
from cpoms_core.keys.forms import CodeForm
from cpoms_core.keys.owner import KeyOwner, place_of
from cpoms_core.keys.queries import held_keys
from cpoms_core.web.forms import as_id


def elevate(request: Request) -> Any:
    """Any key of the account makes the session an elevated one, under a new token. A form with `answer` comes
    from a security key, any other has a code."""
    owner: KeyOwner = request.key_owner
    target = local_path(request.params.get("next", "/"))
    if owner.elevated or not owner.has_key:
        return HTTPFound(target)
    if owner.elsewhere:
        # there and back again, with a session that has the key's access (ACC-03)
        return HTTPFound(request.route_path("sso", _query={"elevate": "yes", "next": target}))
    form = CodeForm(request.POST)
    if request.method == "POST" and ("answer" in request.POST or form.validate()):
        try:
            key_id = _use(request, owner)
        except LoginRefused as refusal:
            _tell(form, str(refusal), by_code="answer" not in request.POST)
        else:
            return place_of(request).go_on(request, key_id, target)
    with request.app.session(owner.school_id, writes=False) as db:
        held = held_keys(db, owner.account_id)
    return {
        "title": "Use your key",
        "form": form,
        "codes": any(key.kind == "authenticator" for key in held),
        "touches": any(key.address == owner.rp_id for key in held),
        "addresses": sorted({key.address for key in held if key.address not in (None, owner.rp_id)}),
        "needs_key": owner.needs_key,
        "ask": request.route_path(owner.route("elevate-question")),
        "next": target,
        "action": here(request, target),
    }


def _use(request: Request, owner: KeyOwner) -> Any:
    if "answer" not in request.POST:
        return using.use_code(request.app, owner, request.POST.get("code", ""), owner.now())
    question, answer = as_id(request.POST.get("question")), request.POST["answer"]
    if not answer:
        raise LoginRefused(using.NOT_ASKED)
    return using.use_security_key(request.app, owner, question, answer, owner.now())


def _tell(form: CodeForm, message: str, *, by_code: bool) -> None:
    if by_code:
        form.code.errors = [*form.code.errors, message]
    else:
        form.form_errors.append(message)


def ask_key(request: Request) -> dict[str, Any]:
    """What the script gives to `navigator.credentials.get`, or why no key could answer."""
    owner: KeyOwner = request.key_owner
    try:
        return {"ok": True, **using.ask_key(request.db, owner, owner.now())}
    except Refused as refusal:
        return {"ok": False, "message": refusal.message}
