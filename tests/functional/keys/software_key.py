"""A security key in software, for tests: it makes P-256 credentials and answers WebAuthn questions as a
browser with a key would, rightly or, where a test says so, with one thing wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftwareKey:
    """One key with one credential, at a browser whose page is at `origin`. counter: of its next answer;
    a key that counts nothing stays at 0."""

    origin: str
    counter: int = 1
    counts: bool = True
    verifies_user: bool = False
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def register(self, options: dict[str, Any], **wrong: Any) -> str:
        """What `navigator.credentials.create` gives, as our script sends it."""
        public = wrong.pop("public_key", None) or cbor.encode(
            dict(ES256.from_cryptography_key(self.private.public_key()))
        )
        length = struct.pack(">H", len(self.credential_id))
        data = self._data(
            options["rp"]["id"], bytes(16) + length + self.credential_id + public, flags=ATTESTED, wrong=wrong
        )
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"], wrong)
        return self._answer(wrong, clientDataJSON=client, attestationObject=attestation)

    def use(self, options: dict[str, Any], **wrong: Any) -> str:
        """What `navigator.credentials.get` gives, as our script sends it."""
        data = self._data(options["rpId"], b"", flags=0, wrong=wrong)
        client = self._client("webauthn.get", options["challenge"], wrong)
        signer = wrong.get("private", self.private)
        signature = signer.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            wrong,
            clientDataJSON=client,
            authenticatorData=data,
            signature=wrong.get("signature", signature),
        )

    def _data(self, rp_id: str, credential: bytes, *, flags: int, wrong: dict[str, Any]) -> bytes:
        if self.counts and "counter" not in wrong:
            self.counter += 1
        counter = wrong.get("counter", self.counter if self.counts else 0)
        flags |= wrong.get("flags", PRESENT | (VERIFIED if self.verifies_user else 0))
        asked = wrong.get("rp_id", rp_id)
        return hashlib.sha256(asked.encode()).digest() + struct.pack(">BI", flags, counter) + credential

    def _client(self, kind: str, challenge: str, wrong: dict[str, Any]) -> bytes:
        fields = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps({**fields, **wrong.get("client", {})}).encode()

    def _answer(self, wrong: dict[str, Any], **response: bytes) -> str:
        parts = {name: b64(value) for name, value in response.items()}
        return json.dumps({"rawId": b64(wrong.get("raw_id", self.credential_id)), "response": parts})
