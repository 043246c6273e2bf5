"""What a phone sends, as JSON: read strictly, because anybody may send anything."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from typing import Any

from pyramid.httpexceptions import HTTPBadRequest, HTTPRequestEntityTooLarge
from pyramid.request import Request

from cpoms_core.authenticator.services import Answer, Signed
from cpoms_core.web.inputs import json_object

LONGEST_BODY = 4096  # bytes
_SEALED = re.compile(r"[A-Za-z0-9_-]{20,400}")
_BYTES = re.compile(r"[A-Za-z0-9_-]{4,400}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"[0-9]{2}")


def read_message(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Only `application/json` is read: no form of another site's page can
    send that without asking first. Raises HTTPBadRequest, HTTPRequestEntityTooLarge."""
    if request.content_type != "application/json":
        raise HTTPBadRequest
    if request.content_length is None or request.content_length > LONGEST_BODY:
        raise HTTPRequestEntityTooLarge
    return json_object(request)


def signed_of(message: dict[str, Any]) -> Signed:
    """Who signed, with which nonce. Raises HTTPBadRequest."""
    return Signed(id_in(message, "device"), _text(message, "nonce", _SEALED), bytes_in(message, "signature"))


def answer_in(message: dict[str, Any]) -> Answer:
    """What was answered. Raises HTTPBadRequest."""
    decision, number = message.get("decision"), message.get("number")
    if decision == "deny" and number == "":
        return Answer(id_in(message, "approval"), "deny", "")
    if decision == "approve":
        return Answer(id_in(message, "approval"), "approve", _text(message, "number", _NUMBER))
    raise HTTPBadRequest


def token_in(message: dict[str, Any]) -> str:
    """The token of a QR code. Raises HTTPBadRequest."""
    return _text(message, "token", _SEALED)


def id_in(message: dict[str, Any], name: str) -> uuid.UUID:
    """An id, written as we write it. Raises HTTPBadRequest."""
    return uuid.UUID(_text(message, name, _ID))


def bytes_in(message: dict[str, Any], name: str) -> bytes:
    """Bytes in base 64 for addresses, without padding. Raises HTTPBadRequest."""
    text = _text(message, name, _BYTES)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise HTTPBadRequest from error


def _text(message: dict[str, Any], name: str, form: re.Pattern[str]) -> str:
    found = message.get(name)
    if not isinstance(found, str) or form.fullmatch(found) is None:
        raise HTTPBadRequest
    return found
