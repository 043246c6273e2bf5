"""What a device signs, and whether it did: ECDSA on P-256 with SHA-256, as WebCrypto makes it."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

HALF = 32  # bytes of each of r and s (IEEE P1363, which is what WebCrypto gives)
FORMAT = "cpoms-authenticator-1"


class BadKey(ValueError):
    """No public key on P-256."""


def signed_text(purpose: str, *parts: str) -> bytes:
    """What is signed: each part on a line of its own, so that a signature for one purpose is none for
    another. No part has a line break: they are ids, numbers and base 64. static/js/authenticator/device.js
    says the same."""
    if any("\n" in part for part in (purpose, *parts)):
        raise ValueError("a part of a signed text has a line break")
    return "\n".join((FORMAT, purpose, *parts)).encode()


def read_public_key(der: bytes) -> bytes:
    """A public key (SubjectPublicKeyInfo) as it is stored. Raises BadKey unless it is a point on P-256."""
    try:
        key = load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadKey
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def is_signed(public_key: bytes, signature: bytes, text: bytes) -> bool:
    """Whether the holder of a stored key signed the text. `signature`: r and s, one after the other."""
    if len(signature) != 2 * HALF:
        return False
    key = load_der_public_key(public_key)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    r, s = int.from_bytes(signature[:HALF], "big"), int.from_bytes(signature[HALF:], "big")
    try:
        key.verify(encode_dss_signature(r, s), text, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
