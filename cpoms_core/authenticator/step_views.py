"""The key step of a log-in: the page asks the user's phone, waits, and goes on (ACC-10). Where scripts run,
`static/js/authenticator/step.js` does it; without them buttons do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access import throttle
from cpoms_core.access.login import wait_message
from cpoms_core.access.models import LoginApproval
from cpoms_core.access.viewer import utc_now
from cpoms_core.access.views import local_path, visitor
from cpoms_core.authenticator.approvals import ask_phone, use_approval
from cpoms_core.authenticator.devices import has_device
from cpoms_core.authenticator.queries import Answer, answer_of, newest_of_session
from cpoms_core.errors import NothingThere
from cpoms_core.keys.owner import KeyOwner, place_of
from cpoms_core.web.request import asked_by_script

WORDS = {
    "denied": (
        "The log-in was denied on your phone, so your access stays restricted. If that was not you, somebody "
        "knows your password: set another one now, and tell your school’s administrator. For 15 minutes your "
        "phone is not asked again; a code works."
    ),
    "expired": "Nobody answered in time. Ask your phone again, or type a code.",
    "used": "",
    "approved": "Your phone approved the log-in.",
    "waiting": "",
}
"""What the page says, by how the question to the phone stands."""

NO_PHONE = "You have no phone that approves log-ins. Type a code instead."


@dataclass(frozen=True, slots=True)
class Step:
    """What `templates/keys/_approval.pt` shows. standing: none, or how the question that this session asked
    last stands; number: the two digits while it waits; start, state, finish: addresses."""

    standing: str
    number: str
    seconds: int
    message: str
    start: str
    state: str
    finish: str
    target: str


def approval_step(request: Request) -> Step | None:
    """The part of the key step about the phone; None where the user has no phone that approves."""
    owner: KeyOwner | None = request.key_owner
    if owner is None or owner.elevated or owner.elsewhere:
        return None
    with request.app.session(owner.school_id, writes=False) as db:
        if not has_device(db, owner.account_id):
            return None
        newest = newest_of_session(db, owner.account_id, owner.session_hash)
    facts = _facts(newest)
    paths = {
        part: request.route_path(owner.route(f"approval-{part}")) for part in ("start", "state", "finish")
    }
    return Step(**facts, **paths, target=local_path(request.params.get("next", "/")))


def _facts(newest: LoginApproval | None) -> dict[str, Any]:
    now = utc_now()
    standing: Answer | str = answer_of(newest, now) if newest else "none"
    waits = newest is not None and standing == "waiting"
    return {
        "standing": standing,
        "number": newest.number if newest is not None and waits else "",
        "seconds": max(1, int((newest.expires_at - now).total_seconds())) if newest and waits else 0,
        "message": WORDS.get(standing, ""),
    }


def _back(request: Request, owner: KeyOwner, said: str = "") -> Response:
    """To the page of the key step, which says how the question stands."""
    query = {"next": local_path(request.params.get("next", "/"))} | ({"said": said} if said else {})
    return HTTPFound(request.route_path(owner.route("elevate"), _query=query))


def start(request: Request) -> Any:
    """Asks the phone."""
    owner: KeyOwner = request.key_owner
    if owner.elevated:
        return {"standing": "used", "message": ""} if asked_by_script(request) else _back(request, owner)
    who = visitor(request)
    try:
        question = ask_phone(request.app, owner, ip=who.ip, browser=who.browser, now=utc_now())
    except throttle.Wait as refusal:
        facts = {"standing": "wait", "message": _asked_too_often(refusal)}
    except NothingThere:
        facts = {"standing": "none", "message": NO_PHONE}
    else:
        facts = _facts(question)
    if asked_by_script(request):
        return facts
    return _back(request, owner, "" if facts["standing"] in ("waiting", "approved") else "phone-not-asked")


def _asked_too_often(refusal: throttle.Wait) -> str:
    wait = wait_message(refusal.wait).partition(". ")[2]
    return (
        f"Your phone was asked too often, or a log-in was denied on it. You can type a code instead. {wait}"
    )


def state(request: Request) -> dict[str, Any]:
    """How the question stands, asked each second by the page. It does not keep the session alive."""
    request.afterwards.touch = False
    owner: KeyOwner = request.key_owner
    newest = newest_of_session(request.db, owner.account_id, owner.session_hash)
    return _facts(newest)


def finish(request: Request) -> Any:
    """Goes on with the elevated session, under a new token, if the phone approved; else back to the step."""
    owner: KeyOwner = request.key_owner
    key_id = None if owner.elevated else use_approval(request.db, owner, utc_now())
    if key_id is None:
        return _back(request, owner)
    return place_of(request).go_on(request, key_id, local_path(request.params.get("next", "/")))
