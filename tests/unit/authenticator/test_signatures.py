"""ACC-10: what a phone signs and sends back, without a server."""

from __future__ import annotations

import base64
import datetime as dt
import urllib.parse
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from cpoms_core.access.viewer import utc_now
from cpoms_core.authenticator.sealed import (
    ANSWER_WITHIN,
    Enrolment,
    NotOurs,
    enrolment_link,
    new_nonce,
    nonce_moment,
)
from cpoms_core.authenticator.signatures import BadKey, is_signed, read_public_key, signed_text
from cpoms_core.sealing import DeploymentKey
from cpoms_core.testing.phones import Phone

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> DeploymentKey:
    return DeploymentKey.from_file(tmp_path_factory.mktemp("key") / "deployment.json")


def _der(public: object) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]


def test_only_the_holder_of_the_private_key_signs() -> None:
    """ACC-10: another key, another purpose, another text and a flipped bit are refused."""
    phone, other = Phone(), Phone()
    text, signature = signed_text("decide", "a", "b"), phone.signature("decide", "a", "b")
    assert is_signed(phone.public_key, signature, text)
    assert not is_signed(other.public_key, signature, text)
    assert not is_signed(phone.public_key, signature, signed_text("pending", "a", "b"))
    assert not is_signed(phone.public_key, signature, signed_text("decide", "a", "c"))
    assert not is_signed(phone.public_key, bytes([signature[0] ^ 1]) + signature[1:], text)


def test_a_published_signature_of_the_form_that_browsers_make_is_read() -> None:
    """ACC-10: RFC 6979, A.2.5 (P-256, SHA-256): r and s one after the other."""
    x = 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
    y = 0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    public = _der(ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key())
    assert is_signed(public, r.to_bytes(32, "big") + s.to_bytes(32, "big"), b"sample")


@given(st.binary(max_size=200))
def test_no_bytes_are_a_signature_by_chance(signature: bytes) -> None:
    """ACC-10: whatever comes is False, never an error."""
    assert not is_signed(PHONE.public_key, signature, b"text")


PHONE = Phone()


@pytest.mark.parametrize("edge", [b"\0" * 64, b"\xff" * 64, b"\0" * 63, b"\0" * 65, b""])
def test_edges_of_a_signature_are_refused(edge: bytes) -> None:
    """ACC-10: r and s of nothing, beyond the curve, and of another length."""
    assert not is_signed(PHONE.public_key, edge, b"text")


def test_only_points_on_p256_are_keys() -> None:
    """ACC-10: keys of other kinds and curves, and half a key."""
    others = [
        _der(ec.generate_private_key(ec.SECP384R1()).public_key()),
        _der(ec.generate_private_key(ec.SECP256K1()).public_key()),
        _der(ed25519.Ed25519PrivateKey.generate().public_key()),
        _der(rsa.generate_private_key(65537, 2048).public_key()),
        PHONE.public_key[:-1],
        b"",
    ]
    assert read_public_key(PHONE.public_key) == PHONE.public_key
    for other in others:
        with pytest.raises(BadKey):
            read_public_key(other)


@given(st.binary(max_size=200))
def test_no_bytes_are_a_key_by_chance(der: bytes) -> None:
    with pytest.raises(BadKey):
        read_public_key(der)


def test_a_line_break_cannot_move_a_part() -> None:
    """ACC-10: parts stand on lines of their own; one with a line break could pass for two."""
    with pytest.raises(ValueError, match="line break"):
        signed_text("decide", "a\nb")


def test_enrolment_comes_back_as_it_went(key: DeploymentKey) -> None:
    """ACC-10: for ten minutes; a key of another deployment does not open it."""
    made = Enrolment(uuid.uuid4(), uuid.uuid4(), NOW + dt.timedelta(minutes=10))
    token = made.seal(key)
    assert Enrolment.open(key, token, NOW) == made
    with pytest.raises(NotOurs):
        Enrolment.open(key, token, made.until)


def test_a_token_that_was_altered_is_not_ours(key: DeploymentKey) -> None:
    """ACC-10: any character of it, a piece of it, and a nonce in its place."""
    token = Enrolment(uuid.uuid4(), uuid.uuid4(), NOW + dt.timedelta(minutes=10)).seal(key)
    raw = base64.urlsafe_b64decode(token + "==")
    for at in range(len(raw)):
        altered = base64.urlsafe_b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode()
        with pytest.raises(NotOurs):
            Enrolment.open(key, altered.rstrip("="), NOW)
    for other in ("", "x", token[:-4], token + "AAAA", "ÄÖÜ", "\0", new_nonce(key, NOW)):
        with pytest.raises(NotOurs):
            Enrolment.open(key, other, NOW)
    with pytest.raises(NotOurs):
        nonce_moment(key, token, NOW)


def test_a_nonce_is_good_for_two_minutes(key: DeploymentKey) -> None:
    """ACC-10: not longer, and not before it was made."""
    nonce = new_nonce(key, NOW)
    assert nonce_moment(key, nonce, NOW) == NOW
    assert nonce_moment(key, nonce, NOW + ANSWER_WITHIN - dt.timedelta(seconds=1)) == NOW
    for moment in (NOW + ANSWER_WITHIN, NOW - dt.timedelta(minutes=1)):
        with pytest.raises(NotOurs):
            nonce_moment(key, nonce, moment)


@given(st.integers(0, 10**16).map(lambda micros: EPOCH + dt.timedelta(microseconds=micros)))
def test_a_nonce_keeps_its_microsecond(moment: dt.datetime) -> None:
    """ACC-10: nonces are told apart, and ordered, by their moment."""
    key = DeploymentKey.from_file(_KEY)
    assert nonce_moment(key, new_nonce(key, moment), moment) == moment


@pytest.fixture(autouse=True, scope="module")
def _key_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _KEY  # noqa: PLW0603 - hypothesis and fixtures of one test do not go together
    _KEY = tmp_path_factory.mktemp("nonce") / "deployment.json"


_KEY = Path()


@given(st.text(min_size=1, max_size=100), st.emails())
def test_the_secret_is_in_the_fragment_only(school: str, email: str) -> None:
    """ACC-10: the part of an address that browsers send to nobody; names of any characters come through."""
    key = DeploymentKey.from_file(_KEY)
    enrolment = Enrolment(uuid.uuid4(), uuid.uuid4(), utc_now() + dt.timedelta(minutes=10))
    link = enrolment_link(
        key, "https://accounts.x/authenticator", enrolment, secret="A" * 32, school_name=school, email=email
    )
    assert link.isascii() and " " not in link
    address, _, fragment = link.partition("#")
    assert address == "https://accounts.x/authenticator"
    parts = urllib.parse.parse_qs(fragment, strict_parsing=True)
    assert parts["s"] == ["A" * 32] and parts["n"] == [school] and parts["e"] == [email]
    assert Enrolment.open(key, parts["t"][0], utc_now()).key_id == enrolment.key_id
