"""What travels through a phone and comes back: texts that only this deployment can make and read."""

from __future__ import annotations

import base64
import datetime as dt
import struct
import urllib.parse
import uuid
from dataclasses import dataclass

import tink

from cpoms_core.sealing import DeploymentKey

SCAN_WITHIN = dt.timedelta(minutes=10)
ANSWER_WITHIN = dt.timedelta(minutes=2)
CLOCKS_DIFFER = dt.timedelta(seconds=5)  # between two machines that serve one deployment
_ENROLMENT = "enrolment of an authenticator"
_NONCE = "nonce of an authenticator"
_MICROSECOND = dt.timedelta(microseconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class NotOurs(ValueError):
    """A text that this deployment did not make, or that is too old."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a QR code lets a phone do: become the approving half of one soft key of one account."""

    key_id: uuid.UUID
    account_id: uuid.UUID
    until: dt.datetime

    def seal(self, key: DeploymentKey) -> str:
        """The enrolment as the token that the QR code carries."""
        return _seal(key, _ENROLMENT, self.key_id.bytes + self.account_id.bytes + _packed(self.until))

    @classmethod
    def open(cls, key: DeploymentKey, token: str, now: dt.datetime) -> Enrolment:
        """Raises NotOurs for a token that was altered, is no enrolment, or ran out."""
        opened = _open(key, _ENROLMENT, token, 40)
        found = cls(uuid.UUID(bytes=opened[:16]), uuid.UUID(bytes=opened[16:32]), _unpacked(opened[32:]))
        if found.until <= now:
            raise NotOurs
        return found


def enrolment_link(
    key: DeploymentKey,
    app_address: str,
    enrolment: Enrolment,
    *,
    secret: str,
    school_name: str,
    email: str,
) -> str:
    """The address in the QR code. All of it but the app's own address is in the fragment, which browsers
    send to no server: not even ours sees the secret on its way.

    secret: the soft key's, in base 32. school_name, email: what the app lists the account under.
    """
    parts = {"t": enrolment.seal(key), "s": secret, "n": school_name, "e": email}
    return f"{app_address}#{urllib.parse.urlencode(parts, quote_via=urllib.parse.quote)}"


def new_nonce(key: DeploymentKey, now: dt.datetime) -> str:
    """A text that shows, signed by a device, that the device signed after this moment."""
    return _seal(key, _NONCE, _packed(now))


def nonce_moment(key: DeploymentKey, nonce: str, now: dt.datetime) -> dt.datetime:
    """When a nonce was made. Raises NotOurs where it is none of ours, or older than two minutes."""
    made = _unpacked(_open(key, _NONCE, nonce, 8))
    if not now - ANSWER_WITHIN < made <= now + CLOCKS_DIFFER:
        raise NotOurs
    return made


def _packed(moment: dt.datetime) -> bytes:
    return struct.pack(">q", (moment - _EPOCH) // _MICROSECOND)


def _unpacked(packed: bytes) -> dt.datetime:
    return _EPOCH + struct.unpack(">q", packed)[0] * _MICROSECOND


def _seal(key: DeploymentKey, context: str, content: bytes) -> str:
    return base64.urlsafe_b64encode(key.seal(content, context)).decode().rstrip("=")


def _open(key: DeploymentKey, context: str, text: str, length: int) -> bytes:
    try:
        opened = key.open(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), context)
    except (tink.TinkError, ValueError) as error:
        raise NotOurs from error
    if len(opened) != length:
        raise NotOurs
    return opened
