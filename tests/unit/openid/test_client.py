"""What an OpenID provider says is believed only where it can be (ACC-14): one that lies, on a real socket."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from cpoms_core.openid import client
from cpoms_core.openid.client import Client, ProviderTrouble

NONCE = "a-nonce-that-we-made"
OURS = RSAKey.generate_key(2048, {"kid": "one"})
THEIRS = RSAKey.generate_key(2048, {"kid": "one"})


class Liar:
    """A provider whose every answer a test may choose."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                liar.asked.append((self.path, self.rfile.read(length).decode()))
                status, body = liar.answers.get(self.path, (404, b"{}"))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Location", "http://localhost:9/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _answer  # noqa: N815 - the names that the server calls

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("localhost", 0), Handler)
        self.issuer = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, path: str, answer: Any, status: int = 200) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.answers[path] = (status, body)

    def publishes(self, **changed: Any) -> None:
        facts = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        self.says(client.DISCOVERY, {**facts, **changed})

    def vouches(self, claims: dict[str, Any], *, key: Any = OURS, algorithm: str = "RS256") -> None:
        token = jwt.encode({"alg": algorithm, "kid": "one"}, claims, key, algorithms=[algorithm])
        self.hands_out(token)

    def hands_out(self, token: str) -> None:
        self.says("/token", {"access_token": "x", "token_type": "Bearer", "id_token": token})


@pytest.fixture()
def liar() -> Iterator[Liar]:
    found = Liar()
    found.publishes()
    found.says("/keys", {"keys": [OURS.as_dict(private=False)]})
    yield found
    found.server.shutdown()
    found.server.server_close()


def by_hand(claims: dict[str, Any], algorithm: str, secret: bytes) -> str:
    """A token as no library would make it."""

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    header = {"alg": algorithm, "kid": "one"}
    signed = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    signature = hmac.digest(secret, signed.encode(), "sha256") if secret else b""
    return f"{signed}.{part(signature)}"


def ours(liar: Liar) -> Client:
    return Client("Liar", liar.issuer, "us", "s3cret", "http://school.example/openid/back")


def good(liar: Liar, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": liar.issuer, "aud": "us", "sub": "somebody", "nonce": NONCE, "iat": now, "exp": now + 300,
        "email": "somebody@school.example", "email_verified": True,
    }  # fmt: skip
    return {key: value for key, value in {**claims, **changed}.items() if value is not None}


def ask(liar: Liar) -> dict[str, Any]:
    return client.claims_of(ours(liar), "code", nonce=NONCE, verifier="v" * 64)


def test_a_right_answer_is_believed(liar: Liar) -> None:
    """ACC-14: and the provider was given the verifier and the secret, once."""
    liar.vouches(good(liar))
    assert ask(liar)["sub"] == "somebody"
    sent = next(body for path, body in liar.asked if path == "/token")
    assert "code_verifier=" + "v" * 64 in sent


def test_several_audiences_need_the_authorised_party(liar: Liar) -> None:
    """OpenID Connect Core 3.1.3.7: with several audiences, the token must be made for us."""
    liar.vouches(good(liar, aud=["us", "them"], azp="us"))
    assert ask(liar)["azp"] == "us"
    for azp in ("them", None):
        liar.vouches(good(liar, aud=["us", "them"], azp=azp))
        with pytest.raises(ProviderTrouble):
            ask(liar)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "http://somebody.example"},
        {"aud": "them"},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 99999999999},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
def test_a_claim_that_is_wrong_is_refused(liar: Liar, changed: dict[str, Any]) -> None:
    """ACC-14: issuer, audience, nonce, times and subject are all asked for."""
    liar.vouches(good(liar, **changed))
    with pytest.raises(ProviderTrouble):
        ask(liar)


@pytest.mark.parametrize("how", ["another key", "no signature", "our secret", "public key as secret", "kind"])
def test_a_signature_that_is_wrong_is_refused(liar: Liar, how: str) -> None:
    """ACC-14: only with the key that the provider publishes, and only by an algorithm that we allow."""
    match how:
        case "another key":
            liar.vouches(good(liar), key=THEIRS)
        case "no signature":
            liar.hands_out(by_hand(good(liar), "none", b""))
        case "our secret":
            liar.vouches(good(liar), algorithm="HS256", key=OctKey.import_key("s3cret" * 8))
        case "public key as secret":
            liar.hands_out(by_hand(good(liar), "HS256", OURS.as_pem(private=False)))
        case "kind":
            liar.vouches(good(liar), algorithm="ES256", key=ECKey.generate_key("P-256", {"kid": "one"}))
    with pytest.raises(ProviderTrouble):
        ask(liar)


@pytest.mark.parametrize(
    "answer",
    [b"", b"not json", b"[]", b"{}", b'{"id_token": 7}', b'{"id_token": "a.b.c"}', b'{"id_token": null}'],
)
def test_an_answer_without_a_token_is_refused(liar: Liar, answer: bytes) -> None:
    """ACC-14: whatever the token endpoint sends, nobody is logged in and nothing breaks."""
    liar.says("/token", answer)
    with pytest.raises(ProviderTrouble):
        ask(liar)


@pytest.mark.parametrize(
    "keys", [b"", b"[]", b"{}", b'{"keys": []}', b'{"keys": [{}]}', b'{"keys": "x"}', b"[" * 100_000]
)
def test_keys_that_are_none_are_refused(liar: Liar, keys: bytes) -> None:
    """ACC-14: also those that are made to break a parser."""
    liar.vouches(good(liar))
    liar.says("/keys", keys)
    with pytest.raises(ProviderTrouble):
        ask(liar)


def _other_issuer(liar: Liar) -> None:
    liar.publishes(issuer="http://localhost:1")


def _another_scheme(liar: Liar) -> None:
    liar.publishes(token_endpoint="file:///etc/passwd")


def _no_address(liar: Liar) -> None:
    liar.publishes(jwks_uri=None)


def _elsewhere(liar: Liar) -> None:
    liar.says(client.DISCOVERY, {}, status=302)


def _too_long(liar: Liar) -> None:
    liar.says(client.DISCOVERY, b" " * (client.LONGEST_ANSWER + 1))


@pytest.mark.parametrize("lie", [_other_issuer, _another_scheme, _no_address, _elsewhere, _too_long])
def test_what_it_publishes_is_checked(liar: Liar, lie: Callable[[Liar], None]) -> None:
    """ACC-14: of that issuer, complete, on the same scheme, not elsewhere, and short."""
    lie(liar)
    liar.vouches(good(liar))
    with pytest.raises(ProviderTrouble):
        client.discover(liar.issuer)
    with pytest.raises(ProviderTrouble):
        ask(liar)
    assert all(path == client.DISCOVERY for path, _body in liar.asked)
