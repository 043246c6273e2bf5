"""What a phone asks of the server (ACC-10), in JSON. No cookie is read: the phone signs what it asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access.browsers import browser_in_words
from cpoms_core.access.places import place_of
from cpoms_core.access.viewer import utc_now
from cpoms_core.authenticator import enrolment, services
from cpoms_core.authenticator.messages import answer_in, bytes_in, read_message, signed_of, token_in
from cpoms_core.authenticator.queries import pending_of
from cpoms_core.authenticator.sealed import new_nonce
from cpoms_core.errors import NothingThere, Refused

Ask = Callable[[Request], Any]


def _answer(status: int, why: str, message: str = "") -> Response:
    """A refusal: `why` for the app, `message` for the person where it says more."""
    return Response(json_body={"ok": False, "why": why, "message": message}, status=status)


def _refusals_as_json(view: Ask) -> Ask:
    """What the services refuse, as the app understands it."""

    @wraps(view)
    def answering(request: Request) -> Any:
        try:
            return view(request)
        except services.OldNonce:
            return _answer(409, "nonce")
        except services.DeviceGone:
            return _answer(410, "removed")
        except services.NotSigned:
            return _answer(403, "signature")
        except NothingThere:
            return _answer(404, "nothing")
        except Refused as refusal:
            return _answer(422, "refused", refusal.message)

    return answering


def nonce(request: Request) -> dict[str, Any]:
    """Something to sign, and the server's time, by which the app sees whether the phone's clock is right."""
    now = utc_now()
    return {"nonce": new_nonce(request.app.key, now), "now": now.timestamp()}


@_refusals_as_json
def enrol(request: Request) -> Any:
    """A phone scanned the picture of a new key: its public key, and a signature that shows the private."""
    message = read_message(request)
    device = enrolment.enrol(
        request.app,
        token_in(message),
        bytes_in(message, "public_key"),
        bytes_in(message, "signature"),
        utc_now(),
    )
    return {"ok": True, "device": str(device.id)}


@_refusals_as_json
def pending(request: Request) -> Any:
    """The log-ins of the device's account that wait for an answer. `counts`: whether the key is saved."""
    signed, now = signed_of(read_message(request)), utc_now()
    with request.app.session(None, writes=False) as db:
        device, _moment = services.device_that_signed(db, request.app, signed, "pending", now=now)
        counts = device.standing == "counts"
        found = pending_of(db, device.account_id, now) if counts else []
    return {
        "ok": True,
        "counts": counts,
        "log_ins": [
            {
                "id": str(one.id),
                "at": one.created_at.timestamp(),
                "seconds_left": max(0, int((one.expires_at - now).total_seconds())),
                "where": one.place,
                "browser": browser_in_words(one.browser),
                "ip": one.ip,
                "place": place_of(one.ip),
            }
            for one in found
        ],
    }


@_refusals_as_json
def decide(request: Request) -> Any:
    """Approve or Deny."""
    message = read_message(request)
    outcome = services.decide(request.app, signed_of(message), answer_in(message), utc_now())
    return {"ok": True, "outcome": outcome}
