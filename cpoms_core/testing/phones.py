"""A phone with our authenticator, in software: what the app does in a browser, for tests (ACC-10)."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cpoms_core.access.models import ApprovingDevice, SoftKey
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.authenticator.sealed import SCAN_WITHIN, Enrolment, new_nonce
from cpoms_core.authenticator.services import Signed
from cpoms_core.authenticator.signatures import HALF, signed_text
from cpoms_core.testing.schools import SchoolForTests


def base64_text(content: bytes) -> str:
    """Bytes as the app sends them."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@dataclass
class Phone:
    """A key pair, and the soft key's id that it was enrolled for."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    device_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def signature(self, purpose: str, *parts: str) -> bytes:
        """A signature as WebCrypto makes it: r and s, one after the other."""
        der = self.key.sign(signed_text(purpose, *parts), ec.ECDSA(SHA256()))
        return b"".join(number.to_bytes(HALF, "big") for number in decode_dss_signature(der))

    def enrolment(self, token: str) -> dict[str, str]:
        """The message by which it becomes a device."""
        return {
            "token": token,
            "public_key": base64_text(self.public_key),
            "signature": base64_text(self.signature("enrol", token)),
        }

    def signed(self, nonce: str, purpose: str, *parts: str) -> Signed:
        """Who signs, with which nonce."""
        signature = self.signature(purpose, nonce, str(self.device_id), *parts)
        return Signed(self.device_id, nonce, signature)

    def question(self, nonce: str) -> dict[str, str]:
        """The message that asks what waits."""
        return _message(self.signed(nonce, "pending"))

    def answer(self, nonce: str, approval_id: Any, decision: str, number: str = "") -> dict[str, str]:
        """The message that approves or denies."""
        signed = self.signed(nonce, "decide", str(approval_id), decision, number)
        facts = {"approval": str(approval_id), "decision": decision, "number": number}
        return {**_message(signed), **facts}


def _message(signed: Signed) -> dict[str, str]:
    return {
        "device": str(signed.device_id),
        "nonce": signed.nonce,
        "signature": base64_text(signed.signature),
    }


def token_for(app: Application, key_id: uuid.UUID, account_id: uuid.UUID) -> str:
    """The token of a picture that was shown just now."""
    return Enrolment(key_id, account_id, utc_now() + SCAN_WITHIN).seal(app.key)


def phone_of(school: SchoolForTests, who: str) -> Phone:
    """A phone that approves for a user's soft key."""
    phone = Phone(device_id=school.keys[who])
    with school.app.transaction(school.id) as db:
        account_id = db.get_one(SoftKey, phone.device_id).account_id
        db.add(
            ApprovingDevice(
                id=phone.device_id,
                account_id=account_id,
                public_key=phone.public_key,
                created_at=utc_now(),
            )
        )
    return phone


class PhoneBrowser:
    """Sends a phone's messages to the accounts' own host, as the app does: as JSON, without a cookie."""

    def __init__(self, browser: Any, app: Application) -> None:
        self._browser, self._app = browser, app
        self._host = app.deployment.accounts_address.partition("://")[2]

    def get(self, path: str, **options: Any) -> Any:
        return self._browser.get(path, headers={"Host": self._host}, **options)

    def send(self, path: str, message: Any, **options: Any) -> Any:
        """Posts a message; answers of any status come back."""
        return self._browser.post(
            f"/authenticator/{path}",
            message if isinstance(message, bytes) else json.dumps(message),
            headers={"Host": self._host, **options.pop("headers", {})},
            content_type=options.pop("content_type", "application/json"),
            expect_errors=True,
        )

    def nonce(self) -> str:
        """A nonce from the server."""
        return str(self.get("/authenticator/nonce").json["nonce"])

    def own_nonce(self) -> str:
        """A nonce made here, for tests that send many at once."""
        return new_nonce(self._app.key, utc_now())
