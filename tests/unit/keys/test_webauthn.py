"""What a security key answers, judged without a database (ACC-06): whatever comes, it holds or is refused."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
import uuid
from zoneinfo import ZoneInfo

import pytest
from fido2.webauthn import AttestedCredentialData
from hypothesis import given, settings
from hypothesis import strategies as st
from software_key import SoftwareKey, b64, unb64

from cpoms_core.errors import Refused
from cpoms_core.keys import webauthn
from cpoms_core.keys.owner import KeyOwner

ORIGIN = "https://ashdown.schools.example"
OWNER = KeyOwner(
    account_id=uuid.uuid4(),
    email="lena@ashdown.example",
    label="Ashdown Academy",
    rp_id="ashdown.schools.example",
    origin=ORIGIN,
    session_hash=b"",
    elevated=True,
    has_key=True,
    user_id=None,
    school_id=None,
    zone=ZoneInfo("Europe/London"),
    record=None,  # type: ignore[arg-type]
    prefix="account",
    proved_at=dt.datetime(2026, 9, 1, tzinfo=dt.UTC),
)
CHALLENGE = secrets.token_bytes(32)
KEY = SoftwareKey(ORIGIN, verifies_user=True)
NEW = json.loads(KEY.register(webauthn.question_to_register(OWNER, CHALLENGE, [])))
HELD = bytes(
    webauthn.check_registration(OWNER, CHALLENGE, webauthn.read_registration(json.dumps(NEW))).credential
)
USED = json.loads(KEY.use(webauthn.question_to_use(OWNER, CHALLENGE, [HELD])))


def add(answer: str) -> webauthn.Answered:
    return webauthn.check_registration(OWNER, CHALLENGE, webauthn.read_registration(answer))


def use(answer: str) -> webauthn.Answered:
    return webauthn.check_use(OWNER, CHALLENGE, HELD, webauthn.read_use(answer))


def test_what_holds() -> None:
    """ACC-06: the counter, the credential and whether the key knew its user."""
    added, used = add(json.dumps(NEW)), use(json.dumps(USED))
    assert added.credential.credential_id == KEY.credential_id == used.credential.credential_id
    assert (added.counter, used.counter) == (2, 3)
    assert added.verified_user and used.verified_user


@settings(deadline=None)
@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text(answer: str) -> None:
    """ACC-06: random input is refused and never an error of ours."""
    for judge in (add, use):
        with pytest.raises(Refused):
            judge(answer)


PARTS = ("rawId", "clientDataJSON", "attestationObject", "authenticatorData", "signature")


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(PARTS), st.binary(max_size=300) | st.integers()))
def test_any_bytes_in_place_of_a_part(parts: dict[str, bytes | int]) -> None:
    """ACC-06: random client data, attestation, authenticator data or signature is refused."""
    for right, judge in ((NEW, add), (USED, use)):
        names = set(parts) & {"rawId", *right["response"]}
        if not names:
            continue
        answer = {"rawId": right["rawId"], "response": dict(right["response"])}
        for name in names:
            value = b64(parts[name]) if isinstance(parts[name], bytes) else parts[name]
            where = answer if name == "rawId" else answer["response"]
            where[name] = value
        with pytest.raises(Refused):
            judge(json.dumps(answer))


@settings(deadline=None)
@given(st.data())
def test_any_byte_changed(data: st.DataObject) -> None:
    """ACC-06: no byte of a log-in's answer can be another one. (Of a new key's attestation nothing is
    proved, so there only errors of ours count.)"""
    right, judge, all_proved = data.draw(st.sampled_from([(NEW, add, False), (USED, use, True)]))
    name = data.draw(st.sampled_from(sorted(right["response"])))
    raw = bytearray(unb64(right["response"][name]))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    answer = json.dumps({"rawId": right["rawId"], "response": {**right["response"], name: b64(bytes(raw))}})
    try:
        judge(answer)
    except Refused:
        return
    assert not all_proved


def test_number_is_no_order_for_so_many_bytes() -> None:
    """ACC-06: of a number the library would make that many bytes."""
    begun = time.perf_counter()
    with pytest.raises(Refused):
        add(json.dumps({"rawId": 50_000_000_000, "response": NEW["response"]}))
    assert time.perf_counter() - begun < 60


def test_origin_is_compared_whole() -> None:
    """ACC-06: scheme, name and port are those of the configuration; a name that ends alike is another."""
    for origin in (
        "http://ashdown.schools.example",
        "https://ashdown.schools.example:444",
        "https://evil.ashdown.schools.example",
        "https://schools.example",
        "https://ashdown.schools.example.evil.example",
        "https://ashdown.schools.example/",
    ):
        for right, kind in ((NEW, "create"), (USED, "get")):
            client = {"type": f"webauthn.{kind}", "challenge": b64(CHALLENGE), "origin": origin}
            parts = {**right["response"], "clientDataJSON": b64(json.dumps(client).encode())}
            with pytest.raises(Refused, match="at another address than"):
                (add if kind == "create" else use)(json.dumps({"rawId": right["rawId"], "response": parts}))


def test_credential_is_read_again_as_it_was_kept() -> None:
    """ACC-06: what the database holds is the attested credential data, byte for byte."""
    assert AttestedCredentialData(HELD).credential_id == KEY.credential_id
